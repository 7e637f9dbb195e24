"""Paragraphs to folded characters, tokens and hashes, for a whole batch at once.

Everything that looks at words or character n-grams starts here. A substring's hash is computed from prefix sums
of a polynomial (Karp and Rabin 1987), so that the hash of any token, prefix of a token or n-gram costs two
look-ups and a multiplication, whatever its length.

Of a long paragraph only the beginning and the end are read: what tells wire copy from the rest stands there, and
a line of any length costs the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints, ranges
from .characters import COMBINING, DIGIT, LETTER, UNSPACED, character_table, table_index

__all__ = ["GAP", "HEAD", "TAIL", "Hashes", "Tokens", "View", "hash_words", "mixed", "tokenize", "view_of"]

Hashes = NDArray[np.uint64]

#: Characters read at the beginning and at the end of a paragraph. Together with the gap between them they stay below
#: 257, so that a paragraph's n-grams can be summed in 16 bits (see model.py).
HEAD, TAIL = 162, 90

_BASE = 0x9E3779B97F4A7C15 | 1
_MASK = (1 << 64) - 1
_BREAK = 10  # stands around each paragraph in a view
#: Stands for what is not read of a long paragraph. No character of any text, and a token of its own, so that neither
#: words nor phrases are made of what stands before and after it.
GAP, _GAP_PROPERTIES = 0x110000, LETTER | UNSPACED


class View(NamedTuple):
    """What is read of each paragraph: folded characters between line feeds, with a mark for what is left out.

    Attributes:
        folded: uint32, folded characters of all paragraphs.
        properties: uint16, of the same characters.
        source: int64, index of each of them in the batch's ``points``; the line feeds repeat their neighbour's.
        starts: int64, first character of each paragraph (its line feed stands before).
        ends: int64, the place of the line feed after it.
        prefix: uint64, ``prefix[i]`` is the polynomial of ``folded[:i]``; one more than characters.
        inverse: uint64, inverse powers of the base, to move a difference of prefixes to the origin.
    """

    folded: NDArray[np.uint32]
    properties: NDArray[np.uint16]
    source: Ints
    starts: Ints
    ends: Ints
    prefix: Hashes
    inverse: Hashes

    def hashes(self, starts: Ints, ends: Ints) -> Hashes:
        """Hashes of ``folded[start:end]``, not yet mixed."""
        return (self.prefix[ends] - self.prefix[starts]) * self.inverse[starts]


class Tokens(NamedTuple):
    """Words, numbers, and single characters of scripts without spaces.

    Attributes:
        starts, ends: int64, into the view.
        hashes: uint64, mixed: all bits are usable.
        paragraph: int64, index of the paragraph.
        bounds: int64, tokens ``bounds[i]:bounds[i + 1]`` belong to paragraph ``i``.
    """

    starts: Ints
    ends: Ints
    hashes: Hashes
    paragraph: Ints
    bounds: Ints


def mixed(values: Hashes) -> Hashes:
    """Spread the bits of raw hashes (the finaliser of MurmurHash3, shortened to one round)."""
    values = values ^ (values >> np.uint64(31))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    return values ^ (values >> np.uint64(29))


@lru_cache(maxsize=4)
def _powers(size: int) -> tuple[Hashes, Hashes]:
    """Powers of the base and of its inverse modulo 2**64, ``size`` of each."""
    powers = np.full(size, _BASE, dtype=np.uint64)
    inverse = np.full(size, pow(_BASE, -1, 1 << 64), dtype=np.uint64)
    powers[0] = inverse[0] = 1
    return np.cumprod(powers), np.cumprod(inverse)


def view_of(points: NDArray[np.uint32], starts: Ints, ends: Ints, head: int = HEAD, tail: int = TAIL) -> View:
    """Fold the beginnings and ends of paragraphs.

    Args:
        points: code points of a batch.
        starts, ends: the paragraphs.
        head, tail: how many characters are read at either side of a paragraph that is longer than both together.
    """
    count = len(starts)
    length = ends - starts
    long = length > head + tail
    piece_starts = np.empty(2 * count, dtype=np.int64)
    piece_lengths = np.zeros(2 * count, dtype=np.int64)
    piece_starts[0::2] = starts - 1  # one character more on either side is room for the line feeds
    piece_lengths[0::2] = np.where(long, head + 1, length + 2)
    piece_starts[1::2] = np.where(long, ends - tail - 1, 0)  # one more before is room for the gap
    piece_lengths[1::2] = np.where(long, tail + 2, 0)
    source = ranges(piece_starts, piece_lengths)
    np.clip(source, 0, max(len(points) - 1, 0), out=source)
    table = character_table()
    at = table_index(points[source])
    properties, folded = table.properties[at], table.folded[at]
    total = piece_lengths[0::2] + piece_lengths[1::2]
    after = np.cumsum(total)
    edges = np.concatenate([after - total, after - 1])
    folded[edges] = _BREAK
    properties[edges] = 0
    gaps = (after - piece_lengths[1::2])[long]
    folded[gaps] = GAP
    properties[gaps] = _GAP_PROPERTIES
    kept = folded != 0
    if not kept.all():
        position = np.cumsum(kept)
        folded, properties, source = folded[kept], properties[kept], source[kept]
        after = position[after - 1] if count else after
        total = np.diff(after, prepend=0)
    powers, inverse = _powers(_rounded(len(folded) + 1))
    prefix = np.zeros(len(folded) + 1, dtype=np.uint64)
    np.cumsum(folded.astype(np.uint64) * powers[: len(folded)], out=prefix[1:])
    return View(folded, properties, source, after - total + 1, after - 1, prefix, inverse)


def _rounded(size: int) -> int:
    """The next power of two: few sizes, so that the tables of powers are found again."""
    return 1 << max(12, (size - 1).bit_length())


def tokenize(view: View) -> Tokens:
    """Find the tokens of every paragraph of a view."""
    inside = (view.properties & (LETTER | DIGIT)) > 0
    single = (view.properties & UNSPACED) > 0
    before_inside = np.zeros_like(inside)
    before_inside[1:] = inside[:-1]
    before_single = np.zeros_like(single)
    before_single[1:] = single[:-1]
    begins = inside & (~before_inside | single | before_single)
    stops = before_inside & (~inside | single | before_single)
    starts, ends = np.flatnonzero(begins), np.flatnonzero(stops)
    bounds = np.searchsorted(starts, np.append(view.starts, len(view.folded)))
    paragraph = np.repeat(np.arange(len(view.starts)), np.diff(bounds))
    return Tokens(starts, ends, mixed(view.hashes(starts, ends)), paragraph, bounds)


def hash_words(words: list[str]) -> Hashes:
    """Mixed hashes of single words as :func:`tokenize` would give them.

    >>> bool(hash_words(["Été", "ETE"])[0] == hash_words(["été"])[0])
    True
    """
    result = []
    table = character_table().folded
    for word in words:
        value, power = 0, 1
        for char in word:
            point = ord(char)
            folded = int(table[point if point < 0x20000 else 0x20000 if point < 0x40000 else 0x20001])
            if folded:
                value = (value + folded * power) & _MASK
                power = (power * _BASE) & _MASK
        result.append(value)
    return mixed(np.array(result, dtype=np.uint64))


def is_token_character(char: str) -> bool:
    """Whether ``char`` can stand in a token or is dropped without ending one."""
    point = ord(char)
    bits = int(character_table().properties[point if point < 0x20000 else 0x20000 if point < 0x40000 else 0x20001])
    return bool(bits & (LETTER | DIGIT | COMBINING))
