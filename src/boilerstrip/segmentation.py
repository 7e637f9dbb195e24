"""Text to paragraphs with offsets, and back without loss.

A paragraph is a line with something in it, or, where the text is hard-wrapped, a block of such lines between
blank ones. Paragraphs keep their indentation and trailing spaces: together with the separators between them
(line ends and blank lines) they are the text, character for character.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints, run_sums
from .characters import LINE_END, LOWER, SPACE, UNSPACED, UPPER, character_table, code_points, table_index

__all__ = ["Batch", "Segmentation", "batch_of", "join", "segment", "split"]

#: How many characters are classified at once: bounds the temporary arrays of a text of any length.
_CHUNK = 1 << 22

#: A text is hard-wrapped if its longest line has a length in this range. Mail wraps at 72 to 78, old Usenet and
#: Gutenberg texts at 60 to 80, source-code tools at up to 100, newspaper telegrams at 40.
_WIDTHS = (30, 112)
#: ... and so many line breaks inside blocks stand where the next word no longer fitted (greedy filling). Texts whose
#: lines are paragraphs of their own reach 0.2 to 0.5 by chance; textwrap, fmt and par reach 0.95 to 1.0.
_FILLED_SHARE = 0.85
#: ... with at least so many breaks seen in a text with blank lines, and in one without.
_BREAKS_WITH_BLANKS, _BREAKS_WITHOUT = 3, 6
#: ... and in scripts with case at least this share of the broken lines go on in lower case: headlines do not. German
#: with its capital nouns reaches 0.33 in texts of a few breaks.
_CONTINUED_SHARE = 0.3


class Batch(NamedTuple):
    """Texts laid one after the other, with a line feed after each.

    Attributes:
        points: uint32, code points of all texts.
        offsets: int64, where each text starts in ``points``; one more entry than texts, the last is ``len(points)``.
    """

    points: NDArray[np.uint32]
    offsets: Ints


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The paragraphs of a batch of texts.

    Attributes:
        starts: int64, first character of each paragraph in the batch's ``points``.
        ends: int64, the place after its last character.
        bounds: int64, paragraphs ``bounds[i]:bounds[i + 1]`` belong to text ``i``.
        gaps: int64, number of blank lines before each paragraph.
        wrapped: bool, for each text whether its paragraphs are blocks of lines.
    """

    starts: Ints
    ends: Ints
    bounds: Ints
    gaps: Ints
    wrapped: NDArray[np.bool_]

    @property
    def documents(self) -> Ints:
        """Index of the text that each paragraph belongs to."""
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))


class _Lines(NamedTuple):
    """All lines of a batch, blank ones too. ``next`` is where the following line starts."""

    starts: Ints
    ends: Ints
    document: Ints
    blank: NDArray[np.bool_]


def batch_of(texts: Sequence[str]) -> Batch:
    """Lay texts one after the other.

    >>> batch_of(["ab", ""]).offsets.tolist()
    [0, 3, 4]
    """
    lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Batch(code_points("\n".join([*texts, ""])), offsets)


def segment(batch: Batch, mode: str = "auto") -> Segmentation:
    """Find the paragraphs of every text of a batch.

    Args:
        batch: the texts.
        mode: ``"lines"``, ``"blocks"``, or ``"auto"`` to decide for each text.
    """
    lines = _lines(batch)
    count = len(batch.offsets) - 1
    wrapped = _wrapped(batch, lines) if mode == "auto" else np.full(count, mode == "blocks")
    full = np.flatnonzero(~lines.blank)
    document = lines.document[full]
    follows = np.zeros(len(full), dtype=bool)  # the line goes on with the paragraph of the line before
    if len(full) > 1:
        follows[1:] = (np.diff(full) == 1) & (document[1:] == document[:-1]) & wrapped[document[1:]]
    first = np.flatnonzero(~follows)
    last = np.append(first[1:], len(full)) - 1 if len(first) else first
    heads = full[first]
    starts, ends, document = lines.starts[heads], lines.ends[full[last]], document[first]
    bounds = np.searchsorted(document, np.arange(count + 1))
    gaps = np.zeros(len(first), dtype=np.int64)
    if len(first) > 1:
        gaps[1:] = np.where(document[1:] == document[:-1], heads[1:] - full[last[:-1]] - 1, 0)
    return Segmentation(starts, ends, bounds, gaps, wrapped)


def split(text: str, mode: str = "auto") -> tuple[list[str], list[str]]:
    """The paragraphs of one text and the separators around them.

    Returns:
        ``n`` paragraphs and ``n + 1`` separators: before the first, between neighbours, after the last.

    >>> split("A headline\\n\\nA story.\\n")
    (['A headline', 'A story.'], ['', '\\n\\n', '\\n'])
    """
    found = segment(batch_of([text]), mode)
    starts, ends = found.starts.tolist(), found.ends.tolist()
    paragraphs = [text[a:b] for a, b in zip(starts, ends, strict=True)]
    separators = [text[a:b] for a, b in zip([0, *ends], [*starts, len(text)], strict=True)]
    return paragraphs, separators


def join(paragraphs: Sequence[str], separators: Sequence[str]) -> str:
    """The exact inverse of :func:`split`.

    >>> join(*split(" a\\r\\n\\tb\\n\\n"))
    ' a\\r\\n\\tb\\n\\n'
    """
    pieces = [separators[0]]
    for paragraph, separator in zip(paragraphs, separators[1:], strict=True):
        pieces += (paragraph, separator)
    return "".join(pieces)


def _lines(batch: Batch) -> _Lines:
    points = batch.points
    table = character_table().properties
    marks = [
        np.flatnonzero(table[table_index(points[at : at + _CHUNK])] & LINE_END) + at
        for at in range(0, len(points), _CHUNK)
    ]
    stops = np.concatenate(marks) if marks else np.zeros(0, dtype=np.int64)
    # The line feed that this module put after each text is no part of a line end of the text.
    last = batch.offsets[1:] - 1
    joint = np.zeros(len(stops), dtype=bool)
    joint[np.searchsorted(stops, last)] = True
    # CR LF is one line end: the line feed is skipped, and the next line starts after it.
    feed = (points[stops] == 10) & ~joint
    feed[feed] = points[np.maximum(stops[feed] - 1, 0)] == 13
    feed &= stops > batch.offsets[np.searchsorted(batch.offsets, stops, side="right") - 1]
    starts = np.empty(len(stops), dtype=np.int64)
    starts[:1] = 0
    starts[1:] = stops[:-1] + 1
    # where the stop before is the carriage return of a pair, this stop is its line feed and no line of its own
    starts, ends = starts[~feed], stops[~feed]
    blank = starts == ends
    doubtful = np.flatnonzero(~blank)
    doubtful = doubtful[(table[table_index(points[starts[doubtful]])] & SPACE) > 0]
    if len(doubtful):
        for part in np.array_split(doubtful, 1 + int((ends[doubtful] - starts[doubtful]).sum()) // _CHUNK):
            blank[part] = _all_space(points, starts[part], ends[part])
    document = np.searchsorted(batch.offsets, starts, side="right") - 1
    return _Lines(starts, ends, document, blank)


def _all_space(points: NDArray[np.uint32], starts: Ints, ends: Ints) -> NDArray[np.bool_]:
    if not len(starts):
        return np.zeros(0, dtype=bool)
    low, high = int(starts[0]), int(ends[-1])
    solid = (character_table().properties[table_index(points[low:high])] & SPACE) == 0
    result: NDArray[np.bool_] = run_sums(solid, starts - low, ends - low) == 0
    return result


def _wrapped(batch: Batch, lines: _Lines) -> NDArray[np.bool_]:
    """For each text whether its lines were broken at a width by a program.

    A program that fills lines breaks where the next word would not fit: then line + space + first word of the next
    line is longer than the longest line. That holds at nearly every break of a wrapped text.
    """
    count = len(batch.offsets) - 1
    result = np.zeros(count, dtype=bool)
    lengths = lines.ends - lines.starts
    if not len(lengths):
        return result
    first_line = np.searchsorted(lines.document, np.arange(count))
    width = np.maximum.reduceat(lengths, first_line)
    possible = (width >= _WIDTHS[0]) & (width <= _WIDTHS[1])
    inner = np.zeros(len(lengths), dtype=bool)
    inner[:-1] = ~lines.blank[:-1] & ~lines.blank[1:] & (lines.document[1:] == lines.document[:-1])
    inner &= possible[lines.document]
    at = np.flatnonzero(inner)
    if not len(at):
        return result
    document = lines.document[at]
    word, lower, cased = _first_words(batch.points, lines.starts[at + 1], lines.ends[at + 1])
    filled = lengths[at] + word > width[document]
    breaks = np.bincount(document, minlength=count)
    between = lines.blank.copy()
    between[np.append(first_line[1:], len(lengths)) - 1] = False  # what stands behind a final line end is no line
    has_blank = np.bincount(lines.document[between], minlength=count) > 0
    enough = np.where(has_blank, _BREAKS_WITH_BLANKS, _BREAKS_WITHOUT)
    share = np.bincount(document, filled, minlength=count) / np.maximum(breaks, 1)
    with_case = np.bincount(document, cased, minlength=count)
    going_on = np.bincount(document, lower, minlength=count) / np.maximum(with_case, 1)
    uncased = with_case == 0
    continued = uncased | (going_on >= _CONTINUED_SHARE)
    wrapped: NDArray[np.bool_] = possible & (breaks >= enough) & (share >= _FILLED_SHARE) & continued
    return wrapped


def _first_words(
    points: NDArray[np.uint32], starts: Ints, ends: Ints
) -> tuple[Ints, NDArray[np.bool_], NDArray[np.bool_]]:
    """Room that the first word of each line needs, whether it begins in lower case, and whether it has case.

    A word may also be broken after a hyphen, and scripts without spaces break at any character.
    """
    table = character_table().properties
    reach = np.minimum(ends - starts, _WIDTHS[1])
    columns = np.arange(_WIDTHS[1])
    inside = columns < reach[:, None]
    window = points[np.where(inside, starts[:, None] + columns, starts[:, None])]
    kinds = table[table_index(window.ravel())].reshape(window.shape)
    space = ((kinds & SPACE) > 0) | ~inside
    indent = np.argmin(space, axis=1)
    after = columns >= indent[:, None]
    stop = np.where((space & after).any(axis=1), np.argmax(space & after, axis=1), reach)
    hyphen = (window == ord("-")) & after & (columns < stop[:, None])
    broken = np.where(hyphen.any(axis=1), np.argmax(hyphen, axis=1) + 1, stop)
    first = kinds[np.arange(len(starts)), np.minimum(indent, _WIDTHS[1] - 1)]
    unspaced = (first & UNSPACED) > 0
    room = np.where(unspaced, 1, 1 + broken - indent)
    return room.astype(np.int64), (first & LOWER) > 0, (first & (LOWER | UPPER)) > 0
