"""What a web page says about its paragraphs that their text does not.

A paragraph of the extracted text is found again in the parsed page by its characters. The elements around it (links,
headings, lists, captions, the words of classes, ids and roles), its place beside the bulk of the story, and the facts
that the page states about itself (title, author, date, site, the article's text as JSON) become a row of numbers.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lxml.etree import XPath
    from lxml.html import HtmlElement

__all__ = ["EVIDENCE", "WORD_GROUPS", "Facts", "Place", "facts_of", "locate", "measure"]

Floats = NDArray[np.float32]

# ---------------------------------------------------------------------------------------------------------------------
# Words of class, id and role


#: What the names that pages give to their elements are about. English serves most pages of all languages, so that few
#: words of others are needed. A pattern is searched in the lower-case names, which are separated by spaces.
WORD_GROUPS: dict[str, str] = {
    "story": r"article|story|entry|post\b|post-|prose|paragraph|richtext|rich-text|body|content",
    "related": r"relat|recommend|read-?more|readmore|also|next|teaser|most-|popular|trending|latest|outbrain|taboola"
    r"|recirc|carousel|card|further|\bmore|mehr|similar|\blinks?\b|linklist|internal",
    "promotion": r"promo|newsletter|subscri|sign-?up|signup|paywall|premium|membership|donat|support|\bcta|offer|regist"
    r"|login|banner|campaign|appeal|\babo\b",
    "share": r"share|sharing|social|follow|whatsapp|facebook|twitter|telegram",
    "comment": r"comment|disqus|discuss|repl(y|ies)|forum",
    "author": r"author|byline|by-line|writer|contributor|\bbio\b|biograph|autor|auteur|reporter|creator|editor"
    r"|signature",
    "date": r"date|time|publish|update|meta\b|metadata",
    "caption": r"caption|figure|image|photo|picture|media|gallery|video|legend|bild|foto|slide|player|credit",
    "navigation": r"\bnav|menu|breadcrumb|footer|header|sidebar|side-bar|toolbar|\btoc\b|pagina|widget|aside|masthead",
    "tag": r"\btags?\b|tag-|-tag|tags|topic|categor|keyword|kicker|rubri|eyebrow|label|section-name",
    "advertising": r"\bads?\b|\bad-|-ad\b|advert|sponsor|affiliat|commercial|werb|anzeige|publi[cs]",
    "title": r"title|headline|heading|titre|titulo",
    "summary": r"summary|\blead|intro|standfirst|descri|excerpt|\bdek\b|subtitle|sub-?head|abstract|chapo|deck"
    r"|bullet|key-?point",
    "legal": r"copyright|legal|disclaim|licen[cs]e|rights|notice|disclosure|cookie|consent|gdpr|privacy|terms",
    "source": r"source|reference|footnote|citation|correction|\bnote|endnote",
    "quote": r"quote|embed|tweet|instagram|blockquote",
    "hidden": r"hidden|sr-only|screen-?reader|visually|invisible|d-none|collapse|noprint|no-print",
    "box": r"\bbox|-box|info-?box|module|callout|highlight|fact|inset|aside|sidebar|panel|modal|popup"
    r"|overlay|inline-|inserted",
    "product": r"product|price|\bbuy|shop|\bdeal|rating|\bspecs?\b|pros\b|cons\b|score|coupon|merchant|amazon",
    "interface": r"button|\bbtn|icon|toggle|control|tooltip|search|form|input|select|alert|message|loading|skip",
    "question": r"\bfaq|question|answer|poll|quiz|survey",
}
_GROUP_RES = tuple(re.compile(pattern) for pattern in WORD_GROUPS.values())
_NAMED = ("class", "id", "role", "itemprop", "data-component", "data-testid", "data-type")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@lru_cache(maxsize=8192)
def _groups_in(names: str) -> int:
    """The groups whose words are in the names of an element, as bits."""
    lower = _CAMEL.sub("-", names[:400]).lower().replace("_", "-")
    return sum(1 << at for at, pattern in enumerate(_GROUP_RES) if pattern.search(lower))


# ---------------------------------------------------------------------------------------------------------------------
# Elements


_LISTS = frozenset(("li", "ul", "ol", "dl", "dd", "dt", "menu"))
_TABLES = frozenset(("td", "th", "tr", "table"))
_CAPTIONS = frozenset(("figcaption", "caption", "legend"))
_EMPHASES = frozenset(("b", "strong", "em", "i", "small", "u", "mark", "cite"))
_FRAMES = frozenset(
    ("aside", "nav", "footer", "header", "form", "button", "label", "fieldset", "dialog", "details", "template")
)
_INLINE = _EMPHASES | frozenset(
    ("a", "span", "font", "abbr", "q", "sub", "sup", "time", "code", "br", "s", "del", "ins", "img", "wbr")
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


class _Node:
    """An element that a paragraph stands in, with what it has from those around it."""

    __slots__ = (
        "above", "block", "caption", "emphasis", "figure", "framed", "groups", "heading", "link", "listed", "quote",
        "shape", "table", "tag", "weight", "wire",
    )  # fmt: skip

    def __init__(self, element: HtmlElement, above: _Node | None) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        get = element.get
        names = " ".join(filter(None, map(get, _NAMED)))
        self.tag = tag
        self.above = above
        self.groups = _groups_in(names) if names else 0
        self.link: bool = tag == "a" or (above is not None and above.link)
        self.emphasis: bool = tag in _EMPHASES or (above is not None and above.emphasis)
        self.heading: int = _HEADINGS.get(tag, 0) or (above.heading if above else 0)
        self.listed: bool = tag in _LISTS or (above is not None and above.listed)
        self.table: bool = tag in _TABLES or (above is not None and above.table)
        self.quote: bool = tag in ("blockquote", "q") or (above is not None and above.quote)
        self.figure: bool = tag == "figure" or (above is not None and above.figure)
        self.caption: bool = tag in _CAPTIONS or (above is not None and above.caption)
        self.framed: bool = tag in _FRAMES or (above is not None and above.framed)
        inline = tag in _INLINE and above is not None
        self.block: _Node = above.block if inline and above is not None else self
        # what elements of one make have in common: tag and names, and those of the element around them
        self.shape: str = f"{tag} {names}|{above.shape.partition('|')[0] if above else ''}"
        self.weight = self.wire = 0.0


class _Nodes:
    """The elements that were asked for, each made once."""

    def __init__(self) -> None:
        self._known: dict[HtmlElement, _Node] = {}

    def of(self, element: HtmlElement) -> _Node:
        """The node of an element; those around it are made too."""
        known = self._known
        if element in known:
            return known[element]
        chain = [element]
        above = element.getparent()
        while above is not None and above not in known:
            chain.append(above)
            above = above.getparent()
        node = None if above is None else known[above]
        while chain:
            part = chain.pop()
            node = known[part] = _Node(part, node)
        return known[element]


# ---------------------------------------------------------------------------------------------------------------------
# Finding paragraphs again


class Place(NamedTuple):
    """Where a paragraph stands in the page.

    Attributes:
        node: its block.
        linked, emphasised: share of its characters in links and in emphasis.
        exact: it was found whole and fills its pieces of the page's text from edge to edge.
    """

    node: _Node
    linked: float
    emphasised: float
    exact: bool


def _squashed(text: str) -> str:
    text = "".join(text.split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@lru_cache(maxsize=1)
def _pieces() -> XPath:
    from lxml.etree import XPath

    return XPath("//body//text()[normalize-space()][not(parent::script)][not(parent::style)]")


#: Paragraphs of so many characters without spaces are looked for first; the others between them.
_LONG = 30
#: How often the page's text may be read from end to end in all, so that hostile pages cost linear time.
_READINGS = 60
_LIST_MARK = re.compile(r"^(?:[-*•·]|\d+\.)\s")


class _Finder:
    """The text of a page without white space, and where its pieces come from."""

    def __init__(self, tree: HtmlElement) -> None:
        self._sources = [(text, squashed) for text in _pieces()(tree) if (squashed := _squashed(text))]
        self.stream = "".join(squashed for _, squashed in self._sources)
        self.starts: list[int] = []
        at = 0
        for _, squashed in self._sources:
            self.starts.append(at)
            at += len(squashed)
        self._edges = {*self.starts, at}
        self._left = _READINGS * len(self.stream) + 1
        self._nodes = _Nodes()

    def spans(self, paragraphs: Sequence[str]) -> list[tuple[int, int] | None]:
        """Where each paragraph begins and ends in ``stream``, ``None`` where it was not found."""
        keys = [_squashed(_LIST_MARK.sub("", text).replace("|", "")) for text in paragraphs]
        found: list[tuple[int, int] | None] = [None] * len(keys)
        cursor = 0
        for at, key in enumerate(keys):
            if len(key) >= _LONG:
                found[at] = self._long(key, cursor)
                if (span := found[at]) is not None:
                    cursor = span[1]
        after: list[int] = []  # where the next long paragraph begins
        following = len(self.stream)
        for span in reversed(found):
            following = span[0] if span is not None else following
            after.append(following)
        after.reverse()
        cursor = 0
        for at, key in enumerate(keys):
            if 0 < len(key) < _LONG:
                found[at] = self._short(key, cursor, after[at])
            if (span := found[at]) is not None and (len(key) >= _LONG or span[1] <= after[at]):
                cursor = span[1]
        return found

    def _find(self, key: str, low: int, high: int) -> int:
        if self._left <= 0 or high - low < len(key):
            return -1
        at = self.stream.find(key, low, high)
        self._left -= (high if at < 0 else at) - low
        return at

    def _long(self, key: str, cursor: int) -> tuple[int, int] | None:
        # where the page has something inside the paragraph that the text lacks, its beginning or middle is found
        middle, size = len(key) // 2, len(self.stream)
        for part, before in ((key, 0), (key[:_LONG], 0), (key[middle : middle + _LONG], middle)):
            at = self._find(part, cursor, size)
            if at < 0 and cursor:
                at = self._find(part, 0, min(cursor + len(part), size))
            if at >= 0:
                at = max(at - before, 0)
                return at, min(at + len(key), size)
        return None

    def _short(self, key: str, low: int, high: int) -> tuple[int, int] | None:
        first = -1
        for begin, end in ((low, high), (high, len(self.stream)), (0, low)):
            at = begin
            for _ in range(6):
                at = self._find(key, at, end)
                if at < 0:
                    break
                if at in self._edges and at + len(key) in self._edges:
                    return at, at + len(key)
                first = at if first < 0 else first
                at += 1
        return (first, first + len(key)) if first >= 0 else None

    def place(self, span: tuple[int, int]) -> Place:
        """The elements of a span."""
        first = bisect_right(self.starts, span[0]) - 1
        last = max(bisect_left(self.starts, span[1]), first + 1)
        linked = emphasised = longest = 0
        nodes = []
        for at in range(first, last):
            text, squashed = self._sources[at]
            size = min(self.starts[at] + len(squashed), span[1]) - max(self.starts[at], span[0])
            parent = text.getparent()
            node = self._nodes.of(parent.getparent() if text.is_tail and parent.getparent() is not None else parent)
            linked += size * node.link
            emphasised += size * node.emphasis
            if size > longest:
                nodes, longest = [node], size
        whole = span[1] - span[0]
        return Place(
            nodes[0].block, linked / whole, emphasised / whole, span[0] in self._edges and span[1] in self._edges
        )


def locate(tree: HtmlElement, paragraphs: Sequence[str]) -> list[Place | None]:
    """Find paragraphs of the extracted text again in the page.

    Args:
        tree: the parsed page.
        paragraphs: in the order of the text.
    """
    finder = _Finder(tree)
    return [None if span is None else finder.place(span) for span in finder.spans(paragraphs)]


# ---------------------------------------------------------------------------------------------------------------------
# What the page says of itself


class Facts(NamedTuple):
    """Statements of a page about itself, without white space and in folded case; empty where there is none."""

    titles: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    date: str = ""
    body: str = ""


_TITLES = ("og:title", "twitter:title", "title", "dc.title")
_SUMMARIES = ("og:description", "description", "twitter:description")
_AUTHORS = ("author", "article:author", "dc.creator", "parsely-author", "sailthru.author", "byl")
_DATES = ("article:published_time", "date", "pubdate", "dc.date", "publish-date", "og:published_time")
_LARGEST_JSON = 2_000_000


def _folded(text: str) -> str:
    return _squashed(text).casefold()


def facts_of(tree: HtmlElement) -> Facts:
    """Read meta elements and JSON-LD (schema.org) of a page. Bad JSON is passed over."""
    meta: dict[str, str] = {}
    for element in tree.iterfind(".//meta"):
        name = (element.get("property") or element.get("name") or "").lower()
        content = element.get("content")
        if name and content and name not in meta:
            meta[name] = content
    titles = [meta[name] for name in _TITLES if name in meta]
    summaries = [meta[name] for name in _SUMMARIES if name in meta]
    authors = [meta[name] for name in _AUTHORS if name in meta]
    sites = [meta[name] for name in ("og:site_name", "application-name") if name in meta]
    dates = [meta[name] for name in _DATES if name in meta]
    bodies: list[str] = []
    titles += [element.text_content() for element in tree.iterfind(".//h1")][:2]
    lists = {"headline": titles, "description": summaries, "articleBody": bodies, "datePublished": dates}
    for item in _json_objects(tree):
        for key, target in lists.items():
            if isinstance(item.get(key), str):
                target.append(item[key])
        authors += _names_of(item.get("author"))
        sites += _names_of(item.get("publisher"))
    return Facts(
        tuple({folded for text in titles if len(folded := _folded(text)) > 5}),
        tuple({folded for text in summaries if len(folded := _folded(text)) > 20}),
        tuple({folded for text in authors if 4 < len(folded := _folded(text)) < 60 and "/" not in folded}),
        tuple({folded for text in sites if 3 < len(folded := _folded(text)) < 60}),
        next((text[:10] for text in dates if re.match(r"\d{4}-\d\d-\d\d", text)), ""),
        _folded(re.sub(r"<[^>]*>", "", max(bodies, key=len, default=""))),
    )


def _json_objects(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    for element in tree.iterfind('.//script[@type="application/ld+json"]'):
        source = element.text or ""
        if len(source) > _LARGEST_JSON:
            continue
        try:
            value = json.loads(source, strict=False)
        except (ValueError, RecursionError):
            continue
        todo = [value]
        while todo:
            item = todo.pop()
            if isinstance(item, list):
                todo += item[:50]
            elif isinstance(item, dict):
                yield item
                todo += [item[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in item]


def _names_of(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return _names_of(value.get("name"))
    return [name for item in value[:20] for name in _names_of(item)] if isinstance(value, list) else []


# ---------------------------------------------------------------------------------------------------------------------
# The row of numbers


_SHARES = 0.5  # an element holds the story if at least this share of the story's characters is in it

#: Of the elements around a paragraph; in the order of :func:`_elements`.
_OWN = (
    "found", "exact", "linked", "all_linked", "emphasised", "all_emphasised", "title_heading", "heading",
    "small_heading", "listed", "table", "quote", "figure", "caption", "framed", "paragraph", "cell", "block",
)  # fmt: skip
#: Of its place beside the bulk of the story; in the order of :func:`_around`.
_BESIDE = ("beside_story", "near_story", "climb", "same_shape", "shape_wire", "beside_wire", "alone")
_STATED = ("is_title", "is_summary", "has_author", "has_site", "has_date", "in_body", "not_in_body", "repeated")
_PLACED = ("before_story", "after_story", "place", "from_end")
_PLAIN = (*_OWN, *_BESIDE, *_STATED, *_PLACED)
#: Names of the measures, the columns of :func:`measure`.
EVIDENCE: tuple[str, ...] = (*_PLAIN, *(f"named {group}" for group in WORD_GROUPS))
_AT = {name: at for at, name in enumerate(EVIDENCE)}


def measure(tree: HtmlElement, paragraphs: Sequence[str], wire: Sequence[float]) -> Floats:
    """Evidence of each paragraph, ``(paragraphs, len(EVIDENCE))``.

    Args:
        tree: the parsed page.
        paragraphs: of the text that was extracted from it, in order.
        wire: probability of each to be wire copy, as its text has it.
    """
    rows = np.zeros((len(paragraphs), len(EVIDENCE)), dtype=np.float32)
    if not len(paragraphs):
        return rows
    places = locate(tree, paragraphs)
    sizes = [len(text) for text in paragraphs]
    _around(rows, places, sizes, wire)
    for row, place in zip(rows, places, strict=True):
        if place is not None:
            _elements(row, place)
    _facts(rows, facts_of(tree), paragraphs)
    _position(rows, sizes, wire)
    return rows


def _elements(row: Floats, place: Place) -> None:
    node = place.node
    row[: len(_OWN)] = (
        1, place.exact, place.linked, place.linked > 0.9, place.emphasised, place.emphasised > 0.9,
        node.heading == 1, node.heading in (2, 3), node.heading > 3, node.listed, node.table, node.quote, node.figure,
        node.caption, node.framed, node.tag == "p", node.tag in ("li", "td"), node.tag in ("div", "section", "article"),
    )  # fmt: skip


def _around(rows: Floats, places: Sequence[Place | None], sizes: Sequence[int], wire: Sequence[float]) -> None:
    """How each paragraph stands to the bulk of the story, in the tree of elements."""
    total = 0.0
    shapes: dict[str, list[float]] = {}
    for place, size, sure in zip(places, sizes, wire, strict=True):
        if place is None:
            continue
        weight = size * sure
        total += weight
        shape = shapes.setdefault(place.node.shape, [0.0, 0.0])
        shape[0] += size
        shape[1] += weight
        node: _Node | None = place.node
        while node is not None:
            node.weight += size
            node.wire += weight
            node = node.above
    total = max(total, 1.0)
    for row, place, size, sure in zip(rows, places, sizes, wire, strict=True):
        if place is None:
            continue
        node = place.node
        weight = size * sure
        groups, climb = 0, 0
        at: _Node | None = node
        while at is not None and at.wire < _SHARES * total:
            groups |= at.groups
            climb += 1
            at = at.above
        above = node.above or node
        further = above.above or above
        shape = shapes[node.shape]
        row[len(_OWN) : len(_OWN) + len(_BESIDE)] = (
            above.wire / total,
            further.wire / total,
            min(climb, 10) / 5,
            shape[1] / total,
            # how much of the others is story; a hundred characters of which half are so stand for not knowing
            (shape[1] - weight + 50) / (shape[0] - size + 100) - 0.5,
            (above.wire - weight + 50) / (above.weight - size + 100) - 0.5,
            above.weight <= size,
        )
        if groups:
            row[len(_PLAIN) :] = [groups >> group & 1 for group in range(len(WORD_GROUPS))]


def _facts(rows: Floats, facts: Facts, paragraphs: Sequence[str]) -> None:
    folded = [_folded(_LIST_MARK.sub("", text)) for text in paragraphs]
    stated = facts.body if len(facts.body) > 200 else ""
    inside = [len(key) > 15 and key[:200] in stated for key in folded]
    long = [len(key) >= 80 for key in folded]
    covered = sum(within for within, counts_ in zip(inside, long, strict=True) if counts_) / max(sum(long), 1)
    day = facts.date[8:10].lstrip("0")
    counts: dict[str, int] = {}
    for key in folded:
        counts[key] = counts.get(key, 0) + 1
    for row, key, within in zip(rows, folded, inside, strict=True):
        row[_AT["is_title"]] = any(key == title or _overlap(key, title) for title in facts.titles)
        row[_AT["is_summary"]] = any(_overlap(key, text) for text in facts.summaries)
        if len(key) < 200:
            row[_AT["has_author"]] = any(name in key for name in facts.authors)
            row[_AT["has_site"]] = any(name in key for name in facts.sites)
            row[_AT["has_date"]] = bool(day) and facts.date[:4] in key and day in key.replace(facts.date[:4], "", 1)
        if covered >= 0.5:
            row[_AT["in_body"]] = within
            row[_AT["not_in_body"]] = not within and len(key) > 15
        row[_AT["repeated"]] = counts[key] > 1


def _overlap(key: str, stated: str) -> bool:
    return len(key) > 20 and (key in stated or stated in key)


def _position(rows: Floats, sizes: Sequence[int], wire: Sequence[float]) -> None:
    count = len(sizes)
    story = [at for at in range(count) if sizes[at] >= 120 and wire[at] > 0.5 and rows[at, _AT["beside_story"]] > 0.1]
    first, last = (story[0], story[-1]) if story else (0, count)
    for at in range(count):
        rows[at, _AT["before_story"]] = at < first
        rows[at, _AT["after_story"]] = at > last
        rows[at, _AT["place"]] = at / count
        rows[at, _AT["from_end"]] = min(count - 1 - at, 10) / 10
