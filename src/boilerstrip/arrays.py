"""Small array operations over runs of unequal length, which NumPy lacks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ORDER_BITS", "Ints", "order_of", "ranges", "run_sums", "shifted"]

Ints = NDArray[np.int64]

#: Upper bits by which :func:`order_of` sorts. Two of the thousand words of a page share them once in a million pages.
ORDER_BITS = 40


def order_of(hashes: NDArray[np.uint64]) -> Ints:
    """Stable order of hashes by their upper ``ORDER_BITS`` bits.

    Sorting the hash and the place as one integer is several times as fast as ``argsort``.

    >>> order_of(np.array([3 << 60, 1 << 60, 3 << 60], dtype=np.uint64)).tolist()
    [1, 0, 2]
    """
    low = np.uint64(64 - ORDER_BITS)
    if len(hashes) >= 1 << int(low):
        return np.argsort(hashes >> low, kind="stable")
    places = np.arange(len(hashes), dtype=np.uint64)
    both = np.sort(((hashes >> low) << low) | places)
    return (both & np.uint64((1 << int(low)) - 1)).astype(np.int64)


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """The concatenation of ``arange(start, start + length)`` for each pair.

    >>> ranges(np.array([5, 20]), np.array([3, 2])).tolist()
    [5, 6, 7, 20, 21]
    """
    total = int(lengths.sum())
    ends = np.cumsum(lengths)
    result: Ints = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)
    return result


def run_sums(values: NDArray[Any], starts: Ints, ends: Ints) -> NDArray[Any]:
    """Sums of ``values[start:end]`` along axis 0 for ascending, non-overlapping runs; empty runs give 0.

    Booleans and integers are summed as int64, floats in their own type.

    >>> run_sums(np.array([1, 2, 3, 4]), np.array([0, 2, 3]), np.array([2, 2, 4])).tolist()
    [3, 0, 4]
    """
    if values.dtype.kind in "bui":
        dtype: Any = np.int64
    else:
        dtype = values.dtype
    result = np.zeros((len(starts), *values.shape[1:]), dtype=dtype)
    full = np.flatnonzero(ends > starts)
    if len(full):
        # reduceat sums from each index to the next; every second sum is a gap between runs and is not wanted.
        bounds = np.empty(2 * len(full), dtype=np.int64)
        bounds[0::2] = starts[full]
        bounds[1::2] = ends[full]
        if bounds[-1] == len(values):
            bounds = bounds[:-1]
        # A gap of no length would give the element itself at an odd place, which is skipped as well.
        result[full] = np.add.reduceat(values, bounds, axis=0, dtype=dtype)[0::2]
    return result


def shifted(values: NDArray[Any], by: int, document: Ints, fill: float = 0.0) -> NDArray[Any]:
    """``values`` of the paragraph ``by`` places further on in the same document, ``fill`` where there is none.

    Args:
        values: one row a paragraph.
        by: positive for later paragraphs, negative for earlier ones.
        document: index of each paragraph's document.
    """
    result = np.empty_like(values)
    shift_into(result, values, by, document, fill)
    return result


def shift_into(result: NDArray[Any], values: NDArray[Any], by: int, document: Ints, fill: float = 0.0) -> None:
    """Write what :func:`shifted` returns into ``result``."""
    count = len(values)
    if abs(by) >= count:
        result[:] = fill
        return
    here = slice(max(0, -by), count - max(0, by))
    there = slice(max(0, by), count - max(0, -by))
    result[here] = values[there]
    # few paragraphs stand at an edge: to fill their rows again costs less than to leave them out
    result[here][(document[here] != document[there]).nonzero()[0]] = fill
    result[: here.start] = fill
    result[here.stop :] = fill
