"""The text model's answers corrected by what the page says: weights read, checked, applied.

The model of the text stays as it is, and knows nothing of pages. A small ensemble of perceptrons with one hidden layer
over its answers and the page's evidence (:mod:`boilerstrip.page`) gives each paragraph a new probability of being wire
copy; the other classes share the rest as before. ``training/train_html.py`` trains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .installed import read_installed
from .model import CLASSES, WeightsError, packed, unpacked
from .page import EVIDENCE, WORD_GROUPS
from .records import KINDS_OF, Kind, Label, Reason

__all__ = [
    "INPUTS", "Correction", "corrected", "default_correction", "has_more_story", "inputs_of", "page_reasons",
    "probabilities", "read_correction", "write_correction",
]  # fmt: skip

Floats = NDArray[np.float32]

#: Version of the file's layout; a file of another version is refused.
FORMAT = 1
#: Inputs are standardised and then clipped here: no single odd measure may decide.
CLIP = 4.0
#: Probabilities are held this far from 0 and 1 where their logarithm is taken.
_FLOOR = 1e-4
#: Where solicitation begins in the columns of the answers, behind wire copy and the kinds of credits.
_SOLICITATION = 1 + len(KINDS_OF[Label.CREDITS])

#: Names of the inputs: what the text model says, the shape of the text, the page.
INPUTS: tuple[str, ...] = (
    "wire", "credits", "solicitation", "length", "under_40", "under_100", "ends_sentence", "list_mark",
    *(f"kind {name}" for name in CLASSES[1:]), *EVIDENCE,
)  # fmt: skip
_SENTENCE_ENDS = tuple('.!?。！？”"»…)')


class Correction(NamedTuple):
    """The weights.

    Attributes:
        mean, scale: float32 ``(inputs,)``: standardisation.
        hidden_weights: float32 ``(members, inputs, hidden)``; ``hidden_bias``: ``(members, hidden)``.
        output_weights: float32 ``(members, hidden)``; ``output_bias``: ``(members,)``.
        metadata: what the file says of its training.
    """

    mean: Floats
    scale: Floats
    hidden_weights: Floats
    hidden_bias: Floats
    output_weights: Floats
    output_bias: Floats
    metadata: dict[str, Any]


_ARRAYS = Correction._fields[:-1]


def _signature() -> dict[str, Any]:
    return {"format": FORMAT, "inputs": list(INPUTS)}


def write_correction(correction: Correction) -> bytes:
    """The bytes of a weights file: the same for the same weights."""
    arrays: dict[str, NDArray[Any]] = {name: getattr(correction, name).astype(np.float32) for name in _ARRAYS}
    return packed(arrays, {"signature": _signature(), **correction.metadata})


def read_correction(raw: bytes, name: str = "page weights") -> Correction:
    """Read and check a weights file.

    Args:
        raw: its content.
        name: what to call it in messages.

    Raises:
        WeightsError: it is damaged or does not fit this version.
    """
    arrays, about = unpacked(raw, name, _signature(), _ARRAYS, "evidence", "train_html.py")
    members, inputs, hidden = arrays["hidden_weights"].shape if arrays["hidden_weights"].ndim == 3 else (0, 0, 0)
    wanted = {
        "mean": (len(INPUTS),), "scale": (len(INPUTS),), "hidden_weights": (members, len(INPUTS), hidden),
        "hidden_bias": (members, hidden), "output_weights": (members, hidden), "output_bias": (members,),
    }  # fmt: skip
    for key, shape in wanted.items():
        if arrays[key].dtype != np.float32 or arrays[key].shape != shape or not members:
            raise WeightsError(f"{name}: {key} has type {arrays[key].dtype} and shape {arrays[key].shape}")
        if not np.isfinite(arrays[key]).all():
            raise WeightsError(f"{name}: {key} has values that are no numbers")
    return Correction(**{key: arrays[key] for key in _ARRAYS}, metadata=about)


@lru_cache(maxsize=1)
def default_correction() -> Correction:
    """The package's weights, read once a process.

    Raises:
        WeightsError: the installed file is missing or damaged.
    """
    try:
        raw = read_installed("page.npz")
    except OSError as error:
        raise WeightsError(f"page.npz of the installed boilerstrip cannot be read: {error}") from None
    return read_correction(raw, "page.npz of the installed boilerstrip")


def _log_odds(probability: NDArray[Any]) -> Floats:
    held = np.clip(probability, _FLOOR, 1 - _FLOOR)
    result: Floats = np.log(held / (1 - held)).astype(np.float32)
    return result


def inputs_of(answers: Floats, paragraphs: Sequence[str], evidence: Floats) -> Floats:
    """Inputs of the perceptrons, ``(paragraphs, len(INPUTS))``.

    Args:
        answers: probabilities by the text model, ``(paragraphs, 15)``.
        paragraphs: the texts.
        evidence: as :func:`boilerstrip.page.measure` gives it.
    """
    lengths = np.array([len(text) for text in paragraphs], dtype=np.float32)
    # thirds bring the values near the size of the other inputs
    columns = [
        _log_odds(answers[:, 0]) / 3,
        _log_odds(answers[:, 1:_SOLICITATION].sum(axis=1)) / 3,
        _log_odds(answers[:, _SOLICITATION:].sum(axis=1)) / 3,
        np.log(np.maximum(lengths, 1)) / 3 - 1.3,
        lengths < 40,
        lengths < 100,
        np.array([text.rstrip().endswith(_SENTENCE_ENDS) for text in paragraphs], dtype=bool),
        np.array([text.startswith(("- ", "|")) for text in paragraphs], dtype=bool),
    ]
    return np.concatenate([np.stack(columns, axis=1), answers[:, 1:], evidence], axis=1, dtype=np.float32)


def probabilities(correction: Correction, inputs: Floats) -> Floats:
    """Probability of each paragraph to be wire copy: the mean of the perceptrons' answers."""
    rows = np.clip((inputs - correction.mean) * correction.scale, -CLIP, CLIP)
    total = np.zeros(len(rows), dtype=np.float32)
    for member in range(len(correction.output_bias)):
        hidden = np.maximum(rows @ correction.hidden_weights[member] + correction.hidden_bias[member], 0)
        values = hidden @ correction.output_weights[member] + correction.output_bias[member]
        total += 1 / (1 + np.exp(-np.clip(values, -30, 30)))
    return total / np.float32(len(correction.output_bias))


#: The kind that a piece of evidence speaks for, where the text itself says nothing.
_HINTS: tuple[tuple[str, Kind], ...] = (
    ("all_linked", Kind.RELATED), ("is_title", Kind.INTERFACE), ("caption", Kind.PHOTO), ("has_author", Kind.BYLINE),
    ("has_date", Kind.DATE), ("has_site", Kind.SOURCE), ("named author", Kind.ABOUT), ("named caption", Kind.PHOTO),
    ("named related", Kind.RELATED), ("named promotion", Kind.SUBSCRIPTION), ("named share", Kind.SOCIAL),
    ("named comment", Kind.PARTICIPATION), ("named question", Kind.PARTICIPATION), ("named source", Kind.SOURCE),
    ("named advertising", Kind.ADVERTISING), ("named product", Kind.ADVERTISING), ("named legal", Kind.RIGHTS),
    ("named navigation", Kind.INTERFACE), ("named tag", Kind.INTERFACE), ("named interface", Kind.INTERFACE),
)  # fmt: skip
_HINTING = [EVIDENCE.index(name) for name, _ in _HINTS]
_HINTED = np.zeros((len(_HINTS), len(CLASSES) - 1), dtype=np.float32)
for _row, (_, _kind) in enumerate(_HINTS):
    _HINTED[_row, CLASSES.index(_kind.value) - 1] = 1
#: What a hint weighs against the text model's probability of a kind: it decides only where the text leaves it open.
_HINT = np.float32(0.02)


#: By so much at most the page may raise a paragraph's log-odds of being wire copy. The page cannot tell an appeal in
#: the middle of the story from the story; the text can, and where it is sure, no place in the page changes that.
_RESCUE = np.float32(2.0)


#: A heading that says what the page says its title is.
_HEADLINE = [EVIDENCE.index(name) for name in ("title_heading", "is_title")]


def corrected(correction: Correction, answers: Floats, paragraphs: Sequence[str], evidence: Floats) -> Floats:
    """The text model's answers with the page's evidence, ``(paragraphs, 15)``; arguments as in :func:`inputs_of`."""
    if not len(answers):
        return answers
    wire = probabilities(correction, inputs_of(answers, paragraphs, evidence))
    wire = np.minimum(wire, 1 / (1 + np.exp(-_log_odds(answers[:, 0]) - _RESCUE)))
    # The stories that the correction learned from are marked without their headlines, which are story all the same.
    headline = (evidence[:, _HEADLINE] > 0).all(axis=1)
    wire = np.where(headline, np.maximum(wire, answers[:, 0]), wire)
    rest = answers[:, 1:] + _HINT * (evidence[:, _HINTING] @ _HINTED)
    rest[:, CLASSES.index(Kind.INTERFACE.value) - 1] += _HINT / 10
    rest *= ((1 - wire) / rest.sum(axis=1))[:, None]
    return np.concatenate([wire[:, None], rest], axis=1, dtype=np.float32)


#: One extraction takes the place of another if it has so many times the story's characters. Of the 470 measured pages
#: five have two extractions: one gains by 7.8 times, the other four lose or stay.
_MUCH = 1.5


def has_more_story(answers: Floats, lengths: NDArray[np.int64], than: Floats, than_lengths: NDArray[np.int64]) -> bool:
    """Whether a text holds much more story than another one of the same page, by the text model's answers for both."""
    return bool((answers[:, 0] * lengths).sum() > _MUCH * (than[:, 0] * than_lengths).sum())


#: Evidence that is worth telling, for a paragraph that goes and for one that stays.
_TOLD_GONE = {
    "all_linked": "all of it is one link",
    "not_in_body": "not in the article's text that the page states",
    "is_title": "the page's title",
    "is_summary": "the page's description",
    "has_author": "the page's author",
    "has_site": "the site's name",
    "has_date": "the page's date",
    "caption": "a caption",
    "framed": "in a frame beside the story",
    "repeated": "stands in the text twice",
    **{f"named {group}": f"in an element named for {group}" for group in WORD_GROUPS if group != "story"},
}
_TOLD_KEPT = {"in_body": "in the article's text that the page states", "beside_story": "beside most of the story"}


def page_reasons(evidence: Floats, wire: bool) -> tuple[Reason, ...]:
    """The page's evidence of one paragraph in words, for or against its being wire copy; at most three."""
    told = _TOLD_KEPT if wire else _TOLD_GONE
    texts = [text for name, text in told.items() if evidence[EVIDENCE.index(name)] > 0.5]
    return tuple(Reason("page", text) for text in texts[:3])
