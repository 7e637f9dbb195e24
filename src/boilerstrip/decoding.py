"""Scores of a document's paragraphs to labels that fit together.

The decoder sees scores, never text. Neighbouring paragraphs influence each other through the learned transitions in
a few rounds of mean-field updates of a linear chain: each round multiplies a paragraph's probabilities by what its
neighbours' present ones make likely. Unlike the Viterbi algorithm this yields probabilities for every class, and it
costs the same few array operations for one document or a thousand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints, shifted
from .config import Config
from .records import KINDS_OF, Kind, Label

__all__ = ["APPEAL_COUPLING", "COUPLING", "ROUNDS", "Verdicts", "braked", "decide", "smooth", "threshold"]

Floats = NDArray[np.float32]

#: Strength of the transitions and number of rounds, chosen by cross-validation; docs/accuracy.md has the table.
COUPLING, ROUNDS = 0.2, 3
#: ... and where a donation appeal is on one side: an appeal goes as one, and its lines look innocent alone.
APPEAL_COUPLING = 0.4

_CREDITS = slice(1, 1 + len(KINDS_OF[Label.CREDITS]))
_SOLICITATION = slice(1 + len(KINDS_OF[Label.CREDITS]), None)
_KINDS = tuple(Kind)
_APPEAL = 1 + _KINDS.index(Kind.DONATION)


class Verdicts(NamedTuple):
    """What was decided of each paragraph.

    Attributes:
        label: int64, index into ``Label``.
        kind: int64, index into ``Kind``; -1 for wire copy.
        confidence: float32, probability of the label.
        kept: bool, stays in the text.
    """

    label: Ints
    kind: Ints
    confidence: Floats
    kept: NDArray[np.bool_]


def smooth(scores: Floats, transitions: Floats, blocks: Ints, sharpness: float = 1.0) -> Floats:
    """Let neighbours agree.

    Args:
        scores: log-probabilities, ``(paragraphs, classes)``.
        transitions: ``(classes, classes)``, log of how much likelier class ``j`` is after class ``i``.
        blocks: block of each paragraph; those of different blocks are no neighbours.
        sharpness: exponent that calibrates the result.

    Returns:
        Probabilities, ``(paragraphs, classes)``.
    """
    coupled = np.float32(COUPLING) * transitions
    coupled[_APPEAL, :] = np.float32(APPEAL_COUPLING) * transitions[_APPEAL, :]
    coupled[:, _APPEAL] = np.float32(APPEAL_COUPLING) * transitions[:, _APPEAL]
    answers = _normalised(scores)
    for _ in range(ROUNDS):
        before = shifted(answers, -1, blocks) @ coupled
        after = shifted(answers, 1, blocks) @ coupled.T
        answers = _normalised(scores + before + after)
    return _normalised(np.log(np.maximum(answers, 1e-9)) * np.float32(sharpness))


def _normalised(scores: NDArray[np.float32]) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


#: A paragraph of so many characters or fewer goes at the plain threshold; that of a longer one falls with the square
#: root of its length, since a lost paragraph costs what it holds. Tried 60 to 250 and exponents 0.3 to 1.5: of all that
#: lose at most 1% of the story's characters this has the best macro-F1 (docs/accuracy.md).
PLAIN_LENGTH, LENGTH_EXPONENT = 60, 0.5
#: The plain threshold at strictness 0, and how it rises to its counterpart at strictness 1: at 0.5 it is 0.44.
_LEAST, _RISE = 0.02, 1.2


def threshold(strictness: float, lengths: Ints) -> NDArray[np.float64]:
    """Probability of wire copy below which a paragraph is taken for something else.

    Args:
        strictness: as in :class:`Config`.
        lengths: characters of each paragraph.

    >>> threshold(0.5, np.array([20, 240])).round(2).tolist()
    [0.44, 0.22]
    """
    plain = _LEAST + (1 - 2 * _LEAST) * strictness**_RISE
    result: NDArray[np.float64] = plain * np.minimum(1, PLAIN_LENGTH / np.maximum(lengths, 1)) ** LENGTH_EXPONENT
    return result


def decide(answers: Floats, lengths: Ints, config: Config) -> Verdicts:
    """Choose label and kind of each paragraph.

    Args:
        answers: probabilities, ``(paragraphs, classes)``.
        lengths: characters of each paragraph.
        config: how sure one must be, and what stays.
    """
    wire = answers[:, 0]
    credits_ = answers[:, _CREDITS].sum(axis=1)
    solicitation = answers[:, _SOLICITATION].sum(axis=1)
    strip = wire < threshold(config.strictness, lengths)
    label = np.where(strip, np.where(credits_ >= solicitation, 1, 2), 0)
    groups = np.where(label[:, None] == 1, _mask(_CREDITS, answers), _mask(_SOLICITATION, answers))
    kind = np.where(strip, groups.argmax(axis=1) - 1, -1)
    confidence = np.choose(label, (wire, credits_, solicitation)).astype(np.float32)
    return Verdicts(label, kind, np.clip(confidence, 0, 1), _kept(label, kind, config))


def braked(kept: NDArray[np.bool_], lengths: Ints, config: Config) -> bool:
    """Whether more of a text would go than :attr:`Config.brake` allows.

    Args:
        kept: for each of its paragraphs whether it stays.
        lengths: their characters.
        config: the settings.
    """
    return bool(config.brake < 1 and lengths[~kept].sum() > config.brake * lengths.sum())


def _mask(part: slice, answers: Floats) -> Floats:
    result = np.full_like(answers, -1)
    result[:, part] = answers[:, part]
    return result


def _kept(label: Ints, kind: Ints, config: Config) -> NDArray[np.bool_]:
    table = [config.keeps(kind_.label, kind_) for kind_ in _KINDS]
    table.append(config.keeps(Label.WIRE, None))  # kind -1
    result: NDArray[np.bool_] = np.array(table)[kind]
    return result
