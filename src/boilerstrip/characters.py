"""What the pipeline knows of single characters: one table of properties and one of folded forms.

Text is handled as NumPy arrays of code points, so that a property of every character of a batch is one
table look-up. The tables are data of this package, made from the Unicode Character Database by
``training/make_characters.py``, and not asked of the running Python: results must not depend on the Unicode
version that an interpreter was built with.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .installed import read_installed

__all__ = [
    "BULLET",
    "CLOSER",
    "COMBINING",
    "CURRENCY",
    "DIGIT",
    "LETTER",
    "LINE_END",
    "LOWER",
    "OPENER",
    "PICTURE",
    "SENTENCE_END",
    "SPACE",
    "SYMBOL",
    "UNSPACED",
    "UPPER",
    "CharacterTable",
    "character_table",
    "code_points",
]

# Bits of the property table. A character may have several.
LETTER = 1 << 0  # letters and the marks that belong to them: what words are made of, with DIGIT
DIGIT = 1 << 1  # decimal digits of any script
UPPER = 1 << 2  # upper or title case
LOWER = 1 << 3
SPACE = 1 << 4  # white space, line ends included
LINE_END = 1 << 5  # what str.splitlines breaks at
UNSPACED = 1 << 6  # Han, Kana, Thai, Lao, Khmer, Myanmar: each character is a token of its own
SENTENCE_END = 1 << 7  # full stops, question and exclamation marks, ellipsis, of any script
OPENER = 1 << 8  # opening quotes and brackets
CLOSER = 1 << 9  # closing quotes and brackets
BULLET = 1 << 10  # list marks, arrows, pipes
CURRENCY = 1 << 11
PICTURE = 1 << 12  # emoji and dingbats
SYMBOL = 1 << 13  # all other visible characters that are neither letters nor digits
COMBINING = 1 << 14  # dropped before tokens are compared: accents, joiners, bidirectional controls

#: The table covers planes 0 and 1; every later code point shares the last entry but one of two.
_TABLE_SIZE = 0x20000


class CharacterTable(NamedTuple):
    """Properties and folded forms by code point.

    Attributes:
        properties: uint16, bit set of the constants above.
        folded: uint32, the form in which tokens are compared (lower case, no accents, ASCII digits); 0 where the
            character is dropped.
    """

    properties: NDArray[np.uint16]
    folded: NDArray[np.uint32]


@lru_cache(maxsize=1)
def character_table() -> CharacterTable:
    """Read the tables of the package, once a process."""
    raw = read_installed("characters.npz")
    with np.load(BytesIO(raw), allow_pickle=False) as arrays:
        folding = arrays["folding"]
        return CharacterTable(arrays["properties"], folding ^ np.arange(len(folding), dtype=np.uint32))


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of ``text`` as uint32, lone surrogates included.

    >>> code_points("né").tolist()
    [110, 233]
    """
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def table_index(points: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Indices of ``points`` into the tables.

    Planes 2 and 3 (rare Han) share one entry behind the table proper, everything above another one.
    """
    if not len(points) or points.max() < _TABLE_SIZE:
        return points
    beyond = np.where(points < 0x40000, _TABLE_SIZE, _TABLE_SIZE + 1)
    return np.where(points < _TABLE_SIZE, points, beyond).astype(np.uint32)
