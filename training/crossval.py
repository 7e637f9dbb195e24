"""Site-grouped cross-validation of the whole system, and the out-of-fold answers that training needs.

The second stage learns from first answers that were given out of fold. Inside a fold of cross-validation they must
come from models that saw neither the paragraph's own fold nor the one that is held out: with five folds these are the
ten models that leave out two folds, shared by all.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from multiprocessing import get_context

import numpy as np
from corpora import Document
from fitting import (
    FOLDS,
    Features,
    alike,
    apply_first,
    apply_second,
    features_of,
    fit_first,
    fit_second,
    folds_of,
    sharpness_of,
    transitions_of,
)
from metrics import Prediction
from numpy.typing import NDArray

from boilerstrip import Config, Kind, Label
from boilerstrip.decoding import decide, smooth
from boilerstrip.model import CLASSES

_KINDS, _LABELS = tuple(Kind), tuple(Label)
Floats = NDArray[np.float32]

#: What the worker processes work on; inherited by fork, set before they start.
_shared: tuple[Features, NDArray[np.int64], OutOfFold | None] | None = None


@dataclass(frozen=True)
class OutOfFold:
    """First answers by models that did not see the paragraph's fold.

    Attributes:
        folds: fold of each paragraph.
        plain: log-probabilities of models that left out the paragraph's own fold.
        without: the same for each held-out fold, of models that left out both; ``None`` if not asked for.
    """

    folds: NDArray[np.int64]
    plain: Floats
    without: tuple[Floats, ...] | None


def _work() -> tuple[Features, NDArray[np.int64], OutOfFold | None]:
    if _shared is None:
        raise RuntimeError("no features in this process")
    return _shared


def _first_job(left_out: tuple[int, ...]) -> tuple[tuple[int, ...], Floats]:
    features, folds, _ = _work()
    outside = np.isin(folds, left_out)
    model = fit_first(features, np.flatnonzero(~outside & (features.classes >= 0)))
    return left_out, apply_first(model, features, np.flatnonzero(outside))


def processes() -> int:
    """Worker processes: BOILERSTRIP_JOBS, else the processors that this process may use."""
    return int(os.environ.get("BOILERSTRIP_JOBS", "0")) or len(os.sched_getaffinity(0))


def out_of_fold(features: Features, *, nested: bool, say: Callable[[str], None] = lambda _: None) -> OutOfFold:
    """Fit the first stage once for each fold, and if ``nested`` for each pair of folds."""
    global _shared
    by_document = folds_of(features)
    folds = by_document[features.documents]
    jobs: list[tuple[int, ...]] = [(fold,) for fold in range(FOLDS)]
    if nested:
        jobs += combinations(range(FOLDS), 2)
    plain = np.zeros((len(folds), len(CLASSES)), dtype=np.float32)
    without = [plain.copy() for _ in range(FOLDS)]
    _shared = (features, folds, None)
    with get_context("fork").Pool(processes()) as pool:
        for number, (left_out, scores) in enumerate(pool.imap_unordered(_first_job, jobs), start=1):
            rows = np.flatnonzero(np.isin(folds, left_out))
            own = folds[rows]
            if len(left_out) == 1:
                plain[rows] = without[left_out[0]][rows] = scores
            else:
                for held, other in (left_out, left_out[::-1]):
                    without[held][rows[own == other]] = scores[own == other]
            say(f"first stage: {number} of {len(jobs)} fits")
    _shared = None
    return OutOfFold(folds, plain, tuple(without) if nested else None)


def second_out_of_fold(features: Features, answers: OutOfFold) -> Floats:
    """Second answers for each fold by perceptrons that were trained on the others; unsharpened log-probabilities."""
    global _shared
    result = np.zeros_like(answers.plain)
    _shared = (features, answers.folds, answers)
    with get_context("fork").Pool(processes()) as pool:
        for held, scores in pool.imap_unordered(_second_job, range(FOLDS)):
            result[held] = scores
    _shared = None
    return result


def _second_job(fold: int) -> tuple[NDArray[np.int64], Floats]:
    features, folds, answers = _work()
    if answers is None:
        raise RuntimeError("no first answers in this process")
    scores = answers.without[fold] if answers.without is not None else answers.plain
    rows = np.flatnonzero((folds != fold) & (features.classes >= 0))
    held = np.flatnonzero(folds == fold)
    return held, apply_second(fit_second(features, scores, rows), features, scores, held)


def smoothed_out_of_fold(features: Features, answers: OutOfFold, second: Floats) -> Floats:
    """Calibrated probabilities; transitions and sharpness are fitted on the other folds."""
    result = np.zeros_like(second)
    for fold in range(FOLDS):
        rows = np.flatnonzero((answers.folds != fold) & alike(features))
        transitions = transitions_of(features, rows)
        sharpness = sharpness_of(features, second, transitions, rows)
        held = np.flatnonzero(answers.folds == fold)
        result[held] = smooth(second, transitions, features.blocks, sharpness)[held]
    return result


def progress() -> Callable[[str], None]:
    """A function that prints lines of progress with the seconds since now."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {line}", file=sys.stderr, flush=True)

    return say


def cross_validate(
    documents: Sequence[Document],
    folds: int = FOLDS,
    config: Config | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Prediction]:
    """Predictions for each document by a system trained on the other folds.

    Args:
        documents: real and written ones; documents of one group stay in one fold.
        folds: only ``FOLDS`` is supported.
        config: settings of the decision.
        say: takes a line of progress.

    Raises:
        ValueError: another number of folds.
    """
    if folds != FOLDS:
        raise ValueError(f"cross-validation is done in {FOLDS} folds")
    features, _, probabilities = cross_probabilities(documents, say)
    return predictions(documents, features, probabilities, config or Config())


def cross_probabilities(
    documents: Sequence[Document], say: Callable[[str], None] = lambda _: None
) -> tuple[Features, OutOfFold, Floats]:
    """What cross-validation decides on: calibrated probabilities ``(paragraphs, 15)`` of models of the other folds."""
    features = features_of(documents)
    answers = out_of_fold(features, nested=True, say=say)
    return features, answers, smoothed_out_of_fold(features, answers, second_out_of_fold(features, answers))


def predictions(
    documents: Sequence[Document], features: Features, probabilities: Floats, config: Config
) -> list[Prediction]:
    """Decide on probabilities."""
    verdicts = decide(probabilities, features.lengths, config)
    result = []
    for at, document in enumerate(documents):
        here = slice(features.bounds[at], features.bounds[at + 1])
        result.append(
            Prediction(
                document,
                tuple(_LABELS[index] for index in verdicts.label[here]),
                tuple(None if index < 0 else _KINDS[index] for index in verdicts.kind[here]),
                tuple(float(value) for value in verdicts.confidence[here]),
            )
        )
    return result
