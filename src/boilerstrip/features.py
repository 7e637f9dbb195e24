"""What is measured of each paragraph: named measures and hashed n-grams, for a whole batch at once.

The measures stand in an ordered registry. Each group is a pure function of a :class:`Page` and returns one column
for each name under which it is registered; no function loops over paragraphs. A column is float32 with one value a
paragraph, scaled to the neighbourhood of 0 to 1 (logarithms for counts and lengths), so that a model may use it as
it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import characters as c
from .arrays import ORDER_BITS, Ints, order_of, run_sums, shifted
from .lexicon import SECTIONS, Hits, find_phrases
from .records import Kind
from .segmentation import Batch, Segmentation
from .tokens import Hashes, Tokens, View, hash_words, mixed, tokenize, view_of

__all__ = ["MEASURES", "NGRAM_SETTINGS", "Grams", "Page", "measure", "ngrams", "one_of", "page_of"]

Floats = NDArray[np.float32]
Columns = Sequence[NDArray[Any]]

#: A paragraph of running text: at least so many characters (in scripts without spaces a third) and a sentence end.
#: The 10th percentile of body paragraphs in the labelled pages is 96 characters; headlines end at about 100.
LONG = 110


@dataclass(frozen=True, slots=True)
class Page:
    """A batch as the measures see it.

    Attributes:
        segmentation, view, tokens, hits: the stages before.
        documents: int64, document of each paragraph.
        lengths: int64, characters of each paragraph, spaces around it not counted.
        marks: counts of character classes in the view, one row a paragraph; see ``_LANES``.
        cover: float32 ``(paragraphs, sections)``: share of the tokens that phrases of a section cover.
        hit: bool, likewise: a phrase is there; ``opens``: at its beginning; ``whole``: it is the paragraph.
        long: bool, running text.
        colon: bool, a colon, pipe or arrow follows one of the first four words: "Photo: ...", "Read also: ...".
    """

    segmentation: Segmentation
    view: View
    tokens: Tokens
    hits: Hits
    documents: Ints
    lengths: Ints
    marks: Ints
    cover: Floats
    hit: NDArray[np.bool_]
    opens: NDArray[np.bool_]
    whole: NDArray[np.bool_]
    long: NDArray[np.bool_]
    colon: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number of paragraphs."""
        return len(self.lengths)

    def mark(self, name: str) -> Ints:
        """Count of one character class in each paragraph's view."""
        column: Ints = self.marks[:, _LANES.index(name)]
        return column

    def shows(self, section: str) -> NDArray[np.bool_]:
        """Whether a phrase of the section stands in each paragraph."""
        column: NDArray[np.bool_] = self.hit[:, SECTIONS.index(section)]
        return column


# ---------------------------------------------------------------------------------------------------------------------
# Counting characters: four 16-bit counters share a 64-bit integer, so that one sum over a paragraph counts four classes.

_PROPERTY_LANES = (
    ("upper", c.UPPER),
    ("lower", c.LOWER),
    ("digit", c.DIGIT),
    ("space", c.SPACE),
    ("sentence_end", c.SENTENCE_END),
    ("opener", c.OPENER),
    ("closer", c.CLOSER),
    ("bullet", c.BULLET),
    ("currency", c.CURRENCY),
    ("picture", c.PICTURE),
    ("symbol", c.SYMBOL),
    ("unspaced", c.UNSPACED),
)
_CHARACTER_LANES = (
    ("colon", ":："),
    ("at", "@"),
    ("pipe", "|•·‧・｜"),
    ("slash", "/"),
    ("copyright", "©®℗"),
    ("parenthesis", "()（）[]【】"),
    ("comma", ",，、،;；"),
    ("question", "?？؟"),
)
_LANES = tuple(name for name, _ in (*_PROPERTY_LANES, *_CHARACTER_LANES))
_CHARACTERS = 1 << 16


@lru_cache(maxsize=1)
def _lane_tables() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """For each bit set and for each character of plane 0 the counters that it adds to."""
    bits = np.arange(1 << 15)
    by_property = np.zeros((3, len(bits)), dtype=np.uint64)
    for at, (_, flag) in enumerate(_PROPERTY_LANES):
        by_property[at // 4] += ((bits & flag) > 0).astype(np.uint64) << np.uint64(16 * (at % 4))
    by_character = np.zeros((2, _CHARACTERS + 1), dtype=np.uint64)
    for at, (_, chars) in enumerate(_CHARACTER_LANES):
        for char in chars:
            by_character[at // 4, ord(char)] += np.uint64(1) << np.uint64(16 * (at % 4))
    return by_property, by_character


def _count_marks(view: View) -> Ints:
    by_property, by_character = _lane_tables()
    at_character = np.minimum(view.folded, _CHARACTERS)
    parts = [lanes[view.properties] for lanes in by_property] + [lanes[at_character] for lanes in by_character]
    columns = []
    for part in parts:
        total = run_sums(part.view(np.int64), view.starts, view.ends).view(np.uint64)
        columns += [(total >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48)]
    return np.stack(columns, axis=1).astype(np.int64)


def page_of(batch: Batch, segmentation: Segmentation) -> Page:
    """Read the paragraphs of a batch once, for all measures."""
    documents = segmentation.documents
    starts, ends = _trimmed(batch, segmentation)
    view = view_of(batch.points, starts, ends)
    tokens = tokenize(view)
    hits = find_phrases(view, tokens, documents, len(segmentation.bounds) - 1)
    marks = _count_marks(view)
    count, width = len(starts), len(SECTIONS)
    paragraph = tokens.paragraph[hits.token]
    at = paragraph * width + hits.section
    covered = np.bincount(at, hits.words, minlength=count * width).reshape(count, width)
    size = np.maximum(np.diff(tokens.bounds), 1)
    cover = np.minimum(covered / size[:, None], 1).astype(np.float32)

    def flags(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        result = np.zeros(count * width, dtype=bool)
        result[at[chosen]] = True
        return result.reshape(count, width)

    lengths = ends - starts
    unspaced = 2 * marks[:, _LANES.index("unspaced")] > view.ends - view.starts
    long = (lengths >= np.where(unspaced, LONG // 3, LONG)) & (marks[:, _LANES.index("sentence_end")] > 0)
    everything = np.ones(len(at), dtype=bool)
    return Page(
        segmentation, view, tokens, hits, documents, lengths, marks, cover, flags(everything), flags(hits.first),
        flags(hits.whole), long, _leading_colon(view, tokens),
    )  # fmt: skip


def _trimmed(batch: Batch, segmentation: Segmentation) -> tuple[Ints, Ints]:
    """Paragraphs without the spaces around them; of very long indentations some spaces may stay."""
    table = c.character_table().properties
    starts, ends = segmentation.starts.copy(), segmentation.ends.copy()
    for place, step, offset in ((starts, 1, 0), (ends, -1, -1)):
        left = np.arange(len(starts))
        for _ in range(256):
            left = left[(table[c.table_index(batch.points[place[left] + offset])] & c.SPACE) > 0]
            left = left[ends[left] - starts[left] > 1]
            if not len(left):
                break
            place[left] += step
    return starts, ends


# ---------------------------------------------------------------------------------------------------------------------
# The registry

Group = Callable[[Page], Columns]
_GROUPS: list[tuple[tuple[str, ...], Group]] = []


def _measures(*names: str) -> Callable[[Group], Group]:
    def register(group: Group) -> Group:
        _GROUPS.append((names, group))
        return group

    return register


def _log(values: NDArray[Any], scale: float) -> NDArray[Any]:
    result: NDArray[Any] = np.log1p(values) / scale
    return result


@_measures("chars", "tokens", "token_length", "upper", "digit", "symbol", "space", "comma", "sentence_ends", "unspaced")
def _shape(page: Page) -> Columns:
    size = np.maximum(page.view.ends - page.view.starts, 1)
    letters = np.maximum(page.mark("upper") + page.mark("lower"), 1)
    tokens = np.diff(page.tokens.bounds)
    return (
        _log(page.lengths, 6),
        _log(tokens, 4),
        np.minimum((size - page.mark("space")) / np.maximum(tokens, 1), 20) / 10,
        page.mark("upper") / letters,
        page.mark("digit") / size,
        page.mark("symbol") / size,
        page.mark("space") / size,
        _log(page.mark("comma"), 2),
        _log(page.mark("sentence_end"), 2),
        page.mark("unspaced") / size,
    )


@_measures("length_1", "length_2", "length_3", "length_5", "length_8", "length_15", "length_30", "length_60", "length_more")
def _length_classes(page: Page) -> Columns:
    # A line's length in words is too telling to be left to one number: short classes behave unlike each other.
    # A character of a script without spaces counts as half a word.
    words = np.diff(page.tokens.bounds) - 0.5 * page.mark("unspaced")
    steps = np.searchsorted([1.5, 2.5, 3.5, 5.5, 8.5, 15.5, 30.5, 60.5], words)
    return [(steps == at) for at in range(9)]


@_measures("title_tokens", "caps_tokens", "number_tokens", "year", "clock", "date", "dotted", "digits_many")
def _token_shapes(page: Page) -> Columns:
    view, tokens = page.view, page.tokens
    head, room = view.properties[tokens.starts], tokens.ends - tokens.starts
    capital = (head & c.UPPER) > 0
    caps = capital & (room > 1) & ((view.properties[tokens.ends - 1] & c.UPPER) > 0)
    number = (head & c.DIGIT) > 0
    two = view.folded[tokens.starts] * 128 + view.folded[np.minimum(tokens.starts + 1, len(view.folded) - 1)]
    year = number & (room == 4) & ((two == ord("1") * 128 + ord("9")) | (two == ord("2") * 128 + ord("0")))
    joint = np.zeros(len(room), dtype=bool)
    joint[:-1] = tokens.starts[1:] == tokens.ends[:-1] + 1
    sign = view.folded[tokens.ends]
    number_next = np.append(number[1:], False)
    clock = joint & number & number_next & ((sign == ord(":")) | (sign == ord("h")))
    date = joint & number & number_next & ((sign == ord(".")) | (sign == ord("/")) | (sign == ord("-")))
    dotted = joint & (sign == ord(".")) & ~number & ~number_next & (room > 1)
    size = np.maximum(np.diff(tokens.bounds), 1)

    def total(flags: NDArray[np.bool_]) -> Ints:
        return np.bincount(tokens.paragraph[flags], minlength=page.count)

    return (
        total(capital) / size, total(caps) / size, total(number) / size, total(year) > 0, total(clock) > 0,
        total(date) > 0, total(dotted) > 0, page.mark("digit") >= 7,
    )  # fmt: skip


@_measures(
    "starts_upper", "starts_lower", "starts_digit", "starts_bullet", "starts_opener", "starts_parenthesis", "starts_picture",
    "ends_sentence", "ends_quote", "ends_colon", "ends_ellipsis", "ends_question", "ends_exclamation", "ends_digit",
    "ends_parenthesis", "ends_letter", "in_parentheses", "in_quotes",
)  # fmt: skip
def _edges(page: Page) -> Columns:
    view = page.view
    first, last = view.properties[view.starts], view.properties[view.ends - 1]
    opening, closing = view.folded[view.starts], view.folded[view.ends - 1]
    before = np.maximum(view.ends - 2, 0)
    closer = (last & c.CLOSER) > 0
    sentence = ((last & c.SENTENCE_END) > 0) | (closer & ((view.properties[before] & c.SENTENCE_END) > 0))
    bracket, unbracket = one_of(opening, "([（【["), one_of(closing, ")])）】")
    quote, unquote = one_of(opening, "\"“„«»'‘「『”"), one_of(closing, "\"”“»«'’」』")
    return (
        (first & c.UPPER) > 0, (first & c.LOWER) > 0, (first & c.DIGIT) > 0, ((first & c.BULLET) > 0) & ~quote,
        (first & c.OPENER) > 0, bracket, (first & c.PICTURE) > 0,
        sentence, unquote, one_of(closing, ":：»›>→"), one_of(closing, "…") | (one_of(closing, ".") & (view.folded[before] == ord("."))),
        one_of(closing, "?？؟"), one_of(closing, "!！"), (last & c.DIGIT) > 0, unbracket, (last & c.LETTER) > 0,
        bracket & unbracket, quote & unquote,
    )  # fmt: skip


def one_of(points: NDArray[np.uint32], chars: str) -> NDArray[np.bool_]:
    """Whether each code point is one of a few characters. For arrays of one value a paragraph; ``np.isin`` costs more."""
    result = np.zeros(points.shape, dtype=bool)
    for char in chars:
        result |= points == ord(char)
    return result


def _leading_colon(view: View, tokens: Tokens) -> NDArray[np.bool_]:
    if not len(tokens.ends):
        return np.zeros(len(view.starts), dtype=bool)
    early = np.minimum(tokens.bounds[:-1, None] + np.arange(4), len(tokens.ends) - 1)
    inside = early < tokens.bounds[1:, None]
    behind = tokens.ends[early]
    # French sets a space before the colon
    behind = np.where(view.folded[behind] == ord(" "), behind + 1, behind)
    colon: NDArray[np.bool_] = (one_of(view.folded[behind], ":：|»›") & inside).any(axis=1)
    return colon


@_measures("has_at", "has_url", "has_pipe", "has_copyright", "has_slash", "has_currency", "has_picture", "has_colon", "colon_early", "quotes", "has_arrow")
def _marks(page: Page) -> Columns:
    tokens, view = page.tokens, page.view
    web = np.logical_or.reduce([tokens.hashes == word for word in _web_words()])
    arrow = one_of(view.folded[view.starts], "»›→►▶▸➔➜➡⇒>") | one_of(view.folded[view.ends - 1], "»›→►▶▸➔➜➡⇒>")
    return (
        page.mark("at") > 0, np.bincount(tokens.paragraph[web], minlength=page.count) > 0, page.mark("pipe") > 0,
        page.mark("copyright") > 0, page.mark("slash") > 0, page.mark("currency") > 0, page.mark("picture") > 0,
        page.mark("colon") > 0, page.colon, _log(page.mark("opener") + page.mark("closer"), 3), arrow,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _web_words() -> Hashes:
    return hash_words(["http", "https", "www", "com", "html"])


_KINDS = tuple(kind.value for kind in Kind)


@_measures(*(f"cover_{name}" for name in (*_KINDS, "you", "we", "said", "function")))
def _cue_cover(page: Page) -> Columns:
    names = (*_KINDS, "you", "we", "said", "function")
    return [np.sqrt(page.cover[:, SECTIONS.index(name)]) for name in names]


@_measures(*(f"cue_{name}" for name in SECTIONS if name != "function"))
def _cue_hits(page: Page) -> Columns:
    return [page.hit[:, at] for at, name in enumerate(SECTIONS) if name != "function"]


@_measures(*(f"opens_{name}" for name in (*_KINDS, "role", "greeting", "thanks")))
def _cue_opens(page: Page) -> Columns:
    return [page.opens[:, SECTIONS.index(name)] for name in (*_KINDS, "role", "greeting", "thanks")]


@_measures(*(f"whole_{name}" for name in (*_KINDS, "role", "thanks")))
def _cue_whole(page: Page) -> Columns:
    return [page.whole[:, SECTIONS.index(name)] for name in (*_KINDS, "role", "thanks")]


def _spread(page: Page, values: NDArray[Any]) -> NDArray[Any]:
    """One value a document for each of its paragraphs."""
    result: NDArray[Any] = values[page.documents]
    return result


def _totals(page: Page, values: NDArray[Any]) -> NDArray[Any]:
    """Sum over each document."""
    return np.bincount(page.documents, values, minlength=len(page.segmentation.bounds) - 1)


@_measures(
    "from_start", "from_end", "place", "first", "second", "last", "document_paragraphs", "document_long", "document_chars",
    "text_before", "text_after", "gap_before", "gap_after", "document_gaps",
)  # fmt: skip
def _place(page: Page) -> Columns:
    bounds = page.segmentation.bounds
    here = np.arange(page.count)
    from_start = here - bounds[page.documents]
    from_end = bounds[page.documents + 1] - 1 - here
    size = _spread(page, np.diff(bounds))
    weight = page.lengths * page.long
    running = np.cumsum(weight)
    total = np.maximum(_totals(page, weight), 1)
    before = (running - weight - _spread(page, np.append(0, running)[bounds[:-1]])) / _spread(page, total)
    gaps = page.segmentation.gaps
    after = np.append(gaps[1:], 0) * (from_end > 0)
    return (
        _log(from_start, 4), _log(from_end, 4), from_start / np.maximum(size - 1, 1), from_start == 0, from_start == 1,
        from_end == 0, _log(size, 5), _spread(page, _totals(page, page.long) / np.maximum(np.diff(bounds), 1)),
        _log(_spread(page, _totals(page, page.lengths)), 10), before,
        np.where(_spread(page, _totals(page, weight)) > 0, 1 - before - weight / _spread(page, total), 0),
        np.minimum(gaps, 3) / 3, np.minimum(after, 3) / 3, _spread(page, _totals(page, gaps > 0) / np.maximum(np.diff(bounds), 1)),
    )  # fmt: skip


def _nearest(page: Page, flags: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Distance in paragraphs to the nearest flagged one before and after in the same document; 1000 if there is none."""
    here, bounds = np.arange(page.count), page.segmentation.bounds
    last = np.maximum.accumulate(np.where(flags, here, -1))
    last = np.append(-1, last[:-1])
    upcoming = np.minimum.accumulate(np.where(flags, here, page.count + 1)[::-1])[::-1]
    upcoming = np.append(upcoming[1:], page.count + 1)
    before = np.where(last >= bounds[page.documents], here - last, 1000)
    after = np.where(upcoming < bounds[page.documents + 1], upcoming - here, 1000)
    return before, after


@_measures("long", "long_before", "long_after", "none_before", "none_after", "run", "run_place", "long_near", "length_before", "length_after")
def _story(page: Page) -> Columns:
    before, after = _nearest(page, page.long)
    none_before, none_after = before == 1000, after == 1000
    from_start = np.arange(page.count) - page.segmentation.bounds[page.documents]
    from_end = page.segmentation.bounds[page.documents + 1] - 1 - np.arange(page.count)
    back, on = np.minimum(before, from_start + 1), np.minimum(after, from_end + 1)
    length = _log(page.lengths, 6)
    near: NDArray[Any] = np.add.reduce([shifted(page.long, by, page.documents).astype(float) for by in (-3, -2, -1, 1, 2, 3)])
    return (
        page.long, _log(back, 4), _log(on, 4), none_before, none_after,
        np.where(page.long, 0, _log(back + on, 5)), np.where(page.long, 0, back / (back + on)), near / 6,
        length - shifted(length, -1, page.documents), length - shifted(length, 1, page.documents),
    )  # fmt: skip


#: In the place of a paragraph that is not there: like no hash of a word, to all intents, and like no marks.
_NONE = np.iinfo(np.uint64).max


@_measures("same_start", "same_end", "same_length", "same_edges", "same_text", "has_words")
def _alike(page: Page) -> Columns:
    view, tokens = page.view, page.tokens
    some = tokens.bounds[1:] > tokens.bounds[:-1]
    # columns: first word, last word, marks at both edges
    ends = np.zeros((page.count, 3), dtype=np.uint64)
    ends[some, 0] = tokens.hashes[tokens.bounds[:-1][some]]
    ends[some, 1] = tokens.hashes[tokens.bounds[1:][some] - 1]
    ends[:, 2] = view.properties[view.starts].astype(np.uint64) << np.uint64(16) | view.properties[view.ends - 1]
    length = _log(page.lengths, 1)
    offsets = (-3, -2, -1, 1, 2, 3)

    same = np.zeros((page.count, 3), dtype=np.float32)
    same_length = np.zeros(page.count, dtype=np.float32)
    for by in offsets:
        same += shifted(ends, by, page.documents, _NONE) == ends
        same_length += np.abs(shifted(length, by, page.documents, 99) - length) < 0.4
    same[~some, :2] = 0  # a line without words
    same /= len(offsets)
    whole = mixed(view.hashes(view.starts, view.ends))
    order = order_of(whole)
    equal = np.zeros(page.count + 1, dtype=bool)
    equal[1:-1] = (np.diff(whole[order]) == 0) & (np.diff(page.documents[order]) == 0)
    twice = np.zeros(page.count, dtype=bool)
    twice[order] = equal[:-1] | equal[1:]
    return (
        same[:, 0],
        same[:, 1],
        same_length / len(offsets),
        same[:, 2],
        twice,
        np.diff(tokens.bounds) > 0,
    )


@_measures("shared", "shared_long", "shared_near", "content_words", "shared_none")
def _vocabulary(page: Page) -> Columns:
    # Headlines of other stories share little of their vocabulary with the story; sub-headings and captions much.
    tokens, view = page.tokens, page.view
    single = (view.properties[tokens.starts] & c.UNSPACED) > 0
    hashes = tokens.hashes
    pair = np.zeros_like(single)
    pair[:-1] = single[:-1] & single[1:] & (tokens.starts[1:] == tokens.ends[:-1])
    if pair.any():  # in scripts without spaces two characters stand for a word
        hashes = np.where(pair, mixed(hashes * np.uint64(3) + np.append(hashes[1:], 0).astype(np.uint64)), hashes)
    long_enough = np.where(single, pair, tokens.ends - tokens.starts >= 4)
    content = long_enough & ((view.properties[tokens.starts] & c.DIGIT) == 0)
    at = np.flatnonzero(content)
    paragraph = tokens.paragraph[at]
    # In this order a word of a document stands together, and within it paragraph by paragraph: all that is asked of
    # a word is asked of its neighbours in the order, exactly and whatever else the batch holds.
    order = order_of(hashes[at])
    word, where = hashes[at][order] >> np.uint64(64 - ORDER_BITS), paragraph[order]
    document = page.documents[where]
    new_word = np.ones(len(order), dtype=bool)
    new_word[1:] = (word[1:] != word[:-1]) | (document[1:] != document[:-1])
    new_place = new_word.copy()
    new_place[1:] |= where[1:] != where[:-1]
    places = np.flatnonzero(new_place)  # a place: a word in one paragraph
    many = np.diff(np.append(places, len(order)))
    word_of = np.cumsum(new_word[places]) - 1
    there = where[places]
    long_places = np.bincount(word_of, page.long[there])[word_of] if len(places) else np.zeros(0)
    elsewhere = np.bincount(word_of)[word_of] > 1 if len(places) else np.zeros(0)
    long_elsewhere = long_places > page.long[there]
    beside = np.zeros(len(places))
    if len(places) > 1:
        adjacent = (np.diff(there) == 1) & (word_of[1:] == word_of[:-1])
        beside[1:] += adjacent
        beside[:-1] += adjacent
    size = np.bincount(paragraph, minlength=page.count)
    divisor = np.maximum(size, 1)

    def share(values: NDArray[Any]) -> NDArray[Any]:
        total: NDArray[Any] = np.bincount(there, values * many, minlength=page.count)
        return total / divisor

    shared_long = share(long_elsewhere)
    return share(elsewhere), shared_long, share(beside) / 2, _log(size, 4), (shared_long == 0) & (size > 0)


#: Names of all measures, in the order of the columns.
MEASURES: tuple[str, ...] = tuple(name for names, _ in _GROUPS for name in names)


def measure(page: Page) -> Floats:
    """All measures of a batch, float32 ``(paragraphs, len(MEASURES))``."""
    result = np.empty((len(MEASURES), page.count), dtype=np.float32)
    at = 0
    for names, group in _GROUPS:
        columns = group(page)
        for column in columns:
            result[at] = column
            at += 1
        if len(columns) != len(names):
            raise AssertionError(f"{group.__name__} gives {len(columns)} columns for {len(names)} names")
    return np.ascontiguousarray(result.T)


# ---------------------------------------------------------------------------------------------------------------------
# Hashed n-grams

class _NgramSettings(NamedTuple):
    words: tuple[int, ...] = (1, 2)
    edges: tuple[int, ...] = (1, 2)


#: Word n-grams, and word n-grams tied to the paragraph's beginning and end. Character 4-grams beside them tripled the
#: time and gave no better answers (docs/accuracy.md).
NGRAM_SETTINGS = _NgramSettings()


class Grams(NamedTuple):
    """Hashed n-grams of one sort: ``keys[starts[i]:ends[i]]`` (uint32) are those of paragraph ``i``."""

    keys: NDArray[np.uint32]
    starts: Ints
    ends: Ints


def _key(hashes: Hashes, salt: int) -> NDArray[np.uint32]:
    salted = hashes + np.uint64((salt * 0xC2B2AE3D27D4EB4F) & ((1 << 64) - 1))
    return (mixed(salted) >> np.uint64(32)).astype(np.uint32)


def ngrams(page: Page, settings: _NgramSettings = NGRAM_SETTINGS) -> list[Grams]:
    """The n-grams of a batch by sort, in the order of ``settings``."""
    tokens = page.tokens
    result = []
    count = len(tokens.hashes)
    for size in settings.words:
        value = tokens.hashes.copy()
        for by in range(1, size):
            value[: count - by] = value[: count - by] * np.uint64(0x9FB21C651E98DF25) + tokens.hashes[by:]
        starts = tokens.bounds[:-1]
        result.append(Grams(_key(value, 16 + size), starts, np.maximum(tokens.bounds[1:] - (size - 1), starts)))
    for size in settings.edges:
        some = np.flatnonzero(np.diff(tokens.bounds) >= size)
        for side, base in ((0, tokens.bounds[:-1][some]), (1, tokens.bounds[1:][some] - size)):
            value = np.zeros(len(some), dtype=np.uint64)
            for by in range(size):
                value = value * np.uint64(0x9FB21C651E98DF25) + tokens.hashes[base + by]
            starts = np.searchsorted(some, np.arange(page.count))
            result.append(Grams(_key(value, 32 + 2 * size + side), starts, np.searchsorted(some, np.arange(page.count), side="right")))
    return result
