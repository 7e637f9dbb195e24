"""HTML to text as the labelled documents were made, with each extractor's package loaded when it is needed."""

from __future__ import annotations

import logging
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from importlib import metadata
from typing import NamedTuple

__all__ = ["NAMES", "ExtractorError", "extract", "other_versions", "require"]


class ExtractorError(RuntimeError):
    """An extractor that cannot run; the message names the package and the version to install."""


def _trafilatura(page: bytes, url: str, *, recall: bool = False) -> str:
    import trafilatura

    return trafilatura.extract(page, include_comments=False, favor_recall=recall) or ""


def _trafilatura_recall(page: bytes, url: str) -> str:
    return _trafilatura(page, url, recall=True)


def _readability(page: bytes, url: str) -> str:
    import inscriptis
    import readability

    # Pages in other encodings were read so too when they were labelled: their text has replacement characters.
    summary: str = readability.Document(page.decode("utf-8", "replace")).summary()
    text: str = inscriptis.get_text(summary)
    return text


def _inscriptis(page: bytes, url: str) -> str:
    """All visible text."""
    import inscriptis

    text: str = inscriptis.get_text(page.decode("utf-8", "replace"))
    return text


def _newspaper4k(page: bytes, url: str) -> str:
    import newspaper

    # some address is needed to parse; the text does not depend on it
    article = newspaper.Article(url or "https://page.example/")
    article.download(input_html=page.decode("utf-8", "replace"))
    article.parse()
    text: str = article.text
    return text


class _Extractor(NamedTuple):
    """A function from page and address to text, and its packages with the versions that were used."""

    run: Callable[[bytes, str], str]
    packages: dict[str, str]


_EXTRACTORS = {
    "trafilatura": _Extractor(_trafilatura, {"trafilatura": "2.3.1"}),
    "trafilatura-recall": _Extractor(_trafilatura_recall, {"trafilatura": "2.3.1"}),
    # inscriptis: 2.7.6 gives the labelled text on every page tried
    "readability": _Extractor(_readability, {"readability-lxml": "0.9", "inscriptis": "2.7.6"}),
    "inscriptis": _Extractor(_inscriptis, {"inscriptis": "2.7.6"}),
    "newspaper4k": _Extractor(_newspaper4k, {"newspaper4k": "0.9.6"}),
}
#: ``scraper``: the text as its collection has it, an XML file of many articles.
NAMES = (*_EXTRACTORS, "scraper")


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def require(name: str) -> None:
    """Make sure that an extractor can run.

    Raises:
        ExtractorError: unknown, or a package is not installed.
    """
    if name not in NAMES:
        raise ExtractorError(f"unknown extractor {name!r}; there are {', '.join(NAMES)}")
    if name == "scraper":
        return
    for package, version in _EXTRACTORS[name].packages.items():
        if _installed(package) is None:
            raise ExtractorError(f"extractor {name} needs the package {package}: pip install {package}=={version}")


def other_versions() -> list[str]:
    """A line for each package that is installed in another version than the one labelled with."""
    wanted = {package: version for item in _EXTRACTORS.values() for package, version in item.packages.items()}
    return [
        f"{package} {found} is installed, the labels were made with {version}: fewer paragraphs may be found again"
        for package, version in wanted.items()
        if (found := _installed(package)) not in (None, version)
    ]


def _article(page: bytes, name: str) -> str:
    """The text of the element with the id ``name``."""
    try:
        root = ElementTree.fromstring(page)
    except ElementTree.ParseError:
        return ""
    found = next((element for element in root.iter() if element.get("id") == name), None)
    return "" if found is None else "\n".join(found.itertext())


def extract(name: str, page: bytes, url: str, part: str) -> str:
    """The text of a page.

    Args:
        name: one of ``NAMES``.
        page: the file as it is in its collection, unpacked.
        url: the page's address, or empty.
        part: which article, where a file holds many: the last part of the document's id.

    Returns:
        Text, a paragraph a line; empty where nothing was found or the extractor failed on the page.

    Raises:
        ExtractorError: unknown, or a package is not installed.
    """
    require(name)
    if name == "scraper":
        return _article(page, part)
    try:
        return _EXTRACTORS[name].run(page, url)
    except Exception as error:  # noqa: BLE001  whatever a third-party parser does on a bad page, the other pages are still wanted
        logging.getLogger(__name__).warning("%s: %s: %s", name, type(error).__name__, error)
        return ""
