"""The lexicons as the pipeline uses them: hashed phrases, found in all texts of a batch at once.

A phrase is looked up by the hash of its words, so the time depends on the number of tokens and hardly on the
number of phrases: all languages are searched together. Which languages count is then decided for each text by its
function words, and all count where the text is too short to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Ints, ranges
from ..characters import DIGIT, character_table
from ..installed import read_installed
from ..tokens import Hashes, Tokens, View, hash_words, mixed
from .source import SECTIONS, Entry

__all__ = ["Hits", "Lexicon", "compile_entries", "find_phrases", "lexicon"]

_STEP = np.uint64(0x9FB21C651E98DF25)
_AT_START, _AT_END = 1, 2
#: Function words per text that are looked at to tell its languages, and how many must be there to tell at all.
_FUNCTION_SAMPLE, _FUNCTION_ENOUGH = 200, 12
#: ... and the share of a text's tokens that they must be: a language without a lexicon has look-alikes of other
#: languages' words, but few. The written samples have 0.05 (Korean) to 0.4 (French, English).
_FUNCTION_DENSITY = 0.03
#: A language counts for a text if it explains at least this share of the function words that the best one explains.
#: 0.6 lets close relatives stay together (Danish and Norwegian, Spanish and Portuguese) and English phrases fall out
#: of German texts; checked on the written samples, where it keeps the true language in 99.6% of the documents.
_FUNCTION_SHARE = 0.6


#: Bits by which tables are entered: some 100,000 phrases leave most places of the table of keys empty.
_REACH_BITS, _PLACE_BITS, _HEAD_BITS, _PRESENT_BITS = 17, 18, 16, 20
#: Characters of a stem by which it is first looked for.
_HEAD = 3


class Lexicon(NamedTuple):
    """Compiled phrases.

    Attributes:
        languages: codes; bit ``i`` of a mask is the ``i``-th.
        keys: uint64, sorted: hashes of phrases, stems and whole words apart.
        rows: int64, rows ``rows[i]:rows[i + 1]`` of the following arrays belong to ``keys[i]``.
        section: uint8, index into ``SECTIONS``.
        anchors: uint8, bits: 1 at the start, 2 at the end of a paragraph.
        mask: uint64, languages.
        places: int32, keys with the upper bits ``b`` are ``keys[places[b]:places[b + 1]]``.
        present: bool, whether any key has these upper bits.
        reach: uint8, by the upper bits of a token's hash: words of the longest phrase that begins with it.
        pairs: uint8, the same for the first two words.
        heads: uint32, by the upper bits of the hash of a word's first three characters: bit ``n`` is set if stems of
            ``n`` characters begin so.
        stems: for each length of a phrase in words the lengths of the stems at its end, in characters.
    """

    languages: tuple[str, ...]
    keys: Hashes
    rows: Ints
    section: NDArray[np.uint8]
    anchors: NDArray[np.uint8]
    mask: Hashes
    places: NDArray[np.int32]
    present: NDArray[np.bool_]
    reach: NDArray[np.uint8]
    pairs: NDArray[np.uint8]
    heads: NDArray[np.uint32]
    stems: tuple[tuple[int, ...], ...]


class Hits(NamedTuple):
    """Phrases found in a batch, ordered by token.

    Attributes:
        token: int64, first token.
        words: int64, number of tokens.
        section: uint8, index into ``SECTIONS``.
        whole: bool, the phrase is the whole paragraph (numbers and marks aside).
        first: bool, the paragraph begins with it.
        language: int64 for each document, index of its likeliest language; -1 where its function words do not tell.
    """

    token: Ints
    words: Ints
    section: NDArray[np.uint8]
    whole: NDArray[np.bool_]
    first: NDArray[np.bool_]
    language: Ints


def compile_entries(entries: Sequence[Entry]) -> dict[str, NDArray[np.generic]]:
    """Turn entries into the arrays that are stored; :func:`_assembled` makes a :class:`Lexicon` of them."""
    languages = sorted({entry.language for entry in entries})
    if len(languages) > 64:
        raise ValueError("a mask of languages has 64 bits")
    merged: dict[tuple[int, int, int], int] = {}
    firsts: dict[int, int] = {}
    seconds: dict[int, int] = {}
    stems: set[tuple[int, int]] = set()
    stem_words: set[str] = set()
    for entry in entries:
        hashes = hash_words(list(entry.words))
        length = len(hashes)
        key = int(_combined(hashes[None, :], entry.stem)[0])
        anchors = _AT_START * entry.at_start + _AT_END * entry.at_end
        row = (key, SECTIONS.index(entry.section), anchors)
        merged[row] = merged.get(row, 0) | 1 << languages.index(entry.language)
        if entry.stem:
            stems.add((length, len(_kept(entry.words[-1]))))
            stem_words.add(entry.words[-1])
        if length > 1:
            head = int(hashes[0])
            firsts[head] = max(firsts.get(head, 0), length)
            if length > 2 or not entry.stem:
                pair = int(_combined(hashes[None, :2], False)[0])
                seconds[pair] = max(seconds.get(pair, 0), length)
    rows = sorted(merged)
    keys, first = np.unique(np.array([row[0] for row in rows], dtype=np.uint64), return_index=True)
    return {
        "languages": np.array(languages),
        "keys": keys,
        "rows": np.append(first, len(rows)).astype(np.int32),
        "section": np.array([row[1] for row in rows], dtype=np.uint8),
        "anchors": np.array([row[2] for row in rows], dtype=np.uint8),
        "mask": np.array([merged[row] for row in rows], dtype=np.uint64),
        "reach": _reach(firsts),
        "pairs": _reach(seconds),
        "heads": _heads(sorted(stem_words)),
        "stems": np.array(sorted(stems), dtype=np.uint8).reshape(-1, 2),
    }


def _reach(longest: dict[int, int]) -> NDArray[np.uint8]:
    table = np.zeros(1 << _REACH_BITS, dtype=np.uint8)
    hashes = np.array(list(longest), dtype=np.uint64)
    np.maximum.at(table, hashes >> np.uint64(64 - _REACH_BITS), np.array(list(longest.values()), dtype=np.uint8))
    return table


def _heads(stems: list[str]) -> NDArray[np.uint32]:
    table = np.zeros(1 << _HEAD_BITS, dtype=np.uint32)
    for stem in stems:
        kept = _kept(stem)
        size = np.uint32(1 << min(len(kept), 31))
        if len(kept) < _HEAD:
            table |= size  # too short to be looked for by its head: every word may begin so
        else:
            (head,) = hash_words([kept[:_HEAD]])
            table[int(head >> np.uint64(64 - _HEAD_BITS))] |= size
    return table


def _kept(word: str) -> str:
    """The word without characters that are dropped when text is folded."""
    folded = character_table().folded
    return "".join(char for char in word if folded[min(ord(char), 0x20000)])


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The package's lexicon, read once a process."""
    raw = read_installed("lexicon/compiled.npz")
    with np.load(BytesIO(raw), allow_pickle=False) as arrays:
        return _assembled({name: arrays[name] for name in arrays.files})


def _assembled(arrays: dict[str, NDArray[np.generic]]) -> Lexicon:
    stems = arrays["stems"].astype(np.int64)
    keys = arrays["keys"].astype(np.uint64, copy=False)
    places = np.zeros((1 << _PLACE_BITS) + 1, dtype=np.int32)
    at = (keys >> np.uint64(64 - _PLACE_BITS)).astype(np.int64)
    np.cumsum(np.bincount(at, minlength=1 << _PLACE_BITS), out=places[1:])
    present = np.zeros(1 << _PRESENT_BITS, dtype=np.bool_)
    present[keys >> np.uint64(64 - _PRESENT_BITS)] = True
    return Lexicon(
        tuple(str(code) for code in arrays["languages"]),
        keys,
        arrays["rows"].astype(np.int64),
        arrays["section"].astype(np.uint8, copy=False),
        arrays["anchors"].astype(np.uint8, copy=False),
        arrays["mask"].astype(np.uint64, copy=False),
        places,
        present,
        arrays["reach"].astype(np.uint8, copy=False),
        arrays["pairs"].astype(np.uint8, copy=False),
        arrays["heads"].astype(np.uint32, copy=False),
        tuple(tuple(stems[stems[:, 0] == length, 1].tolist()) for length in range(int(stems[:, 0].max(initial=0)) + 1)),
    )


def _find(index: Lexicon, hashes: Hashes) -> tuple[Ints, Ints]:
    """Which of the hashes are keys, in order, and which keys they are."""
    # most are not: one look at a small table tells for nine of ten
    asked = index.present[hashes >> np.uint64(64 - _PRESENT_BITS)].nonzero()[0]
    wanted = hashes[asked]
    place = wanted >> np.uint64(64 - _PLACE_BITS)
    here, end = index.places[place], index.places[place + np.uint64(1)]
    found: list[tuple[Ints, Ints]] = []
    while len(asked):
        key = index.keys[here]
        hit = (key == wanted).nonzero()[0]
        found.append((asked[hit], here[hit].astype(np.int64)))
        here = here + np.int32(1)
        left = ((key < wanted) & (here < end)).nonzero()[0]  # the keys are sorted: past a larger one there is none
        asked, here, end, wanted = asked[left], here[left], end[left], wanted[left]
    if not found:
        return asked, asked
    at, keys = np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])
    order = np.argsort(at)
    return at[order], keys[order]


def _combined(hashes: Hashes, stem: bool) -> Hashes:
    """Hash of each row of words."""
    value = np.zeros(len(hashes), dtype=np.uint64)
    for column in range(hashes.shape[1]):
        value = value * _STEP + hashes[:, column]
    return _closed(value, hashes.shape[1], stem)


def _closed(value: Hashes, length: int, stem: bool) -> Hashes:
    return mixed(value + np.uint64(2 * length + stem))


def find_phrases(view: View, tokens: Tokens, documents: Ints, count: int, index: Lexicon | None = None) -> Hits:
    """Find the phrases of the lexicon in a batch.

    Args:
        view, tokens: the batch.
        documents: int64, document of each paragraph.
        count: number of documents.
        index: the phrases; the package's own by default.
    """
    index = lexicon() if index is None else index
    starts, words, keys = _matches(index, view, tokens)
    # every key may stand in several sections
    many = np.diff(index.rows)[keys]
    row = ranges(index.rows[keys], many)
    starts, words = np.repeat(starts, many), np.repeat(words, many)
    first, last = _edges(view, tokens)
    paragraph = tokens.paragraph[starts]
    # numbers and marks at the edges are looked past, unless the phrase itself has them
    at_start = (starts == first[paragraph]) | (starts == tokens.bounds[paragraph])
    at_end = (starts + words - 1 == last[paragraph]) | (starts + words == tokens.bounds[paragraph + 1])
    anchors = index.anchors[row]
    good = ((anchors & _AT_START) == 0) | at_start
    good &= ((anchors & _AT_END) == 0) | at_end
    section = index.section[row]
    sizes = np.bincount(documents[tokens.paragraph], minlength=count)
    allowed, language = _languages(index, section, index.mask[row], documents[paragraph], sizes)
    # What is a set phrase from end to end is one whatever the language around it: pages of every language say
    # "All rights reserved." in English.
    whole = at_start & at_end
    good &= whole | ((index.mask[row] & allowed[documents[paragraph]]) != 0)
    order = np.flatnonzero(good)
    order = order[np.argsort(starts[order], kind="stable")]
    return Hits(starts[order], words[order], section[order], whole[order], at_start[order], language)


def _matches(index: Lexicon, view: View, tokens: Tokens) -> tuple[Ints, Ints, Ints]:
    """First tokens, lengths in words, and keys of all matches, whatever their anchors and languages."""
    asked: list[tuple[Ints, int, Hashes]] = []
    total = len(tokens.hashes)
    everywhere = np.arange(total)
    room = tokens.ends - tokens.starts
    head = mixed(view.hashes(tokens.starts, tokens.starts + np.minimum(room, _HEAD)))
    sizes = index.heads[head >> np.uint64(64 - _HEAD_BITS)]

    def ask_stems(at: Ints, length: int, before: Hashes) -> None:
        if length >= len(index.stems):
            return
        some = sizes[at + (length - 1)].nonzero()[0]
        at, before = at[some], before[some]
        last = at + (length - 1)
        # the bits of the lengths that the last word has room for
        having = sizes[last] & ((np.uint32(2) << np.minimum(room[last], 31).astype(np.uint32)) - np.uint32(1))
        some_have = int(np.bitwise_or.reduce(having)) if len(having) else 0
        for size in index.stems[length]:
            if not some_have >> min(size, 31) & 1:
                continue
            longer = (having & np.uint32(1 << min(size, 31))).nonzero()[0]
            if size >= 31:  # one bit for all of them
                longer = longer[room[last[longer]] >= size]
            begin = tokens.starts[last[longer]]
            hashes = before[longer] * _STEP + mixed(view.hashes(begin, begin + size))
            asked.append((at[longer], length, _closed(hashes, length, True)))

    asked.append((everywhere, 1, _closed(tokens.hashes, 1, False)))
    ask_stems(everywhere, 1, np.zeros(total, dtype=np.uint64))
    shift = np.uint64(64 - _REACH_BITS)
    reach = index.reach[tokens.hashes >> shift]
    at = (reach >= 2).nonzero()[0]
    hashes, reach, length = tokens.hashes[at], reach[at], 2
    while len(at):
        inside = ((reach >= length) & (at + (length - 1) < total)).nonzero()[0]
        at, hashes, reach = at[inside], hashes[inside], reach[inside]
        same = (tokens.paragraph[at] == tokens.paragraph[at + (length - 1)]).nonzero()[0]
        at, hashes, reach = at[same], hashes[same], reach[same]
        ask_stems(at, length, hashes)
        hashes = hashes * _STEP + tokens.hashes[at + (length - 1)]
        closed = _closed(hashes, length, False)
        asked.append((at, length, closed))
        if length == 2:
            reach = index.pairs[closed >> shift]
        length += 1
    # asked at once: a look-up of its own for each length would cost more in calls than in work
    hit, keys = _find(index, np.concatenate([part[2] for part in asked]))
    starts = np.concatenate([part[0] for part in asked])[hit]
    words = np.repeat([part[1] for part in asked], [len(part[0]) for part in asked])[hit]
    return starts, words, keys


def _edges(view: View, tokens: Tokens) -> tuple[Ints, Ints]:
    """First and last token of each paragraph that is no number; its first and last where all are."""
    count = len(tokens.bounds) - 1
    first, last = tokens.bounds[:-1].copy(), tokens.bounds[1:] - 1
    named = np.zeros(0, dtype=np.int64)
    if len(tokens.starts):
        named = np.flatnonzero((view.properties[tokens.starts] & DIGIT) == 0)
    begin, end = np.searchsorted(named, tokens.bounds[:-1]), np.searchsorted(named, tokens.bounds[1:])
    some = np.arange(count)[end > begin]
    first[some], last[some] = named[begin[some]], named[end[some] - 1]
    return first, last


def _languages(
    index: Lexicon, section: NDArray[np.uint8], mask: Hashes, document: Ints, sizes: Ints
) -> tuple[Hashes, Ints]:
    """Mask of the languages that count for each document, and the likeliest; ``sizes`` in tokens."""
    count = len(sizes)
    at = np.flatnonzero(section == SECTIONS.index("function"))
    at = at[np.argsort(document[at], kind="stable")]
    begin = np.searchsorted(document[at], np.arange(count + 1))
    rank = np.arange(len(at)) - begin[document[at]]
    # spread the sample over the document: the story may begin after a menu in another language
    step = np.maximum(np.diff(begin) // _FUNCTION_SAMPLE, 1)
    at = at[rank % step[document[at]] == 0]
    bits = np.unpackbits(mask[at].astype("<u8").view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    votes = np.zeros((count, 64), dtype=np.int64)
    begin = np.searchsorted(document[at], np.arange(count))
    end = np.searchsorted(document[at], np.arange(count), side="right")
    some = np.flatnonzero(end > begin)
    if len(some):
        votes[some] = np.add.reduceat(bits, begin[some], axis=0, dtype=np.int64)
    best = votes.max(axis=1, initial=0)
    enough = (best >= _FUNCTION_ENOUGH) & (best * step >= _FUNCTION_DENSITY * sizes)
    allowed = votes >= _FUNCTION_SHARE * best[:, None]
    allowed |= ~enough[:, None]
    packed = np.packbits(allowed, axis=1, bitorder="little").view("<u8").ravel().astype(np.uint64)
    return packed, np.where(enough, votes.argmax(axis=1), -1)
