"""Fitting the two stages with scikit-learn: from labelled documents to the arrays of a :class:`boilerstrip.model.Model`."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from corpora import Document
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from boilerstrip.arrays import ranges
from boilerstrip.context import context_inputs
from boilerstrip.decoding import smooth
from boilerstrip.features import BUCKETS, measure, ngrams, page_of
from boilerstrip.model import CLASSES, CLIP, Model, perceptron_scores
from boilerstrip.records import Label
from boilerstrip.rules import apply_rules
from boilerstrip.segmentation import batch_of, segment

#: Inverse regularisation of the first stage. Tried 0.3, 1, 3, 5, 10 (docs/accuracy.md); n-gram counts are divided by the
#: square root of their number, so single weights must be able to grow.
FIRST_C = 5.0
#: Iterations of L-BFGS. 60 reach the plateau of held-out macro-F1; 150 overfit slightly and take 2.5 times as long.
FIRST_ITERATIONS = 60
#: The measures enter the first stage at this scale beside the n-grams, which makes L2 weigh on both alike.
MEASURE_SCALE = 0.3
#: Second stage: perceptrons of so many hidden units, averaged over so many seeds.
HIDDEN, MEMBERS, EPOCHS, ALPHA = 64, 4, 8, 0.1
#: Batch size and step of Adam for the second stage.
BATCH, STEP = 256, 1e-3
#: Written documents count less than read labels of real pages by this factor.
WRITTEN_WEIGHT = 0.4
FOLDS = 5

_BREAKS = re.compile("[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_GROUP = 64


@dataclass(frozen=True)
class Features:
    """Everything that is computed once for a list of documents.

    Attributes:
        measures, rules: float32, one row a paragraph.
        grams: CSR matrix of n-gram counts divided by the square root of their number.
        classes: int64, index into ``CLASSES``; -1 where not labelled.
        documents: document of each paragraph; ``bounds`` as in a segmentation.
        groups: for each document what is never split over folds; ``real``: for each document, it is no written one.
        lengths: characters of each paragraph.
    """

    measures: NDArray[np.float32]
    rules: NDArray[np.float32]
    grams: Any
    classes: NDArray[np.int64]
    documents: NDArray[np.int64]
    bounds: NDArray[np.int64]
    groups: NDArray[np.str_]
    real: NDArray[np.bool_]
    lengths: NDArray[np.int64]


class First(NamedTuple):
    """The fitted first stage: weights by class for n-grams and for measures with rules, and the bias."""

    grams: NDArray[np.float32]
    measures: NDArray[np.float32]
    bias: NDArray[np.float32]


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
    measures, rules, rows, columns, lengths, bounds, count = [], [], [], [], [], [0], 0
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
            rows.append(np.repeat(np.arange(count, count + page.count), many))
            columns.append(grams.buckets[ranges(grams.starts, many)])
        count += page.count
        bounds += (bounds[-1] + np.cumsum(sizes)).tolist()
    return Features(
        np.concatenate(measures),
        np.concatenate(rules),
        _normalised(np.concatenate(rows), np.concatenate(columns), count),
        np.array([_class_of(sample) for document in documents for sample in document.paragraphs]),
        np.repeat(np.arange(len(documents)), np.diff(bounds)),
        np.array(bounds),
        np.array([document.group for document in documents]),
        np.array([document.source != "written" for document in documents]),
        np.concatenate(lengths),
    )


def _class_of(sample: Any) -> int:
    """Index into ``CLASSES``; a paragraph that is to go and has no kind teaches nothing and is left out."""
    if sample.label is Label.WIRE:
        return 0
    return -1 if sample.kind is None else CLASSES.index(sample.kind.value)


def _normalised(rows: NDArray[np.int64], columns: NDArray[np.int64], count: int) -> Any:
    matrix = sp.coo_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(count, BUCKETS)).tocsr()
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


def fit_first(features: Features, rows: NDArray[np.int64]) -> First:
    """Logistic regression over n-grams, measures and rules of the given labelled paragraphs."""
    dense = np.concatenate([features.measures, features.rules], axis=1)[rows] * np.float32(MEASURE_SCALE)
    inputs = sp.hstack([features.grams[rows], sp.csr_matrix(dense)], format="csr").astype(np.float32)
    weights = np.where(features.real[features.documents[rows]], 1.0, WRITTEN_WEIGHT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped at the plateau on purpose
        model = LogisticRegression(C=FIRST_C, max_iter=FIRST_ITERATIONS, solver="lbfgs")
        model.fit(inputs, features.classes[rows], sample_weight=weights)
    coefficients = np.zeros((len(CLASSES), inputs.shape[1]), dtype=np.float32)
    bias = np.full(len(CLASSES), -20.0, dtype=np.float32)  # a class that the rows lack is never the answer
    if len(model.classes_) == 2:
        coefficients[model.classes_[1]], bias[model.classes_[1]] = model.coef_[0], model.intercept_[0]
        bias[model.classes_[0]] = 0
    else:
        coefficients[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return First(
        np.ascontiguousarray(coefficients[:, :BUCKETS].T),
        np.ascontiguousarray(coefficients[:, BUCKETS:].T) * np.float32(MEASURE_SCALE),
        bias,
    )


def quantised(first: First) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """N-gram weights as bytes and the unit of each class."""
    # the few largest weights are cut: they are long n-grams of single sites
    limit = np.quantile(np.abs(first.grams), 0.9998, axis=0).astype(np.float32)
    scale = np.maximum(limit, 1e-6) / 127
    table = np.zeros((BUCKETS, 16), dtype=np.int8)
    table[:, : len(CLASSES)] = np.clip(np.rint(first.grams / scale), -127, 127).astype(np.int8)
    return table, scale


def apply_first(first: First, features: Features, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Log-probabilities of the first stage, from the quantised weights as the package uses them."""
    table, scale = quantised(first)
    words = features.grams[rows] @ (table[:, : len(CLASSES)].astype(np.float32) * scale)
    values = words + np.concatenate([features.measures, features.rules], axis=1)[rows] @ first.measures + first.bias
    values -= values.max(axis=1, keepdims=True)
    result: NDArray[np.float32] = (values - np.log(np.exp(values).sum(axis=1, keepdims=True))).astype(np.float32)
    return result


def fit_second(features: Features, scores: NDArray[np.float32], rows: NDArray[np.int64], members: int = MEMBERS) -> Second:
    """Perceptrons over first answers that were given out of fold."""
    inputs = context_inputs(features.measures, features.rules, scores, features.documents, features.bounds)[rows]
    scaler = StandardScaler().fit(inputs)
    scale = np.where(scaler.var_ > 1e-9, 1 / np.sqrt(np.maximum(scaler.var_, 1e-9)), 0).astype(np.float32)
    mean = scaler.mean_.astype(np.float32)
    inputs = np.clip((inputs - mean) * scale, -CLIP, CLIP)
    parts = []
    for seed in range(members):
        model = MLPClassifier((HIDDEN,), alpha=ALPHA, batch_size=BATCH, learning_rate_init=STEP, max_iter=EPOCHS, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are the regularisation
            model.fit(inputs, features.classes[rows])
        parts.append(_member(model))
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
    answers = np.log(np.maximum(smooth(scores, transitions, features.documents), 1e-9))[rows]
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
    return Model(table, scale, first.measures, first.bias, *second, transitions, sharpness, metadata)
