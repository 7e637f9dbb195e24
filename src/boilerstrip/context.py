"""A paragraph among its neighbours: inputs of the second stage from the answers of the first.

What a lone name, another story's headline or the thanks at the end of an appeal are is decided by what stands
around them. The second stage therefore sees, beside the paragraph's own measures and first answers, the first
answers for its neighbours one by one and summed over windows (stacked sequential learning, Cohen and Carvalho 2005).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints, shift_into
from .features import MEASURES

__all__ = ["NEIGHBOUR_MEASURES", "context_inputs", "context_names"]

#: Neighbours that are seen one by one, and those whose measures are seen too.
_NEIGHBOURS = (-4, -3, -2, -1, 1, 2, 3, 4)
#: ... in full, and in part (:data:`NEIGHBOUR_MEASURES`).
_NEXT, _MEASURED = (-1, 1), (-2, 2)
#: Widths in paragraphs of the windows before and after over which answers are averaged.
_WINDOWS = (7, 24)
#: First answers below this log-probability are all the same.
_FLOOR = -10.0

#: Measures of the neighbours that the second stage sees.
NEIGHBOUR_MEASURES = (
    "chars", "tokens", "long", "ends_sentence", "ends_colon", "starts_bullet", "shared_long", "shared", "title_tokens",
    "starts_upper", "run", "gap_before", "cover_function", "has_colon", "digit", "whole_related", "whole_interface",
    "cue_said", "cue_you", "cue_we",
)  # fmt: skip

_AT = [MEASURES.index(name) for name in NEIGHBOUR_MEASURES]


def context_names(classes: tuple[str, ...], extra: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the columns of :func:`context_inputs`.

    Args:
        classes: the classes of the first stage.
        extra: names of further columns of the paragraph itself (rules).
    """
    names = [*MEASURES, *extra, *(f"own {name}" for name in classes)]
    names += [f"{by:+d} is {name}" for by in _NEIGHBOURS for name in classes]
    names += [f"{by:+d} {name}" for by in _NEXT for name in MEASURES]
    names += [f"{by:+d} {name}" for by in _MEASURED for name in NEIGHBOUR_MEASURES]
    names += [f"{side} {width} {name}" for width in _WINDOWS for side in ("before", "after") for name in classes]
    return (*names, *(f"document {name}" for name in classes))


def context_inputs(
    measures: NDArray[np.float32], extra: NDArray[Any], scores: NDArray[np.float32], documents: Ints, bounds: Ints
) -> NDArray[np.float32]:
    """Inputs of the second stage.

    Args:
        measures: ``(paragraphs, measures)``.
        extra: ``(paragraphs, further columns)``.
        scores: ``(paragraphs, classes)``, log-probabilities of the first stage.
        documents: document of each paragraph.
        bounds: paragraphs ``bounds[i]:bounds[i + 1]`` are document ``i``.
    """
    answers = np.exp(scores)
    count, classes, width = len(measures), answers.shape[1], measures.shape[1]
    # square roots: between 0.01 and 0.1 lies as much as between 0.5 and 0.9
    rooted = np.sqrt(answers)
    near = np.ascontiguousarray(measures[:, _AT])
    columns = width + extra.shape[1] + len(_NEXT) * width + len(_MEASURED) * near.shape[1]
    columns += (1 + len(_NEIGHBOURS) + 2 * len(_WINDOWS) + 1) * classes
    result = np.empty((count, columns), dtype=np.float32)
    at = 0

    def room(size: int) -> NDArray[np.float32]:
        nonlocal at
        at += size
        return result[:, at - size : at]

    room(width)[:] = measures
    room(extra.shape[1])[:] = extra
    room(classes)[:] = np.maximum(scores, _FLOOR) / 3
    for values, steps in ((rooted, _NEIGHBOURS), (measures, _NEXT), (near, _MEASURED)):
        for by in steps:
            shift_into(room(values.shape[1]), values, by, documents)
    running = np.zeros((count + 1, classes))
    np.cumsum(answers, axis=0, out=running[1:])
    here = np.arange(count)
    low, high = bounds[documents], bounds[documents + 1]
    for reach in _WINDOWS:
        first = np.maximum(here - reach, low)
        last = np.minimum(here + 1 + reach, high)
        room(classes)[:] = np.sqrt(_mean(running, first, here, reach))
        room(classes)[:] = np.sqrt(_mean(running, here + 1, last, reach))
    whole = np.maximum(running[bounds[1:]] - running[bounds[:-1]], 0) / np.maximum(np.diff(bounds), 1)[:, None]
    room(classes)[:] = np.sqrt(whole)[documents]
    return result


def _mean(running: NDArray[np.float64], first: Ints, last: Ints, width: int) -> NDArray[np.float64]:
    # divided by the width and not by the number of paragraphs: what is cut off at the document's edge counts as nothing
    # running sums of positive numbers may still fall by a rounding error
    result: NDArray[np.float64] = np.maximum(running[last] - running[first], 0) / width
    return result
