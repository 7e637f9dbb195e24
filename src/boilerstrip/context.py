"""A paragraph among its neighbours: inputs of the second stage from the answers of the first.

What a lone name, another story's headline or the thanks at the end of an appeal are is decided by what stands
around them. The second stage therefore sees, beside the paragraph's own measures and first answers, the first
answers for its neighbours one by one and summed over windows (stacked sequential learning, Cohen and Carvalho 2005).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints, shifted
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
    parts: list[NDArray[Any]] = [measures, extra.astype(np.float32), np.maximum(scores, _FLOOR) / 3]
    # square roots: between 0.01 and 0.1 lies as much as between 0.5 and 0.9
    rooted = np.sqrt(answers)
    parts += [shifted(rooted, by, documents) for by in _NEIGHBOURS]
    parts += [shifted(measures, by, documents) for by in _NEXT]
    near = np.ascontiguousarray(measures[:, _AT])
    parts += [shifted(near, by, documents) for by in _MEASURED]
    running = np.zeros((len(answers) + 1, answers.shape[1]))
    np.cumsum(answers, axis=0, out=running[1:])
    here = np.arange(len(answers))
    low, high = bounds[documents], bounds[documents + 1]
    for width in _WINDOWS:
        first = np.maximum(here - width, low)
        last = np.minimum(here + 1 + width, high)
        parts.append(np.sqrt(_mean(running, first, here, width)))
        parts.append(np.sqrt(_mean(running, here + 1, last, width)))
    whole = np.maximum(running[bounds[1:]] - running[bounds[:-1]], 0) / np.maximum(np.diff(bounds), 1)[:, None]
    parts.append(np.sqrt(whole)[documents])
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _mean(running: NDArray[np.float64], first: Ints, last: Ints, width: int) -> NDArray[np.float64]:
    # divided by the width and not by the number of paragraphs: what is cut off at the document's edge counts as nothing
    # running sums of positive numbers may still fall by a rounding error
    result: NDArray[np.float64] = np.maximum(running[last] - running[first], 0) / width
    return result
