"""Fitting the two stages with scikit-learn: from labelled documents to the arrays of a :class:`boilerstrip.model.Model`."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from corpora import Document
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from boilerstrip.arrays import ranges
from boilerstrip.context import context_inputs
from boilerstrip.decoding import smooth
from boilerstrip.features import measure, ngrams, page_of
from boilerstrip.model import CLASSES, CLIP, Model, perceptron, perceptron_scores, places_of
from boilerstrip.records import Label
from boilerstrip.rules import apply_rules, blocks_of
from boilerstrip.segmentation import batch_of, segment

#: An n-gram is known if it stands on so many pages. Two would double the weights file; four lose 0.008 of macro-F1.
MIN_DOCUMENTS = 3
#: First stage: hidden units, strength of L2, epochs, step and batch size of Adam (docs/accuracy.md has what was tried).
FIRST_HIDDEN, FIRST_ALPHA, FIRST_EPOCHS, FIRST_STEP, FIRST_BATCH = 32, 0.1, 5, 3e-3, 512
#: Scale of the n-grams' counts and of the measures beside them: Adam steps alike in all weights, and there are many
#: more n-grams than measures, each of them rare.
GRAM_SCALE, MEASURE_SCALE = 2.0, 0.3
#: Second stage: perceptrons of so many hidden units, averaged over so many seeds; epochs, strength of L2, batch size and
#: step of Adam, and the share of inputs that is hidden from each paragraph in each epoch (Srivastava et al. 2014). Its
#: many inputs say much the same: without hiding some it leans on few, and the log-loss is worse by 5%.
HIDDEN, MEMBERS, EPOCHS, ALPHA, BATCH, STEP, DROPOUT = 64, 2, 16, 0.03, 256, 1e-3, 0.4
#: Written documents and the lines around stories count less than read labels of extracted pages by these factors.
WRITTEN_WEIGHT, AROUND_WEIGHT = 0.4, 0.5
FOLDS = 5

_BREAKS = re.compile("[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_GROUP = 64


@dataclass(frozen=True)
class Features:
    """Everything that is computed once for a list of documents.

    Attributes:
        measures, rules: float32, one row a paragraph.
        gram_rows, gram_keys: paragraph (int32) and key (uint32) of every n-gram.
        classes: int64, index into ``CLASSES``; -1 where not labelled.
        documents: document of each paragraph; ``bounds`` as in a segmentation.
        groups: for each document what is never split over folds.
        pages: for each document a number that it shares with what else is of its page.
        real, around: for each document, whether it is no written one; whether it is all the visible text around a story.
        lengths: characters of each paragraph.
    """

    measures: NDArray[np.float32]
    rules: NDArray[np.float32]
    gram_rows: NDArray[np.int32]
    gram_keys: NDArray[np.uint32]
    classes: NDArray[np.int64]
    documents: NDArray[np.int64]
    bounds: NDArray[np.int64]
    groups: NDArray[np.str_]
    pages: NDArray[np.int64]
    real: NDArray[np.bool_]
    around: NDArray[np.bool_]
    lengths: NDArray[np.int64]

    @cached_property
    def blocks(self) -> NDArray[np.int64]:
        """Block of each paragraph, within which smoothing lets neighbours agree."""
        return blocks_of(self.rules, self.documents)


class First(NamedTuple):
    """The fitted first stage, arrays as in :class:`boilerstrip.model.Model`; the n-grams' vectors not yet in bytes."""

    gram_keys: NDArray[np.uint32]
    gram_vectors: NDArray[np.float32]
    measure_mean: NDArray[np.float32]
    measure_scale: NDArray[np.float32]
    measure_weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    first_weights: NDArray[np.float32]
    first_bias: NDArray[np.float32]


class Second(NamedTuple):
    """The fitted second stage, arrays as in :class:`boilerstrip.model.Model`."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    hidden_weights: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    output_weights: NDArray[np.float32]
    output_bias: NDArray[np.float32]


def features_of(documents: Sequence[Document]) -> Features:
    """Measure documents whose paragraphs are given."""
    measures, rules, rows, keys, lengths, bounds, count = [], [], [], [], [], [0], 0
    for at in range(0, len(documents), _GROUP):
        part = documents[at : at + _GROUP]
        # a paragraph with a line break inside stays one paragraph
        texts = ["\n".join(_BREAKS.sub(" ", sample.text) for sample in document.paragraphs) for document in part]
        batch = batch_of(texts)
        page = page_of(batch, segment(batch, "lines"))
        sizes = np.diff(page.segmentation.bounds)
        for document, size in zip(part, sizes.tolist(), strict=True):
            if size != len(document.paragraphs):
                raise ValueError(f"{document.id}: {len(document.paragraphs)} paragraphs are found as {size}; is one of them blank?")
        measures.append(measure(page))
        lengths.append(page.lengths)
        rules.append(apply_rules(page).astype(np.float32))
        for grams in ngrams(page):
            many = np.maximum(grams.ends - grams.starts, 0)
            rows.append(np.repeat(np.arange(count, count + page.count, dtype=np.int32), many))
            keys.append(grams.keys[ranges(grams.starts, many)])
        count += page.count
        bounds += (bounds[-1] + np.cumsum(sizes)).tolist()
    return Features(
        np.concatenate(measures),
        np.concatenate(rules),
        np.concatenate(rows),
        np.concatenate(keys),
        np.array([_class_of(sample) for document in documents for sample in document.paragraphs]),
        np.repeat(np.arange(len(documents)), np.diff(bounds)),
        np.array(bounds),
        np.array([document.group for document in documents]),
        np.unique([document.page for document in documents], return_inverse=True)[1],
        np.array([document.source != "written" for document in documents]),
        np.array([document.part for document in documents]),
        np.concatenate(lengths),
    )


def _class_of(sample: Any) -> int:
    """Index into ``CLASSES``; a paragraph that is to go and has no kind teaches nothing and is left out."""
    if sample.label is Label.WIRE:
        return 0
    return -1 if sample.kind is None else CLASSES.index(sample.kind.value)


def known_grams(features: Features, rows: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Keys of the n-grams that stand on enough pages (or written documents) of the given paragraphs, ascending."""
    chosen = np.zeros(len(features.documents), dtype=bool)
    chosen[rows] = True
    used = chosen[features.gram_rows]
    keys, index = np.unique(features.gram_keys[used], return_inverse=True)
    count = len(features.pages)
    pairs = np.unique(index.astype(np.int64) * count + features.pages[features.documents[features.gram_rows[used]]])
    known: NDArray[np.uint32] = keys[np.bincount(pairs // count, minlength=len(keys)) >= MIN_DOCUMENTS]
    return known


def gram_matrix(features: Features, known: NDArray[np.uint32]) -> Any:
    """CSR ``(paragraphs, known n-grams)``: counts divided by the square root of their sum."""
    column = np.minimum(np.searchsorted(known, features.gram_keys), len(known) - 1)
    used = known[column] == features.gram_keys if len(known) else np.zeros(len(column), dtype=bool)
    rows, column = features.gram_rows[used], column[used]
    shape = (len(features.documents), len(known))
    matrix = sp.coo_matrix((np.ones(len(rows), dtype=np.float32), (rows, column)), shape=shape).tocsr()
    total = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1)
    return (sp.diags((1 / np.sqrt(total)).astype(np.float32)) @ matrix).tocsr()


def folds_of(features: Features, folds: int = FOLDS) -> NDArray[np.int64]:
    """Fold of each document: groups stay together, real and written documents are spread evenly by themselves."""
    result = np.full(len(features.groups), -1)
    weight = np.diff(features.bounds)
    for part in (features.real, ~features.real):
        at = np.flatnonzero(part)
        if not len(at):
            continue
        # GroupKFold balances rows: repeat each document once a paragraph
        rows = np.repeat(at, np.maximum(weight[at], 1))
        for fold, (_, held) in enumerate(GroupKFold(folds).split(rows, groups=features.groups[rows])):
            result[rows[held]] = fold
    return result


def sample_weights(features: Features, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each of the given paragraphs counts in training."""
    documents = features.documents[rows]
    return np.where(features.around[documents], AROUND_WEIGHT, np.where(features.real[documents], 1.0, WRITTEN_WEIGHT))


def alike(features: Features) -> NDArray[np.bool_]:
    """Labelled paragraphs of documents like those in use: what is calibrated is calibrated on them."""
    return (features.classes >= 0) & ~features.around[features.documents]


def domain(features: Features, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """An input that only training sees, ``(rows, 1)``: the paragraph is of the visible text around a story.

    Far more is to strip there than on extracted pages. The input takes that up, and in use it is zero: what is learned
    from these lines does not carry over their shares (the bias part of Daumé III 2007, "Frustratingly easy domain
    adaptation").
    """
    return features.around[features.documents[rows], None].astype(np.float32)


def fit_first(features: Features, rows: NDArray[np.int64]) -> First:
    """A perceptron over n-grams, measures and rules of the given labelled paragraphs."""
    known = known_grams(features, rows)
    dense = np.concatenate([features.measures, features.rules], axis=1)
    mean, scale = standardisation(dense[rows])
    dense = np.clip((dense[rows] - mean) * scale, -CLIP, CLIP) * np.float32(MEASURE_SCALE)
    grams = gram_matrix(features, known)[rows] * np.float32(GRAM_SCALE)
    inputs = sp.hstack([grams, sp.csr_matrix(dense), sp.csr_matrix(domain(features, rows))], format="csr").astype(np.float32)
    used = slice(len(known), len(known) + dense.shape[1])
    model = MLPClassifier(
        (FIRST_HIDDEN,), alpha=FIRST_ALPHA, batch_size=FIRST_BATCH, learning_rate_init=FIRST_STEP, max_iter=FIRST_EPOCHS, random_state=0
    )  # fmt: skip
    fitted(model, inputs, features.classes[rows], sample_weights(features, rows))
    weights, bias, output, output_bias = _member(model)
    return First(
        known,
        (weights[: len(known)] * GRAM_SCALE).astype(np.float32),
        mean,
        scale,
        (weights[used] * MEASURE_SCALE).astype(np.float32),
        bias.astype(np.float32),
        output.astype(np.float32),
        output_bias.astype(np.float32),
    )


def standardisation(inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean of each column and the inverse of its standard deviation; 0 for a column that is always the same."""
    scaler = StandardScaler().fit(inputs)
    scale = np.where(scaler.var_ > 1e-9, 1 / np.sqrt(np.maximum(scaler.var_, 1e-9)), 0)
    return scaler.mean_.astype(np.float32), scale.astype(np.float32)


def fitted(model: MLPClassifier, inputs: Any, classes: NDArray[np.int64], weights: NDArray[np.float64]) -> None:
    """Fit, and be silent about the epochs: few of them are the regularisation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(inputs, classes, sample_weight=weights)


def quantised(first: First) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The n-grams' vectors as bytes, and the unit of each hidden unit."""
    # the few largest weights are cut
    limit = np.quantile(np.abs(first.gram_vectors), 0.9999, axis=0) if len(first.gram_vectors) else np.ones(FIRST_HIDDEN)
    scale = (np.maximum(limit, 1e-6) / 127).astype(np.float32)
    return np.clip(np.rint(first.gram_vectors / scale), -127, 127).astype(np.int8), scale


def apply_first(first: First, features: Features, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Log-probabilities of the first stage, from the quantised vectors as the package uses them."""
    table, scale = quantised(first)
    words = gram_matrix(features, first.gram_keys)[rows] @ (table.astype(np.float32) * scale)
    measures = np.concatenate([features.measures[rows], features.rules[rows]], axis=1)
    return perceptron(first, words, measures)


def fit_second(features: Features, scores: NDArray[np.float32], rows: NDArray[np.int64]) -> Second:
    """Perceptrons over first answers that were given out of fold."""
    inputs = context_inputs(features.measures, features.rules, scores, features.documents, features.bounds)[rows]
    # what an input usually is, it is on extracted pages and in written documents
    mean, scale = standardisation(inputs[~features.around[features.documents[rows]]])
    inputs = np.clip((inputs - mean) * scale, -CLIP, CLIP)
    classes, weights, where = features.classes[rows], sample_weights(features, rows), domain(features, rows)
    parts = []
    for seed in range(MEMBERS):
        random = np.random.default_rng(seed)
        model = MLPClassifier((HIDDEN,), alpha=ALPHA, batch_size=BATCH, learning_rate_init=STEP, random_state=seed)
        for _ in range(EPOCHS):
            seen = random.random(inputs.shape, dtype=np.float32) >= DROPOUT
            # what is left is made larger, so that the sums stay what they are when nothing is hidden
            shown = np.concatenate([inputs * seen / np.float32(1 - DROPOUT), where], axis=1)
            model.partial_fit(shown, classes, sample_weight=weights, classes=np.arange(len(CLASSES)))
        hidden, *others = _member(model)
        parts.append((hidden[: inputs.shape[1]], *others))
    stacked = [np.stack(values).astype(np.float32) for values in zip(*parts, strict=True)]
    return Second(mean, scale, *stacked)


def _member(model: MLPClassifier) -> tuple[NDArray[np.float32], ...]:
    hidden, last = model.coefs_
    output = np.zeros((hidden.shape[1], len(CLASSES)))
    bias = np.full(len(CLASSES), -20.0)
    if len(model.classes_) == 2:  # one logistic output
        output[:, model.classes_[1]], bias[model.classes_[1]] = last[:, 0], model.intercepts_[1][0]
        bias[model.classes_[0]] = 0
    else:
        output[:, model.classes_], bias[model.classes_] = last, model.intercepts_[1]
    return hidden, model.intercepts_[0], output, bias


def apply_second(second: Second, features: Features, scores: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Log-probabilities of the second stage for some rows."""
    inputs = context_inputs(features.measures, features.rules, scores, features.documents, features.bounds)[rows]
    return perceptron_scores(inputs, *second)


def transitions_of(features: Features, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Pointwise mutual information of neighbouring classes, smoothed by five imagined pairs each."""
    chosen = np.zeros(len(features.classes), dtype=bool)
    chosen[rows] = True
    pairs = chosen[1:] & chosen[:-1] & (features.documents[1:] == features.documents[:-1])
    table = np.zeros((len(CLASSES), len(CLASSES)))
    np.add.at(table, (features.classes[:-1][pairs], features.classes[1:][pairs]), 1)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1)
    result: NDArray[np.float32] = np.log((table + 5) / (expected + 5)).astype(np.float32)
    return result


def sharpness_of(
    features: Features, scores: NDArray[np.float32], transitions: NDArray[np.float32], rows: NDArray[np.int64]
) -> float:
    """Exponent that makes held-out probabilities calibrated (temperature scaling, Guo et al. 2017)."""
    answers = np.log(np.maximum(smooth(scores, transitions, features.blocks), 1e-9))[rows]
    true = features.classes[rows]

    def loss(sharpness: float) -> float:
        values = answers * sharpness
        values = values - values.max(axis=1, keepdims=True)
        normal = np.log(np.exp(values).sum(axis=1))
        return float(np.mean(normal - values[np.arange(len(true)), true]))

    return round(float(minimize_scalar(loss, bounds=(0.3, 3), method="bounded").x), 3)


def assembled(first: First, second: Second, transitions: NDArray[np.float32], sharpness: float, metadata: dict[str, Any]) -> Model:
    """The model that the package loads."""
    table, scale = quantised(first)
    return Model(
        first.gram_keys, places_of(first.gram_keys), table, scale, *first[2:], *second, transitions, sharpness, metadata
    )
