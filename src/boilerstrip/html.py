"""HTML to text through trafilatura, which is imported on first use.

What trafilatura cannot digest is put right before it sees the page: lone surrogates, elements nested deeper than the
parser follows, a fallback whose time grows with the square of the number of paragraphs.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from lxml.etree import XPath
    from lxml.html import HtmlElement

__all__ = ["LARGEST", "Extraction", "decoded", "extract"]

#: Pages of more characters or bytes are refused, as trafilatura's own settings do on download.
LARGEST = 20_000_000
#: Pages of more blocks are refused. trafilatura's time grows a little faster than their number: 20,000 short paragraphs
#: take 1.4 s, 100,000 take 14 s, 200,000 two minutes. The largest of the 470 measured pages has 7,000.
MOST_BLOCKS = 100_000
#: From this depth on elements are laid flat. libxml2 drops what stands deeper than 255, trafilatura's recursion ends
#: with Python's.
DEEPEST = 200
#: Where the fast extraction gives fewer characters the full one is tried too. For longer texts trafilatura itself, in
#: favour of recall, compares nothing, and both are the same.
SHORT = 2_500
#: The full extraction compares short paragraphs with one another: 20,000 take 41 s, so many one.
FEW_BLOCKS = 3_000


class Extraction(NamedTuple):
    """What was found in a page.

    Attributes:
        text: the text, one paragraph a line; ``""`` where there is none.
        other: what the full extraction gives, where it gives something else; else ``""``.
        tree: the parsed page, where more may be found out about its paragraphs; ``None`` without text.
        reason: why there is no text; ``""`` where there is.
    """

    text: str
    other: str = ""
    tree: HtmlElement | None = None
    reason: str = ""


def extract(html: str | bytes, *, url: str | None = None) -> Extraction:
    """The text that trafilatura finds in a page.

    The extraction is the one that favours recall, without its comparison with other extractors: what it leaves in is
    taken out later, and it takes two thirds of the time of the default (``docs/html.md`` has the figures).

    Args:
        html: the page; bytes are decoded by trafilatura from the page's own declaration and content.
        url: address of the page.

    Raises:
        TypeError: ``html`` is neither ``str`` nor ``bytes``.
    """
    if not isinstance(html, str | bytes):
        raise TypeError(f"html must be str or bytes, not {type(html).__name__}")
    if len(html) > LARGEST:
        unit = "characters" if isinstance(html, str) else "bytes"
        return Extraction("", reason=f"no text: the page is larger than {LARGEST:,} {unit}")
    if not html.strip():
        return Extraction("", reason="no text: the page is empty")
    try:
        return _extract(html, url)
    except (MemoryError, ImportError):
        raise
    except Exception as error:  # whatever a third-party parser does on a bad page is this page's fault
        import logging

        logging.getLogger(__name__).debug("extraction failed", exc_info=True)
        return Extraction("", reason=f"no text: trafilatura failed on this page ({type(error).__name__})")


def _extract(html: str | bytes, url: str | None) -> Extraction:
    import trafilatura

    if isinstance(html, str):
        # lxml refuses lone surrogates; they stand for nothing that could be shown
        html = html.encode("utf-8", "replace").decode("utf-8")
    tree: HtmlElement | None = trafilatura.load_html(html)
    if tree is None:
        return Extraction("", reason="no text: this is no HTML page")
    if _patterns().deep(tree):
        tree = trafilatura.load_html(_flattened(html))
        if tree is None:
            return Extraction("", reason="no text: this is no HTML page")
    blocks = _patterns().blocks(tree)
    if blocks > MOST_BLOCKS:
        return Extraction("", reason=f"no text: the page has more than {MOST_BLOCKS:,} blocks")
    _prune(tree)
    options: dict[str, Any] = {"url": url, "include_comments": False, "with_metadata": False, "favor_recall": True}
    found = trafilatura.extract(tree, fast=True, **options) or ""
    other = ""
    if len(found) < SHORT and blocks < FEW_BLOCKS:
        other = trafilatura.extract(tree, **options) or ""
    if not found.strip():
        found, other = other, ""
    if not found.strip():
        return Extraction("", reason="trafilatura found no text in this page")
    return Extraction(found, "" if other == found else other, tree)


def decoded(html: bytes) -> str:
    """The text of a page's bytes, in the encoding that trafilatura finds."""
    from trafilatura.utils import decode_file

    text: str = decode_file(html)
    return text


class _Patterns(NamedTuple):
    """Compiled XPath expressions, which lxml evaluates without a Python object for each element."""

    deep: XPath
    blocks: XPath


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    from lxml.etree import XPath

    blocks = "|".join(f"//{tag}" for tag in ("p", "div", "li", "td", "br", "h2", "h3", "dd", "blockquote"))
    return _Patterns(XPath(f"boolean({'/*' * DEEPEST})"), XPath(f"count({blocks})"))


def _prune(tree: HtmlElement) -> None:
    """Take out what holds no text, so that it is not copied and searched again and again.

    JSON stays, as it may hold facts about the page. The extracted text is the same on all measured pages.
    """
    for element in list(tree.iter("script", "style", "svg")):
        parent = element.getparent()
        if parent is None or (element.tag == "script" and "json" in (element.get("type") or "")):
            continue
        if element.tail:
            before = element.getprevious()
            if before is None:
                parent.text = (parent.text or "") + element.tail
            else:
                before.tail = (before.tail or "") + element.tail
        parent.remove(element)


# ---------------------------------------------------------------------------------------------------------------------
# Pages nested too deeply


_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)  # fmt: skip
_INLINE = frozenset(
    ("abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins",
     "kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt",
     "u", "var")
)  # fmt: skip
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
#: Elements below this depth are replaced, which leaves room under DEEPEST for those that the parser adds itself.
_FLAT = DEEPEST // 2


class _Flattener(HTMLParser):
    """Writes a page again with the elements below a depth replaced by paragraphs that stand side by side."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.pieces: list[str] = []
        self._open: list[str] = []
        self._count: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = self.get_starttag_text() or ""
        if tag in _VOID:
            self.pieces.append(source)
            return
        flat = len(self._open) >= _FLAT
        self._open.append(tag)
        self._count[tag] += 1
        # script and style are not text; a link and a heading stay what they are unless one is open already
        if not flat or tag in ("script", "style") or (tag in _HEADINGS or tag == "a") and self._count[tag] == 1:
            self.pieces.append(source)
        elif tag not in _INLINE and tag != "a":
            self.pieces.append("<p>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.pieces.append(self.get_starttag_text() or "")
        else:  # in HTML the slash says nothing
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._count[tag]:
            return
        while True:
            last = self._open.pop()
            self._count[last] -= 1
            kept = last in ("script", "style") or (last in _HEADINGS or last == "a") and not self._count[last]
            if len(self._open) < _FLAT or kept:
                self.pieces.append(f"</{last}>")
            elif last not in _INLINE and last != "a":
                self.pieces.append("<p>")
            if last == tag:
                return

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    def handle_entityref(self, name: str) -> None:
        self.pieces.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.pieces.append(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self.pieces.append(f"<!{decl}>")


def _flattened(html: str | bytes) -> str:
    """The page with everything that stands too deep laid flat."""
    flattener = _Flattener()
    flattener.feed(html if isinstance(html, str) else decoded(html))
    flattener.close()
    return "".join(flattener.pieces)
