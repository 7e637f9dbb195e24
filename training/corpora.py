"""The labelled documents: real pages, whose text stays outside the project, and samples written for it.

The labels of the real pages are committed as hashes of paragraphs (``labels.jsonl.xz``). Their text comes from
``labelled.jsonl.xz`` in the data folder, or is extracted again from clones of the public collections::

    python training/corpora.py                                    # what is there, checked against the hashes
    python training/corpora.py --collections                      # what to clone
    python training/corpora.py --clones DIR --output FILE         # rebuild; DIR/OWNER/NAME are the clones

The data folder is the environment variable ``BOILERSTRIP_DATA``, else ``shared/data`` beside the repository. A
rebuilt corpus is found there under the name ``rebuilt.jsonl.xz``. Without either, the written samples are the corpus.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import lzma
import os
import re
import subprocess
import sys
import unicodedata
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, TextIO

import extractors

from boilerstrip.records import Kind, Label

__all__ = [
    "COLLECTIONS",
    "LABELS",
    "SAMPLES",
    "Collection",
    "CorpusError",
    "Coverage",
    "Document",
    "Entry",
    "Origin",
    "Sample",
    "align",
    "all_documents",
    "data_folder",
    "further_documents",
    "labelled_lines",
    "open_text",
    "page_lines",
    "paragraph_hash",
    "read_jsonl",
    "read_labels",
    "read_rows",
    "real_documents",
    "rebuild",
    "write_documents",
    "written_documents",
]

HERE = Path(__file__).resolve().parent
LABELS = HERE / "labels.jsonl.xz"
#: Labels of further pages of the same collections, read for the project: training data, never scored.
FURTHER = HERE / "further.jsonl.xz"
#: Labels of what stands around the stories of labelled pages, in all their visible text: training data, never scored.
AROUND = HERE / "around.jsonl.xz"
SAMPLES = HERE / "samples"
CORRECTIONS = HERE / "corrections.jsonl"
COMPLETE, REBUILT = "labelled.jsonl.xz", "rebuilt.jsonl.xz"
#: The text of the further pages and of the lines around stories: all extractions of each page, or rebuilt from clones.
PAGES = "pages_text.jsonl.xz"
#: By extractor, the field of ``PAGES`` with its text.
_PAGE_FIELDS = {"trafilatura": "trafilatura", "trafilatura-recall": "trafilatura_recall", "inscriptis": "full"}
#: What stands behind the page's id in the id of a document that is a part of a page.
_PART = "#"


def _page_of(name: str) -> str:
    """The page's id in that of a document, which is a page or a part of one."""
    return name.partition(_PART)[0]


class CorpusError(ValueError):
    """Data that cannot be used; the message is one line for a person and names the file, and the line in it."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A public repository of saved pages.

    Attributes:
        repository: ``owner/name`` on GitHub; clones lie under ``<clones>/owner/name``.
        licence: of the repository; the pages in it belong to their publishers. ``None``: none is stated.
        commit: the one that the labels were made from.
        what: which part is used.
    """

    repository: str
    licence: str | None
    commit: str
    what: str


COLLECTIONS = (
    Collection(
        "adbar/trafilatura", "Apache-2.0", "e90b0ef51ab026fdb905fb6c5b3c84dd3d784fd5", "tests/eval: evaluation pages"
    ),
    Collection(
        "AndyTheFactory/article-extraction-dataset",
        "Apache-2.0",
        "cf3e2959ffc4fde13e0714d2b6d50c2bd220ed3b",
        "html: pages with the article text marked by editors",
    ),
    Collection(
        "adbar/htmldate",
        "Apache-2.0",
        "b8952828329abaeeb3be21387b526f2be614ce67",
        "tests: pages for finding dates of publication",
    ),
    Collection(
        "flairNLP/fundus",
        "MIT",
        "18da6e53592f99cf0ac5770dc63d6ba99ba63ae8",
        "tests/resources/parser/test_data: a page a publisher",
    ),
    Collection(
        "scrapinghub/article-extraction-benchmark",
        "MIT",
        "4a3bc979f76c0df73cb95fe272e2fc1b96f9f010",
        "html: benchmark pages",
    ),
    Collection(
        "postlight/parser", "Apache-2.0", "e8ba7ece291efa4d915d50dd4deeec17d54359f2", "fixtures: a page a publisher"
    ),
    Collection(
        "mozilla/readability",
        "Apache-2.0",
        "ab4027a8b37669745016869a37a504727992b2ba",
        "test/test-pages: sources of the tests",
    ),
    Collection("codelucas/newspaper", "MIT", "1618b547f31c2d1fd19ae3b6afd8f7542dd02074", "tests/data/html: test pages"),
    Collection(
        "feryah/gilets_jaunes",
        None,
        "69d104955e6dc1aea04d7aad796f70696878f495",
        "Francais_DZ and Chinois_CN: press articles as text in XML",
    ),
    Collection("goose3/goose3", "Apache-2.0", "c5a8902eed0c4592a1ff5ec51a0277cf73a3aca7", "tests/data: test pages"),
    Collection(
        "AndyTheFactory/newspaper4k", "MIT", "540bff3e8344cb8291c4829fafd98860f30d9692", "tests/data/html: test pages"
    ),
    Collection("ppke-nlpg/CleanPortalEval", None, "517726d64d8ded8846bf27ae2808853b1cd0ffe8", "input: news pages"),
    Collection("j0k3r/graby", "MIT", "3e7695203c4c57dac2998780972450ced372b960", "tests/fixtures/content: test pages"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A paragraph with what it was labelled.

    Attributes:
        text: the paragraph.
        label: ``None`` where nobody labelled it: context of its neighbours, not to be scored or learned.
        kind: the finer class; ``None`` for wire copy and where it is not known.
    """

    text: str
    label: Label | None
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class Document:
    """A labelled document.

    Attributes:
        id: unique in its file.
        lang: ISO 639 code as its source gives it, ``"und"`` where it does not.
        group: what is never split over folds: the site; for a written document ``"written/"`` and its id.
        source: ``"real"``, ``"further"`` (real pages that are trained on and not scored) or ``"written"``.
        extractor: what made text of the page; empty for a written document.
        url: the page; empty where it is not known.
        paragraphs: in order.
    """

    id: str
    lang: str
    group: str
    source: str
    extractor: str
    url: str
    paragraphs: tuple[Sample, ...]

    @property
    def part(self) -> bool:
        """Whether it is a part of a page's visible text, not what an extractor takes for its story."""
        return self.page != self.id

    @property
    def page(self) -> str:
        """The id of the page: what stands around a story is of the same page as the story."""
        return _page_of(self.id)

    @property
    def text(self) -> str:
        """The paragraphs, one a line."""
        return "\n".join(sample.text for sample in self.paragraphs)


# ---------------------------------------------------------------------------------------------------------------------
# Reading and writing JSON Lines.


def open_text(path: Path, mode: str = "rt") -> TextIO:
    """Open a file as UTF-8 text, compressed where its name ends in ``.xz`` or ``.gz``.

    Args:
        path: the file.
        mode: ``"rt"`` or ``"wt"``; what is written has no time stamp in it, so the same text gives the same bytes.
    """
    encoding = "utf-8-sig" if mode == "rt" else "utf-8"
    if path.suffix == ".xz":
        preset = None if mode == "rt" else 9
        return lzma.open(path, mode, preset=preset, encoding=encoding, newline="\n")  # type: ignore[return-value]
    if path.suffix == ".gz":
        return gzip.open(path, mode, encoding=encoding, newline="\n")  # type: ignore[return-value]
    return open(path, mode, encoding=encoding, newline="\n")  # type: ignore[return-value]


def read_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON Lines file, each with its place (``file:line``) for messages.

    Raises:
        CorpusError: the file cannot be read, or a line holds no JSON object.
    """
    where = str(path)
    try:
        with open_text(path) as lines:
            for number, line in enumerate(lines, 1):
                where = f"{path}:{number}"
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise CorpusError(f"{where}: not a JSON object")
                yield where, row
    except json.JSONDecodeError as error:
        raise CorpusError(f"{where}: not JSON: {error.msg} at column {error.colno}") from None
    except UnicodeDecodeError:
        raise CorpusError(f"{where}: not UTF-8 in this line or the next ones") from None
    except RecursionError:
        raise CorpusError(f"{where}: nested too deeply") from None
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise CorpusError(f"{path}: damaged: {error}") from None
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror or error}") from None


def _string(row: dict[str, Any], name: str, where: str, default: str | None = None) -> str:
    value = row.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise CorpusError(f"{where}: {name!r} is {'missing' if value is None else 'not a string'}")
    return value


def _classes(label: object, kind: object, where: str) -> tuple[Label | None, Kind | None]:
    """A label and a kind from their names; they must go together."""
    try:
        found = None if label is None else Label(label)
        finer = None if kind is None else Kind(kind)
    except ValueError as error:
        raise CorpusError(f"{where}: {str(error).replace(' valid ', ' ')}") from None
    if finer is not None and finer.label is not found:
        raise CorpusError(f"{where}: kind {finer} does not belong to label {found or 'null'}")
    return found, finer


def _sample(item: object, where: str) -> Sample:
    if not isinstance(item, dict):
        raise CorpusError(f"{where}: not an object")
    if "label" not in item:
        raise CorpusError(f"{where}: 'label' is missing")
    label, kind = _classes(item["label"], item.get("kind"), where)
    return Sample(_string(item, "text", where), label, kind)


def _document(row: dict[str, Any], where: str, spare_id: str) -> Document:
    identity = _string(row, "id", where, spare_id)
    items = row.get("paragraphs")
    if not isinstance(items, list) or not items:
        raise CorpusError(f"{where}: 'paragraphs' is {'empty' if items == [] else 'missing or not a list'}")
    site = _string(row, "site", where, "")
    return Document(
        id=identity,
        lang=_string(row, "lang", where, "und"),
        group=site or f"written/{identity}",
        source="real" if site else "written",
        extractor=_string(row, "extractor", where, ""),
        url=_string(row, "url", where, ""),
        paragraphs=tuple(_sample(item, f"{where}: paragraph {number}") for number, item in enumerate(items, 1)),
    )


def read_jsonl(path: Path) -> list[Document]:
    """Read labelled documents: the corpus, the samples, or anybody's own in the same form.

    A line is an object with ``paragraphs``, a list of ``{"text", "label"}`` with an optional ``kind``; ``id``,
    ``lang``, ``site``, ``url`` and ``extractor`` are optional. A document without a site counts as written.

    Args:
        path: JSON Lines, plain or ``.xz`` or ``.gz``.

    Raises:
        CorpusError: unreadable, malformed, or an id stands twice.
    """
    path = Path(path)
    documents: list[Document] = []
    seen: dict[str, str] = {}
    for where, row in read_rows(path):
        document = _document(row, where, f"{path.name}:{len(documents) + 1}")
        if document.id in seen:
            raise CorpusError(f"{where}: id {document.id!r} stands in {seen[document.id]} already")
        seen[document.id] = where
        documents.append(document)
    return documents


def write_documents(path: Path, documents: Iterable[Document]) -> None:
    """Write documents so that :func:`read_jsonl` gives them back."""
    with open_text(Path(path), "wt") as output:
        for document in documents:
            row: dict[str, Any] = {"id": document.id, "lang": document.lang}
            if document.source == "real":
                row |= {"site": document.group, "url": document.url, "extractor": document.extractor}
            row["paragraphs"] = [
                {"text": sample.text, "label": sample.label, "kind": sample.kind} for sample in document.paragraphs
            ]
            output.write(json.dumps(row, ensure_ascii=False) + "\n")


# ---------------------------------------------------------------------------------------------------------------------
# Labels as hashes.


def paragraph_hash(text: str) -> str:
    """A short hash of a paragraph: twelve hexadecimal digits, the same for any Unicode form and any white space.

    With 48 bits, two of the corpus' 47,000 different paragraphs share one with a probability of 4 in a million.

    >>> paragraph_hash("Read  more") == paragraph_hash(" Read more")
    True
    """
    # str.split() cuts at every Unicode space, no-break spaces included, which extractors treat differently
    normal = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.blake2b(normal.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page lies: repository (``owner/name``), commit and path."""

    repository: str
    commit: str
    path: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The labels of one real document, without its text.

    Attributes:
        id, lang, site, url, extractor: as in the document.
        origin: the page.
        marks: for every paragraph its hash, label and kind.
    """

    id: str
    lang: str
    site: str
    url: str
    extractor: str
    origin: Origin
    marks: tuple[tuple[str, Label | None, Kind | None], ...]


_CODE = re.compile(r"([0-9a-f]{12}) (\w+|-)")


def mark_code(text: str, label: Label | None, kind: Kind | None) -> str:
    """A paragraph of the labels file: its hash, and the name of its kind or label (``-``: not labelled)."""
    return f"{paragraph_hash(text)} {kind or label or '-'}"


def _mark(code: object, where: str) -> tuple[str, Label | None, Kind | None]:
    match = _CODE.fullmatch(code) if isinstance(code, str) else None
    if match is None:
        raise CorpusError(f"{where}: not a hash with a label: {code!r}")
    digest, name = match.groups()
    if name == "-":
        return digest, None, None
    if name in list(Label):
        return digest, Label(name), None
    if name in list(Kind):
        return digest, Kind(name).label, Kind(name)
    raise CorpusError(f"{where}: unknown label {name!r}")


def read_labels(path: Path = LABELS) -> dict[str, Entry]:
    """The labels file, by document id, in its order.

    Raises:
        CorpusError: unreadable or malformed.
    """
    entries: dict[str, Entry] = {}
    for where, row in read_rows(path):
        origin, codes = row.get("origin"), row.get("paragraphs")
        if not isinstance(origin, dict) or not isinstance(codes, list):
            raise CorpusError(f"{where}: 'origin' or 'paragraphs' is missing")
        entry = Entry(
            id=_string(row, "id", where),
            lang=_string(row, "lang", where),
            site=_string(row, "site", where),
            url=_string(row, "url", where),
            extractor=_string(row, "extractor", where),
            origin=Origin(*(_string(origin, name, where) for name in ("repository", "commit", "path"))),
            marks=tuple(_mark(code, where) for code in codes),
        )
        if entry.id in entries:
            raise CorpusError(f"{where}: id {entry.id!r} stands twice")
        entries[entry.id] = entry
    return entries


def _anchors(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Places of what stands once on both sides, as many as keep their order on both."""
    once = [{item for item, count in Counter(side).items() if count == 1} for side in (left, right)]
    place = {item: at for at, item in enumerate(right) if item in once[0] & once[1]}
    pairs = [(at, place[item]) for at, item in enumerate(left) if item in place]
    # the longest rising run of right places: tops[n] ends the best one of n + 1 pairs
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for number, (_, at) in enumerate(pairs):
        length = bisect_left(tops, at)
        tops[length : length + 1] = [at]
        before.append(ends[length - 1] if length else -1)
        ends[length : length + 1] = [number]
    chain: list[tuple[int, int]] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def align(texts: Sequence[str], marks: Sequence[tuple[str, Label | None, Kind | None]]) -> list[Sample]:
    """Give paragraphs the labels that were recorded for them.

    Paragraphs are matched by hash and in order, because a line is what it is in its place: "Advertisement" between
    two paragraphs of the story is not the one of the menu. Lines that stand once lead, and repeated ones are matched
    only between their neighbours. What is not matched stays unlabelled.
    """
    left, right = [paragraph_hash(text) for text in texts], [digest for digest, _, _ in marks]
    found: dict[int, int] = {}
    start = (0, 0)
    for end in [*_anchors(left, right), (len(left), len(right))]:
        gap = SequenceMatcher(None, left[start[0] : end[0]], right[start[1] : end[1]], autojunk=False)
        for block in gap.get_matching_blocks():
            found.update((start[0] + block.a + n, start[1] + block.b + n) for n in range(block.size))
        if end[0] < len(left):
            found[end[0]] = end[1]
        start = (end[0] + 1, end[1] + 1)
    return [Sample(text, *(marks[found[at]][1:] if at in found else (None, None))) for at, text in enumerate(texts)]


# ---------------------------------------------------------------------------------------------------------------------
# The project's corpora.


def data_folder() -> Path | None:
    """The folder of the real pages' text, ``None`` where there is none.

    Raises:
        CorpusError: ``BOILERSTRIP_DATA`` names something that is no folder.
    """
    named = os.environ.get("BOILERSTRIP_DATA")
    if named:
        if not Path(named).is_dir():
            raise CorpusError(f"BOILERSTRIP_DATA: {named} is not a folder")
        return Path(named)
    beside = HERE.parent.parent / "shared" / "data"
    return beside if beside.is_dir() else None


def real_file() -> Path | None:
    """The file of real documents in the data folder: the complete one, else the rebuilt one, else ``None``.

    Raises:
        CorpusError: ``BOILERSTRIP_DATA`` is set, but neither is there.
    """
    folder = data_folder()
    if folder is None:
        return None
    for name in (COMPLETE, REBUILT):
        if (folder / name).is_file():
            return folder / name
    if os.environ.get("BOILERSTRIP_DATA"):
        raise CorpusError(f"{folder}: neither {COMPLETE} nor {REBUILT} is there")
    return None


def _verify(path: Path, documents: Sequence[Document], entries: dict[str, Entry]) -> None:
    """Refuse documents that are not those of the labels file."""
    for document in documents:
        entry = entries.get(document.id)
        if entry is None:
            raise CorpusError(f"{path}: {document.id} is not in the labels file")
        if path.name == COMPLETE:
            expected: list[Any] = list(entry.marks)
            given: list[Any] = [(paragraph_hash(s.text), s.label, s.kind) for s in document.paragraphs]
        else:
            expected = align([sample.text for sample in document.paragraphs], entry.marks)
            given = list(document.paragraphs)
        if given != expected:
            pairs = zip(given, expected, strict=False)
            number = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), min(len(given), len(expected)) + 1)
            raise CorpusError(f"{path}: {document.id}: paragraph {number} is not as the labels file has it")
    missing = set(entries) - {document.id for document in documents}
    if missing and path.name == COMPLETE:
        raise CorpusError(f"{path}: {len(missing)} documents are missing, {min(missing)} among them")


def _read_corrections(path: Path, entries: dict[str, Entry]) -> dict[tuple[str, str], tuple[Label | None, Kind | None]]:
    """Corrected labels by document id and paragraph hash."""
    corrections: dict[tuple[str, str], tuple[Label | None, Kind | None]] = {}
    if not path.is_file():
        return corrections
    for where, row in read_rows(path):
        document, digest = _string(row, "document", where), _string(row, "hash", where)
        if not _string(row, "reason", where).strip():
            raise CorpusError(f"{where}: no reason is given")
        if "label" not in row:
            raise CorpusError(f"{where}: 'label' is missing")
        classes = _classes(row["label"], row.get("kind"), where)
        # a correction that hits nothing is one that was believed to be made
        if document not in entries or digest not in {mark[0] for mark in entries[document].marks}:
            raise CorpusError(f"{where}: no paragraph {digest} in document {document}")
        if (document, digest) in corrections:
            raise CorpusError(f"{where}: paragraph {digest} of {document} is corrected twice")
        corrections[document, digest] = classes
    return corrections


def _corrected(document: Document, corrections: dict[tuple[str, str], tuple[Label | None, Kind | None]]) -> Document:
    samples = tuple(
        Sample(sample.text, *corrections.get((document.id, paragraph_hash(sample.text)), (sample.label, sample.kind)))
        for sample in document.paragraphs
    )
    return replace(document, paragraphs=samples)


def real_documents(labels: Path = LABELS, corrections: Path = CORRECTIONS) -> list[Document]:
    """The labelled real pages, checked against the hashes, with the corrections; none where their text is absent.

    Args:
        labels: the labels file.
        corrections: JSON Lines of ``document``, ``hash``, ``label``, ``kind`` and ``reason``; need not exist. Each
            holds for all paragraphs of the document with that hash.

    Raises:
        CorpusError: unreadable, or not what the labels were made from.
    """
    path = real_file()
    if path is None:
        return []
    documents, entries = read_jsonl(path), read_labels(labels)
    _verify(path, documents, entries)
    changes = _read_corrections(corrections, entries)
    touched = {document for document, _ in changes}
    return [_corrected(document, changes) if document.id in touched else document for document in documents]


def further_documents(*files: Path) -> list[Document]:
    """Real pages that are trained on and not scored, as far as their text is there; ``source`` is "further".

    Args:
        files: labels; by default ``FURTHER``, whole pages, and ``AROUND``, the lines around the stories of pages.

    Raises:
        CorpusError: unreadable, or not what the labels were made from.
    """
    folder = data_folder()
    if folder is None:
        return []
    entries = {path: read_labels(path) for path in files or (FURTHER, AROUND) if path.is_file()}
    source = folder / PAGES
    if not source.is_file():
        return [document for path, of_file in entries.items() for document in _rebuilt_documents(folder, path, of_file)]
    wanted = {_page_of(name) for of_file in entries.values() for name in of_file}
    pages = {_string(row, "id", where): row for where, row in read_rows(source) if row.get("id") in wanted}
    return [_labelled_page(entry, pages, source) for of_file in entries.values() for entry in of_file.values()]


def _labelled_page(entry: Entry, pages: Mapping[str, dict[str, Any]], source: Path) -> Document:
    text = pages.get(_page_of(entry.id), {}).get(_PAGE_FIELDS[entry.extractor])
    if not isinstance(text, str):
        raise CorpusError(f"{source}: {entry.id} is missing or has no {entry.extractor} text")
    samples = labelled_lines(entry, page_lines(text))
    if [(paragraph_hash(item.text), item.label, item.kind) for item in samples] != list(entry.marks):
        raise CorpusError(f"{source}: {entry.id} is not as the labels file has it")
    return Document(entry.id, entry.lang, entry.site, "further", entry.extractor, entry.url, samples)


def _rebuilt_documents(folder: Path, labels: Path, entries: dict[str, Entry]) -> list[Document]:
    """Documents that were rebuilt from clones into the data folder, if they are there."""
    rebuilt = folder / labels.name.replace(".jsonl", "-rebuilt.jsonl")
    if not rebuilt.is_file():
        return []
    documents = read_jsonl(rebuilt)
    _verify(rebuilt, documents, entries)
    return [replace(document, source="further") for document in documents]


def labelled_lines(entry: Entry, texts: Sequence[str]) -> tuple[Sample, ...]:
    """The paragraphs of an extracted page with their labels; of a part of a page only those between its ends."""
    if _page_of(entry.id) != entry.id:
        wanted, given = [digest for digest, _, _ in entry.marks], [paragraph_hash(text) for text in texts]
        ends = range(len(given) - len(wanted) + 1)
        at = next((at for at in ends if given[at : at + len(wanted)] == wanted), None)
        if at is None:  # another version of the extractor: from the first line that is found to the last
            found = [number for number, item in enumerate(align(texts, entry.marks)) if item.label]
            texts = texts[found[0] : found[-1] + 1] if found else ()
        else:
            texts = texts[at : at + len(wanted)]
    return tuple(align(texts, entry.marks))


def page_lines(text: str) -> list[str]:
    """The paragraphs of an extracted text: its lines with something in them, without the spaces around them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def written_documents(folder: Path = SAMPLES) -> list[Document]:
    """The samples written for the project, by language and id.

    Raises:
        CorpusError: unreadable, an id stands twice, or there is none.
    """
    documents = [document for path in sorted(folder.glob("*.jsonl")) for document in read_jsonl(path)]
    if not documents:
        raise CorpusError(f"{folder}: no samples")
    twice = [name for name, count in Counter(document.id for document in documents).items() if count > 1]
    if twice:
        raise CorpusError(f"{folder}: id {twice[0]!r} stands in two files")
    return documents


def all_documents() -> list[Document]:
    """The real documents and the further ones, as far as their text is there, then the written ones."""
    return real_documents() + further_documents() + written_documents()


# ---------------------------------------------------------------------------------------------------------------------
# Rebuilding the real documents from clones.


@dataclass(slots=True)
class Coverage:
    """How much of the labels a rebuilding has found again.

    Attributes:
        documents: by extractor, how many were rebuilt and how many there are.
        paragraphs: by extractor, how many labelled paragraphs were found again and how many there are.
        missing: ids that could not be rebuilt, with the reason.
    """

    documents: dict[str, tuple[int, int]] = field(default_factory=dict)
    paragraphs: dict[str, tuple[int, int]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def count(self, entry: Entry, document: Document | None) -> None:
        """Add a document to the figures; ``None`` for one that could not be rebuilt."""
        wanted = sum(label is not None for _, label, _ in entry.marks)
        got = sum(sample.label is not None for sample in document.paragraphs) if document else 0
        done, of = self.documents.get(entry.extractor, (0, 0))
        self.documents[entry.extractor] = (done + (document is not None), of + 1)
        found, total = self.paragraphs.get(entry.extractor, (0, 0))
        self.paragraphs[entry.extractor] = (found + got, total + wanted)

    def lines(self) -> list[str]:
        """The figures as aligned text: a line an extractor, the sum, then what is missing, by reason."""
        rows = [(name, self.documents[name], self.paragraphs[name]) for name in sorted(self.documents)]
        both = [tuple(map(sum, zip(*column, strict=True))) for column in zip(*(row[1:] for row in rows), strict=True)]
        out = [
            f"{name:20} documents {docs[0]:6} of {docs[1]:6}   labelled paragraphs {found[0]:6} of {found[1]:6}"
            for name, docs, found in [*rows, *([("all", *both)] if rows else [])]
        ]
        reasons = Counter(self.missing.values())
        return out + [f"{count} documents missing: {reason}" for reason, count in reasons.most_common()]


def read_page(clones: Path, origin: Origin) -> bytes:
    """A page as its collection had it at the labelled commit, whatever is checked out.

    Raises:
        CorpusError: no clone, or the commit or the path is not in it.
    """
    clone = clones / origin.repository
    if not clone.is_dir():
        raise CorpusError(f"no clone of {origin.repository}")
    # --no-textconv and --no-ext-diff: the bytes of the file, not what the user's settings make of them
    command = ["git", "-C", str(clone), "show", "--no-textconv", "--no-ext-diff", f"{origin.commit}:{origin.path}"]
    result = subprocess.run(command, capture_output=True, check=False)
    if result.returncode:
        command = ["git", "-C", str(clone), "cat-file", "-e", f"{origin.commit}^{{commit}}"]
        known = subprocess.run(command, capture_output=True, check=False)
        if known.returncode:
            raise CorpusError(f"the clone of {origin.repository} lacks commit {origin.commit[:12]} (or is no clone)")
        raise CorpusError(f"{origin.repository} lacks a labelled path at {origin.commit[:12]}")
    if not origin.path.endswith(".gz"):
        return result.stdout
    try:
        return gzip.decompress(result.stdout)
    except (OSError, EOFError, zlib.error):
        raise CorpusError(f"a labelled path of {origin.repository} is not gzip") from None


def rebuild_document(entry: Entry, page: bytes) -> Document:
    """Extract the text of a page again and give it its labels.

    Raises:
        CorpusError: the extractor finds no text.
        extractors.ExtractorError: its package is not installed.
    """
    text = extractors.extract(entry.extractor, page, entry.url, entry.id.rpartition("/")[2])
    texts = page_lines(text)
    if not texts:
        raise CorpusError(f"{entry.extractor} finds no text")
    samples = labelled_lines(entry, texts)
    if not samples:
        raise CorpusError(f"{entry.extractor} finds none of the labelled lines")
    return Document(entry.id, entry.lang, entry.site, "real", entry.extractor, entry.url, samples)


def rebuild(
    clones: Path, entries: Iterable[Entry], progress: Callable[[str], None] = lambda name: None
) -> tuple[list[Document], Coverage]:
    """Rebuild documents from clones of their collections.

    A document whose page cannot be had is left out and counted, with the reason.

    Args:
        clones: the folder with the clones as ``owner/name``.
        entries: the documents to rebuild.
        progress: is told each document's id.

    Raises:
        extractors.ExtractorError: a package that is needed is not installed.
    """
    documents, coverage = [], Coverage()
    entries = list(entries)
    for name in sorted({entry.extractor for entry in entries}):
        extractors.require(name)  # before the long work, not in the middle of it
    for entry in entries:
        progress(entry.id)
        document = None
        try:
            document = rebuild_document(entry, read_page(clones, entry.origin))
            documents.append(document)
        except CorpusError as error:
            coverage.missing[entry.id] = str(error)
        coverage.count(entry, document)
    return documents, coverage


# ---------------------------------------------------------------------------------------------------------------------
# The command.


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="corpora.py", description="Check or rebuild the labelled documents.")
    parser.add_argument("--collections", action="store_true", help="print the public collections and stop")
    parser.add_argument("--clones", type=Path, metavar="DIR", help="rebuild from the clones in DIR/OWNER/NAME")
    parser.add_argument("--output", type=Path, metavar="FILE", help=f"where to write; name it {REBUILT} to use it")
    parser.add_argument("--extractors", metavar="NAMES", help="rebuild only what these extracted, comma-separated")
    parser.add_argument("--labels", type=Path, metavar="FILE", default=LABELS, help=argparse.SUPPRESS)
    return parser


def _chosen(entries: Iterable[Entry], names: str | None) -> list[Entry]:
    if names is None:
        return list(entries)
    wanted = {name.strip() for name in names.split(",")}
    unknown = wanted - set(extractors.NAMES)
    if unknown:
        raise CorpusError(f"unknown extractor {min(unknown)!r}; there are {', '.join(extractors.NAMES)}")
    return [entry for entry in entries if entry.extractor in wanted]


def _describe(documents: Sequence[Document]) -> str:
    labels = Counter(sample.label or "unlabelled" for document in documents for sample in document.paragraphs)
    counts = ", ".join(f"{labels[name]} {name}" for name in [*Label, "unlabelled"])
    languages = len({document.lang for document in documents})
    return f"{len(documents)} documents, {languages} languages, paragraphs: {counts}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if (options.clones is None) != (options.output is None):
        parser.error("--clones and --output go together")
    try:
        if options.collections:
            for item in COLLECTIONS:
                print(f"{item.repository:42} {item.licence or 'no licence stated':18} {item.commit}  {item.what}")
        elif options.clones:
            entries = _chosen(read_labels(options.labels).values(), options.extractors)
            documents, coverage = rebuild(options.clones, entries)
            write_documents(options.output, documents)
            print("\n".join([*coverage.lines(), *extractors.other_versions()]))
        else:
            print(f"written: {_describe(written_documents())}")
            real = real_documents(options.labels)
            print(f"real: {_describe(real)}" if real else "real: no text of the real documents here")
            further = further_documents()
            for name, part in (("further", False), ("around", True)):
                chosen = [document for document in further if document.part is part]
                print(f"{name}: {_describe(chosen)}" if chosen else f"{name}: no text of these pages here")
    except (CorpusError, extractors.ExtractorError, OSError) as error:
        print(f"corpora.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
