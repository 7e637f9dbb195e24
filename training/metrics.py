"""How right predictions are: pure functions from predictions to figures with intervals.

The unit is the labelled paragraph; paragraphs without a label are context and are not scored. A figure that has
nothing to be computed from (the recall of a label that does not occur) is NaN, never 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boilerstrip.records import Kind, Label

if TYPE_CHECKING:
    from corpora import Document

__all__ = [
    "KINDS", "LABELS", "Bin", "Figure", "KindScore", "LabelScore", "Prediction", "Reliability", "Scores",
    "WorstDocument", "WrongParagraph", "all_wrong", "attempt", "by_language", "by_source", "reliability", "score",
    "worst_documents",
]  # fmt: skip

LABELS: tuple[Label, ...] = tuple(Label)
KINDS: tuple[Kind, ...] = tuple(Kind)

#: Resamples of the bootstrap: the ends of a 95% interval then stand on 25 resamples each, and the whole corpus takes
#: well under a second. Seeded, so that two runs over the same predictions print the same.
RESAMPLES, SEED = 1000, 20240229
_INTERVAL = (2.5, 97.5)
#: A language needs so many labelled paragraphs for a row of its own; below that its interval spans most of the scale.
LANGUAGE_MINIMUM = 200
#: The row that the smaller languages share.
OTHER = "other"
BINS = 10

_WIRE = LABELS.index(Label.WIRE)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a system said about a document, one entry a paragraph.

    Attributes:
        document: the document with its true labels.
        labels: the predicted labels.
        kinds: the predicted kinds, None for wire copy or where the system knows no kinds.
        confidences: probability that the label is right, 0 to 1.
        failure: why the system could not label the document, in which case everything counts as wrong; else "".

    Raises:
        ValueError: a number of entries that is not the number of paragraphs.
    """

    document: Document
    labels: tuple[Label, ...]
    kinds: tuple[Kind | None, ...]
    confidences: tuple[float, ...]
    failure: str = ""

    def __post_init__(self) -> None:
        wanted = len(self.document.paragraphs)
        for name in ("labels", "kinds", "confidences"):
            if len(getattr(self, name)) != wanted:
                raise ValueError(f"{self.document.id}: {len(getattr(self, name))} {name} for {wanted} paragraphs")


def all_wrong(document: Document, failure: str) -> Prediction:
    """The prediction of a system that failed on a document: no label right, said with certainty."""
    labels = tuple(Label.SOLICITATION if sample.label is Label.WIRE else Label.WIRE for sample in document.paragraphs)
    count = len(labels)
    return Prediction(document, labels, (None,) * count, (1.0,) * count, failure)


def attempt(document: Document, predict: Callable[[Document], Prediction]) -> Prediction:
    """``predict(document)``, or everything wrong if that raises: a crash is a miss, not a smaller test set."""
    try:
        return predict(document)
    except Exception as error:  # noqa: BLE001  whatever the system under test raises is its failure, not ours
        return all_wrong(document, f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, 0 to 1, with the ends of its 95% interval; NaN where there is nothing to measure."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How well one label (or both strip labels taken as one) is found; ``support`` counts true paragraphs."""

    precision: Figure
    recall: Figure
    f1: Figure
    support: int


@dataclass(frozen=True, slots=True)
class KindScore:
    """How well the paragraphs of one kind are found.

    Attributes:
        recall: share whose label is right; that they would go under another strip label is not enough.
        kind_right: share whose label and kind are right.
        support: paragraphs of this kind.
    """

    recall: Figure
    kind_right: Figure
    support: int


@dataclass(frozen=True, slots=True)
class Scores:
    """All figures of one set of predictions.

    Attributes:
        documents: how many there are.
        paragraphs: labelled paragraphs.
        failures: documents on which the system failed; they are in every figure, as wrong.
        confusion: paragraphs by true label (row) and predicted label (column), in the order of ``LABELS``.
        labels: by label.
        macro_f1: mean of the labels' F1; a label that neither occurs nor is predicted is left out.
        strip: credits and solicitation as one, against wire.
        wire_lost: share of the characters of true wire paragraphs that would go.
        untouched: share of the documents without boilerplate of which no paragraph would go.
        clean_documents: how many documents without boilerplate there are.
        kinds: by kind, only those that occur.
    """

    documents: int
    paragraphs: int
    failures: int
    confusion: tuple[tuple[int, ...], ...]
    labels: dict[Label, LabelScore]
    macro_f1: Figure
    strip: LabelScore
    wire_lost: Figure
    untouched: Figure
    clean_documents: int
    kinds: dict[Kind, KindScore]


@dataclass(frozen=True, slots=True)
class _Flat:
    """The labelled paragraphs of all documents one after the other, labels and kinds as indices (-1: none)."""

    documents: int
    document: Ints
    truth: Ints
    label: Ints
    true_kind: Ints
    kind: Ints
    characters: Ints
    confidence: Floats


def _flatten(predictions: Sequence[Prediction]) -> _Flat:
    label_index: dict[Label | None, int] = {label: at for at, label in enumerate(LABELS)}
    kind_index: dict[Kind | None, int] = {None: -1, **{kind: at for at, kind in enumerate(KINDS)}}
    rows = [
        (at, label_index[sample.label], label_index[label], kind_index[sample.kind], kind_index[kind], len(sample.text))
        for at, prediction in enumerate(predictions)
        for sample, label, kind in zip(prediction.document.paragraphs, prediction.labels, prediction.kinds, strict=True)
        if sample.label is not None
    ]
    confidence = [
        certainty
        for prediction in predictions
        for sample, certainty in zip(prediction.document.paragraphs, prediction.confidences, strict=True)
        if sample.label is not None
    ]
    document, truth, label, true_kind, kind, characters = np.array(rows, dtype=np.int64).reshape(-1, 6).T
    certain = np.array(confidence, dtype=np.float64)
    return _Flat(len(predictions), document, truth, label, true_kind, kind, characters, certain)


# The columns of a document's counts: 3 x 3 confusion, wire characters (all, lost), documents without boilerplate
# (all, untouched), and for each kind (all, label right, kind right). Every figure is a ratio of sums of these, so a
# resample is one row of a matrix product.
_CONFUSION = slice(0, 9)
_CHARACTERS = slice(9, 11)
_CLEAN = slice(11, 13)
_KINDS = slice(13, 13 + 3 * len(KINDS))


def _counts(flat: _Flat) -> Floats:
    """One row of counts a document; documents without labelled paragraphs are rows of zeros."""
    counts = np.zeros((flat.documents, _KINDS.stop))
    np.add.at(counts, (flat.document, flat.truth * len(LABELS) + flat.label), 1)
    wire, lost = flat.truth == _WIRE, (flat.truth == _WIRE) & (flat.label != _WIRE)
    np.add.at(counts[:, _CHARACTERS.start], flat.document[wire], flat.characters[wire])
    np.add.at(counts[:, _CHARACTERS.start + 1], flat.document[lost], flat.characters[lost])
    clean = (counts[:, 0:3].sum(axis=1) > 0) & (counts[:, 3:9].sum(axis=1) == 0)
    counts[:, _CLEAN.start] = clean
    counts[:, _CLEAN.start + 1] = clean & (counts[:, 1:3].sum(axis=1) == 0)
    right = flat.truth == flat.label
    for offset, chosen in enumerate((right | True, right, right & (flat.true_kind == flat.kind))):
        chosen = chosen & (flat.true_kind >= 0)
        np.add.at(counts, (flat.document[chosen], _KINDS.start + 3 * flat.true_kind[chosen] + offset), 1)
    return counts


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
    return ratio


def _found(name: str, right: Floats, said: Floats, true: Floats) -> dict[str, Floats]:
    return {
        f"{name}.precision": _ratio(right, said),
        f"{name}.recall": _ratio(right, true),
        f"{name}.f1": _ratio(2 * right, said + true),
    }


def _figures(totals: Floats) -> dict[str, Floats]:
    """Every figure by name from sums of counts; the leading axes of ``totals`` (resamples) are kept."""
    confusion = totals[..., _CONFUSION].reshape(*totals.shape[:-1], len(LABELS), len(LABELS))
    figures: dict[str, Floats] = {}
    for at, label in enumerate(LABELS):
        right, said, true = confusion[..., at, at], confusion[..., :, at].sum(-1), confusion[..., at, :].sum(-1)
        figures |= _found(label.value, right, said, true)
    f1 = np.stack([figures[f"{label.value}.f1"] for label in LABELS], axis=-1)
    figures["macro_f1"] = _ratio(np.nansum(f1, axis=-1), (~np.isnan(f1)).sum(axis=-1).astype(float))
    strip = [at for at in range(len(LABELS)) if at != _WIRE]
    both = confusion[..., strip, :][..., strip].sum((-1, -2))
    figures |= _found("strip", both, confusion[..., strip].sum((-1, -2)), confusion[..., strip, :].sum((-1, -2)))
    figures["wire_lost"] = _ratio(totals[..., _CHARACTERS.start + 1], totals[..., _CHARACTERS.start])
    figures["untouched"] = _ratio(totals[..., _CLEAN.start + 1], totals[..., _CLEAN.start])
    for at, kind in enumerate(KINDS):
        every, right, kind_right = (totals[..., _KINDS.start + 3 * at + offset] for offset in range(3))
        figures[f"{kind.value}.recall"] = _ratio(right, every)
        figures[f"{kind.value}.kind_right"] = _ratio(kind_right, every)
    return figures


def _with_intervals(counts: Floats, resamples: int, seed: int) -> dict[str, Figure]:
    """Figures with percentile intervals: documents are drawn with replacement, as many as there are."""
    values = _figures(counts.sum(axis=0))
    documents = len(counts)
    if not resamples or not documents:
        return {name: Figure(float(value)) for name, value in values.items()}
    draws = np.random.default_rng(seed).multinomial(documents, np.full(documents, 1 / documents), size=resamples)
    drawn = _figures(draws.astype(float) @ counts)
    return {name: Figure(float(value), *_ends(drawn[name])) for name, value in values.items()}


def _ends(values: Floats) -> tuple[float, float]:
    defined = values[~np.isnan(values)]
    if not len(defined):
        return math.nan, math.nan
    low, high = np.percentile(defined, _INTERVAL)
    return float(low), float(high)


def score(predictions: Sequence[Prediction], *, resamples: int = RESAMPLES, seed: int = SEED) -> Scores:
    """All figures of the predictions.

    Args:
        predictions: one a document.
        resamples: of the bootstrap over documents; 0 for figures without intervals.
        seed: of the bootstrap.
    """
    counts = _counts(_flatten(predictions))
    figures = _with_intervals(counts, resamples, seed)
    totals = counts.sum(axis=0).astype(int)
    confusion = totals[_CONFUSION].reshape(len(LABELS), len(LABELS))
    support = confusion.sum(axis=1)
    kind_support = totals[_KINDS][::3]

    def label_score(name: str, count: int) -> LabelScore:
        return LabelScore(figures[f"{name}.precision"], figures[f"{name}.recall"], figures[f"{name}.f1"], int(count))

    return Scores(
        documents=len(predictions),
        paragraphs=int(support.sum()),
        failures=sum(1 for prediction in predictions if prediction.failure),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        labels={label: label_score(label.value, count) for label, count in zip(LABELS, support, strict=True)},
        macro_f1=figures["macro_f1"],
        strip=label_score("strip", support.sum() - support[_WIRE]),
        wire_lost=figures["wire_lost"],
        untouched=figures["untouched"],
        clean_documents=int(totals[_CLEAN.start]),
        kinds={
            kind: KindScore(figures[f"{kind.value}.recall"], figures[f"{kind.value}.kind_right"], int(count))
            for kind, count in zip(KINDS, kind_support, strict=True)
            if count
        },
    )


def _labelled(prediction: Prediction) -> int:
    return sum(1 for sample in prediction.document.paragraphs if sample.label is not None)


def _score_groups(groups: dict[str, list[Prediction]], options: dict[str, Any]) -> dict[str, Scores]:
    return {name: score(members, **options) for name, members in groups.items()}


def by_language(
    predictions: Sequence[Prediction], *, minimum: int = LANGUAGE_MINIMUM, **options: int
) -> dict[str, Scores]:
    """Scores by the documents' language, the largest first.

    Args:
        predictions: one a document.
        minimum: languages with fewer labelled paragraphs are pooled as ``"other"``, which comes last.
        options: ``resamples`` and ``seed`` of :func:`score`.
    """
    sizes: dict[str, int] = {}
    for prediction in predictions:
        sizes[prediction.document.lang] = sizes.get(prediction.document.lang, 0) + _labelled(prediction)
    apart = sorted((lang for lang, size in sizes.items() if size >= minimum), key=lambda lang: (-sizes[lang], lang))
    groups: dict[str, list[Prediction]] = {lang: [] for lang in (*apart, OTHER)}
    for prediction in predictions:
        groups[prediction.document.lang if prediction.document.lang in apart else OTHER].append(prediction)
    return _score_groups({name: members for name, members in groups.items() if members}, options)


def by_source(predictions: Sequence[Prediction], **options: int) -> dict[str, Scores]:
    """Scores of all documents (``"all"``) and, where there are several sources, of each; options as in score()."""
    sources = sorted({prediction.document.source for prediction in predictions})
    groups = {"all": list(predictions)}
    if len(sources) > 1:
        groups |= {name: [item for item in predictions if item.document.source == name] for name in sources}
    return _score_groups(groups, options)


@dataclass(frozen=True, slots=True)
class Bin:
    """The paragraphs whose confidence lies from ``low`` up to ``high`` (the last bin includes 1)."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence against truth: ``error`` is the expected calibration error, the mean gap weighted by the counts."""

    bins: tuple[Bin, ...]
    error: float


def reliability(predictions: Sequence[Prediction]) -> Reliability:
    """How often labels are right that are said with a confidence, in ten bins of equal width.

    Raises:
        ValueError: a confidence that is not from 0 to 1.
    """
    flat = _flatten(predictions)
    if not np.all((flat.confidence >= 0) & (flat.confidence <= 1)):
        raise ValueError("a confidence is not a number from 0 to 1")
    at = np.minimum((flat.confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(at, minlength=BINS).astype(np.float64)
    confidence = np.bincount(at, weights=flat.confidence, minlength=BINS).astype(np.float64)
    right = np.bincount(at[flat.truth == flat.label], minlength=BINS).astype(np.float64)
    error = float(np.abs(confidence - right).sum() / counts.sum()) if counts.any() else math.nan
    means, shares = _ratio(confidence, counts), _ratio(right, counts)
    bins = (
        Bin(place / BINS, (place + 1) / BINS, int(counts[place]), float(means[place]), float(shares[place]))
        for place in range(BINS)
    )
    return Reliability(tuple(bins), error)


@dataclass(frozen=True, slots=True)
class WrongParagraph:
    """A paragraph with a wrong label: ``index`` counts the document's paragraphs from 0."""

    index: int
    text: str
    true_label: Label
    true_kind: Kind | None
    label: Label
    kind: Kind | None
    confidence: float


@dataclass(frozen=True, slots=True)
class WorstDocument:
    """A document with its wrong paragraphs; ``wrong_characters`` is what documents are ranked by."""

    id: str
    lang: str
    url: str | None
    failure: str
    labelled: int
    wrong_characters: int
    wrong: tuple[WrongParagraph, ...]


def _wrong(prediction: Prediction) -> Iterable[WrongParagraph]:
    entries = zip(prediction.labels, prediction.kinds, prediction.confidences, strict=True)
    for at, (sample, (label, kind, confidence)) in enumerate(zip(prediction.document.paragraphs, entries, strict=True)):
        if sample.label is not None and sample.label != label:
            yield WrongParagraph(at, sample.text, sample.label, sample.kind, label, kind, confidence)


def worst_documents(predictions: Sequence[Prediction], count: int) -> tuple[WorstDocument, ...]:
    """The ``count`` documents with the most characters in wrong paragraphs, worst first; fewer if fewer have any."""
    found = []
    for prediction in predictions:
        if wrong := tuple(_wrong(prediction)):
            document, size = prediction.document, sum(len(paragraph.text) for paragraph in wrong)
            labelled = _labelled(prediction)
            found.append(
                WorstDocument(document.id, document.lang, document.url, prediction.failure, labelled, size, wrong)
            )
    found.sort(key=lambda document: (-document.wrong_characters, -len(document.wrong), document.id))
    return tuple(found[:count])
