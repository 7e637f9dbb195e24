"""The classifier's weights: read, checked, applied.

Two stages. The first is a multinomial logistic regression over hashed n-grams and the measures of a paragraph; the
second a small ensemble of perceptrons with one hidden layer over the first stage's answers for the paragraph and its
neighbours (:mod:`boilerstrip.context`). Both are trained by ``training/train.py`` and stored as plain arrays.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from tokenize import TokenError
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints
from .context import context_inputs, context_names
from .features import BUCKETS, MEASURES, NGRAM_SETTINGS, Grams
from .records import Kind
from .rules import RULES

__all__ = ["CLASSES", "FORMAT", "Model", "WeightsError", "default_model", "first_scores", "perceptron_scores", "read_model", "second_scores"]

Floats = NDArray[np.float32]

#: Version of the file's layout; a file of another version is refused.
FORMAT = 1
#: Classes of both stages: wire copy and the kinds, in the order of every array with one column a class.
CLASSES: tuple[str, ...] = ("wire", *(kind.value for kind in Kind))
#: Inputs of the second stage are standardised and then clipped here: no single odd measure may decide.
CLIP = 5.0
#: Rows of the second stage that are computed at once: fits the processor's cache.
_ROWS = 4096
_BYTES_LOW = np.uint64(0x00FF00FF00FF00FF)


class WeightsError(ValueError):
    """The weights file is damaged, foreign, or made for another version of the features."""


class Model(NamedTuple):
    """Everything that was learned.

    Attributes:
        gram_weights: int8 ``(BUCKETS, 16)``: weights of the n-grams in units of ``gram_scale``; last column unused.
        gram_scale: float32 ``(15,)``.
        measure_weights: float32 ``(measures + rules, 15)`` of the first stage; ``bias``: float32 ``(15,)``.
        mean, scale: float32 ``(inputs,)``: standardisation of the second stage's inputs.
        hidden_weights: float32 ``(members, inputs, hidden)``; ``hidden_bias``: ``(members, hidden)``.
        output_weights: float32 ``(members, hidden, 15)``; ``output_bias``: ``(members, 15)``.
        transitions: float32 ``(15, 15)``: log of how much more often class ``j`` follows class ``i`` than by chance.
        sharpness: float64: exponent of the probabilities that makes them calibrated (1 / temperature).
        metadata: what the file says of its training: data digest, cross-validation metrics.
    """

    gram_weights: NDArray[np.int8]
    gram_scale: Floats
    measure_weights: Floats
    bias: Floats
    mean: Floats
    scale: Floats
    hidden_weights: Floats
    hidden_bias: Floats
    output_weights: Floats
    output_bias: Floats
    transitions: Floats
    sharpness: float
    metadata: dict[str, Any]


def signature() -> dict[str, Any]:
    """What a weights file must agree with to be of use to this version of the features."""
    return {
        "format": FORMAT,
        "classes": list(CLASSES),
        "measures": list(MEASURES),
        "rules": [rule.name for rule in RULES],
        "buckets": BUCKETS,
        "ngrams": [list(part) for part in NGRAM_SETTINGS],
    }


#: What NumPy, zipfile and json raise on a file that is damaged or something else.
_DAMAGED = (
    ValueError, KeyError, OSError, EOFError, TypeError, AttributeError, NotImplementedError, SyntaxError, TokenError,
    zlib.error, zipfile.BadZipFile,
)  # fmt: skip
_ARRAYS = tuple(name for name in Model._fields if name not in ("sharpness", "metadata"))


def write_model(model: Model) -> bytes:
    """The bytes of a weights file: the same for the same model, whenever and wherever written."""
    about = {"signature": signature(), "sharpness": model.sharpness, **model.metadata}
    arrays = {name: getattr(model, name) for name in _ARRAYS}
    for name in ("hidden_weights", "measure_weights"):
        arrays[name] = arrays[name].astype(np.float16)
    arrays["about"] = np.frombuffer(json.dumps(about, sort_keys=True).encode(), dtype=np.uint8)
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            content = BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            # a fixed date, so that equal weights are equal files
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), content.getvalue(), zipfile.ZIP_DEFLATED)
    return target.getvalue()


def read_model(raw: bytes, name: str = "weights") -> Model:
    """Read and check a weights file.

    Args:
        raw: its content.
        name: what to call it in messages.

    Raises:
        WeightsError: it is damaged or does not fit this version.
    """
    try:
        with np.load(BytesIO(raw), allow_pickle=False) as found:
            arrays = {key: found[key] for key in found.files}
        about = json.loads(bytes(arrays.pop("about")))
    except _DAMAGED as error:
        raise WeightsError(f"{name} is damaged or no weights file of boilerstrip: {error}") from None
    if not isinstance(about, dict) or not isinstance(about.get("signature"), dict):
        raise WeightsError(f"{name} is damaged or no weights file of boilerstrip: it does not say what it is")
    sharpness = about.pop("sharpness", None)
    if isinstance(sharpness, bool) or not isinstance(sharpness, int | float) or not 0 < sharpness < 100:
        raise WeightsError(f"{name}: sharpness is {sharpness!r}, not a number above 0")
    known = signature()
    told = about.pop("signature", {})
    for key, value in known.items():
        if told.get(key) != value:
            raise WeightsError(f"{name} was made for other features ({key} differs); train anew with training/train.py")
    missing = [key for key in _ARRAYS if key not in arrays]
    if missing:
        raise WeightsError(f"{name} lacks {', '.join(missing)}")
    _check_shapes(arrays, name)
    values = {key: arrays[key] if arrays[key].dtype == np.int8 else arrays[key].astype(np.float32) for key in _ARRAYS}
    return Model(**values, sharpness=float(sharpness), metadata=about)


def _check_shapes(arrays: dict[str, NDArray[Any]], name: str) -> None:
    classes, measures = len(CLASSES), len(MEASURES) + len(RULES)
    members, inputs, hidden = arrays["hidden_weights"].shape if arrays["hidden_weights"].ndim == 3 else (0, 0, 0)
    wanted = {
        "gram_weights": (BUCKETS, 16), "gram_scale": (classes,), "measure_weights": (measures, classes), "bias": (classes,),
        "mean": (inputs,), "scale": (inputs,), "hidden_weights": (members, inputs, hidden), "hidden_bias": (members, hidden),
        "output_weights": (members, hidden, classes), "output_bias": (members, classes), "transitions": (classes, classes),
    }  # fmt: skip
    if arrays["gram_weights"].dtype != np.int8 or any(arrays[key].dtype.kind not in "fi" for key in wanted):
        raise WeightsError(f"{name}: its arrays are of other types")
    if members < 1 or inputs != len(context_names(CLASSES, tuple(rule.name for rule in RULES))):
        raise WeightsError(f"{name}: the second stage has {members} members and {inputs} inputs")
    for key, shape in wanted.items():
        if arrays[key].shape != shape:
            raise WeightsError(f"{name}: {key} has shape {arrays[key].shape}, not {shape}")
        if arrays[key].dtype != np.int8 and not np.isfinite(arrays[key]).all():
            raise WeightsError(f"{name}: {key} has values that are no numbers")


@lru_cache(maxsize=1)
def default_model() -> Model:
    """The package's weights, read once a process.

    Raises:
        WeightsError: the installed file is missing or damaged.
    """
    try:
        raw = files(__package__).joinpath("weights.npz").read_bytes()
    except OSError as error:
        raise WeightsError(f"weights.npz of the installed boilerstrip cannot be read: {error}") from None
    return read_model(raw, "weights.npz of the installed boilerstrip")


def _gram_sums(table: NDArray[np.int8], grams: Grams) -> NDArray[np.int64]:
    """Sum of the table's rows over each paragraph's n-grams, int64 ``(paragraphs, 16)``.

    Eight weights of one byte are gathered as one integer, spread to two integers of four 16-bit counters and summed
    as such. Weights are shifted to be positive; a paragraph has fewer than 257 n-grams of a sort, so that no counter
    runs over (``tokens.HEAD`` and ``tokens.TAIL``).
    """
    count = len(grams.starts)
    result = np.zeros((count, 16), dtype=np.int64)
    full = np.flatnonzero(grams.ends > grams.starts)
    if not len(full):
        return result
    bounds = np.empty(2 * len(full), dtype=np.int64)
    bounds[0::2], bounds[1::2] = grams.starts[full], grams.ends[full]
    if bounds[-1] == len(grams.buckets):
        bounds = bounds[:-1]
    # two's complement to offset binary: flip the upper bit of each byte
    packed = np.take(table.view(np.uint64), grams.buckets, axis=0) ^ np.uint64(0x8080808080808080)
    for half in (0, 1):
        eight = packed[:, half]
        for odd in (0, 1):
            counters = (eight >> np.uint64(8 * odd)) & _BYTES_LOW
            sums = np.add.reduceat(counters, bounds)[0::2]
            for lane in range(4):
                result[full, 8 * half + 2 * lane + odd] = (sums >> np.uint64(16 * lane)) & np.uint64(0xFFFF)
    size = (grams.ends - grams.starts)[full]
    result[full] -= 128 * size[:, None]
    return result


def log_softmax(values: NDArray[Any]) -> NDArray[Any]:
    """Logarithm of the softmax of each row."""
    shifted_ = values - values.max(axis=1, keepdims=True)
    result: NDArray[Any] = shifted_ - np.log(np.exp(shifted_).sum(axis=1, keepdims=True))
    return result


def first_scores(model: Model, grams: Sequence[Grams], measures: Floats) -> Floats:
    """Answers of the first stage: log-probabilities, float32 ``(paragraphs, 15)``.

    Args:
        model: the weights.
        grams: the n-grams by sort.
        measures: measures and rules, ``(paragraphs, measures + rules)``.
    """
    total = np.zeros((len(measures), 16), dtype=np.int64)
    size = np.zeros(len(measures), dtype=np.int64)
    for sort in grams:
        total += _gram_sums(model.gram_weights, sort)
        size += np.maximum(sort.ends - sort.starts, 0)
    # n-grams count by the square root of their number: what the logistic regression was trained on
    words = total[:, : len(CLASSES)] * model.gram_scale / np.sqrt(np.maximum(size, 1))[:, None]
    result: Floats = log_softmax(words + measures @ model.measure_weights + model.bias).astype(np.float32)
    return result


def second_scores(model: Model, measures: Floats, rules: NDArray[Any], first: Floats, documents: Ints, bounds: Ints) -> Floats:
    """Answers of the second stage: log-probabilities, float32 ``(paragraphs, 15)``."""
    inputs = context_inputs(measures, rules, first, documents, bounds)
    return perceptron_scores(
        inputs, model.mean, model.scale, model.hidden_weights, model.hidden_bias, model.output_weights, model.output_bias
    )


def perceptron_scores(
    inputs: Floats, mean: Floats, scale: Floats, hidden_weights: Floats, hidden_bias: Floats, output_weights: Floats, output_bias: Floats
) -> Floats:
    """Logarithm of the mean of the perceptrons' probabilities; arrays as in :class:`Model`."""
    result = np.empty((len(inputs), output_bias.shape[1]), dtype=np.float32)
    for at in range(0, len(inputs), _ROWS):
        rows = np.clip((inputs[at : at + _ROWS] - mean) * scale, -CLIP, CLIP)
        answers = np.zeros((len(rows), output_bias.shape[1]), dtype=np.float32)
        for member in range(len(hidden_weights)):
            hidden = np.maximum(rows @ hidden_weights[member] + hidden_bias[member], 0)
            answers += np.exp(log_softmax(hidden @ output_weights[member] + output_bias[member]))
        result[at : at + _ROWS] = np.log(np.maximum(answers / len(hidden_weights), 1e-9))
    return result
