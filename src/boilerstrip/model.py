"""The classifier's weights: read, checked, applied.

Two stages, both perceptrons with one hidden layer. The first reads a paragraph by itself: each of its n-grams that is
known has a short vector, and their sum together with the measures makes the hidden layer (as in fastText, Joulin et
al. 2016, with measures beside the words). The second reads the first one's answers for the paragraph and its neighbours
(:mod:`boilerstrip.context`). Both are trained by ``training/train.py`` and stored as plain arrays.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from tokenize import TokenError
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints
from .context import context_inputs, context_names
from .features import MEASURES, NGRAM_SETTINGS, Grams
from .installed import read_installed
from .records import Kind
from .rules import RULES

__all__ = ["CLASSES", "FORMAT", "Model", "WeightsError", "default_model", "first_scores", "packed", "perceptron",
    "perceptron_scores", "places_of", "read_model", "second_scores", "unpacked"]

Floats = NDArray[np.float32]

#: Version of the file's layout; a file of another version is refused.
FORMAT = 2
#: Classes of both stages: wire copy and the kinds, in the order of every array with one column a class.
CLASSES: tuple[str, ...] = ("wire", *(kind.value for kind in Kind))
#: Bits by which the table of known n-grams is entered.
_PLACE_BITS = 17
#: Inputs are standardised and then clipped here: no single odd measure may decide.
CLIP = 5.0
#: Rows of the second stage that are computed at once: fits the processor's cache.
_ROWS = 4096
_BYTES_LOW = np.uint64(0x00FF00FF00FF00FF)


class WeightsError(ValueError):
    """The weights file is damaged, foreign, or made for another version of the features."""


class Model(NamedTuple):
    """Everything that was learned.

    Attributes:
        gram_keys: uint32, ascending: the known n-grams.
        gram_places: int32, where the keys with the same upper bits stand; see :func:`places_of`.
        gram_weights: int8 ``(n-grams, hidden)``: their vectors in units of ``gram_scale``, float32 ``(hidden,)``.
        measure_mean, measure_scale: float32 ``(measures + rules,)``: standardisation of the first stage's measures.
        measure_weights: float32 ``(measures + rules, hidden)``; ``bias``: float32 ``(hidden,)``.
        first_weights: float32 ``(hidden, 15)``; ``first_bias``: float32 ``(15,)``.
        mean, scale: float32 ``(inputs,)``: standardisation of the second stage's inputs.
        hidden_weights: float32 ``(members, inputs, hidden)``; ``hidden_bias``: ``(members, hidden)``.
        output_weights: float32 ``(members, hidden, 15)``; ``output_bias``: ``(members, 15)``.
        transitions: float32 ``(15, 15)``: log of how much more often class ``j`` follows class ``i`` than by chance.
        sharpness: float64: exponent of the probabilities that makes them calibrated (1 / temperature).
        metadata: what the file says of its training: data digest, cross-validation metrics.
    """

    gram_keys: NDArray[np.uint32]
    gram_places: NDArray[np.int32]
    gram_weights: NDArray[np.int8]
    gram_scale: Floats
    measure_mean: Floats
    measure_scale: Floats
    measure_weights: Floats
    bias: Floats
    first_weights: Floats
    first_bias: Floats
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
        "ngrams": [[name, list(sizes)] for name, sizes in NGRAM_SETTINGS._asdict().items()],
    }


#: What NumPy, zipfile and json raise on a file that is damaged or something else.
_DAMAGED = (
    ValueError, KeyError, OSError, EOFError, TypeError, AttributeError, NotImplementedError, SyntaxError, TokenError,
    zlib.error, zipfile.BadZipFile,
)  # fmt: skip
_ARRAYS = tuple(name for name in Model._fields if name not in ("gram_places", "sharpness", "metadata"))
#: Arrays that are no floats, with their types.
_EXACT: dict[str, type[np.generic]] = {"gram_keys": np.uint32, "gram_weights": np.int8}


def packed(arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> bytes:
    """The bytes of a weights file: the same for the same arrays, whenever and wherever written.

    Args:
        arrays: by name.
        about: what the file says of itself, as JSON can hold it; ``signature`` is what it must agree with to be of use.
    """
    arrays = {**arrays, "about": np.frombuffer(json.dumps(about, sort_keys=True).encode(), dtype=np.uint8)}
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            content = BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            # a fixed date, so that equal weights are equal files
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), content.getvalue(), zipfile.ZIP_DEFLATED)
    return target.getvalue()


def unpacked(
    raw: bytes, name: str, wanted: dict[str, Any], needed: Sequence[str], what: str, script: str
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays of a weights file and what it says of itself; the inverse of :func:`packed`.

    Args:
        raw: its content.
        name: what to call it in messages.
        wanted: the signature that it must have.
        needed: names of the arrays that it must have.
        what, script: in messages, what the signature tells of and what makes such a file anew.

    Raises:
        WeightsError: it is damaged or something else, or does not fit this version.
    """
    try:
        with np.load(BytesIO(raw), allow_pickle=False) as found:
            arrays = {key: found[key] for key in found.files}
        about = json.loads(bytes(arrays.pop("about")))
    except _DAMAGED as error:
        raise WeightsError(f"{name} is damaged or no weights file of boilerstrip: {error}") from None
    if not isinstance(about, dict) or not isinstance(about.get("signature"), dict):
        raise WeightsError(f"{name} is damaged or no weights file of boilerstrip: it does not say what it is")
    told = about.pop("signature")
    for key, value in wanted.items():
        if told.get(key) != value:
            raise WeightsError(f"{name} was made for other {what} ({key} differs); train anew with training/{script}")
    missing = [key for key in needed if key not in arrays]
    if missing:
        raise WeightsError(f"{name} lacks {', '.join(missing)}")
    return arrays, about


def write_model(model: Model) -> bytes:
    """The bytes of a weights file: the same for the same model, whenever and wherever written."""
    about = {"signature": signature(), "sharpness": model.sharpness, **model.metadata}
    arrays = {name: getattr(model, name) for name in _ARRAYS}
    for name in ("hidden_weights", "measure_weights"):
        arrays[name] = arrays[name].astype(np.float16)
    return packed(arrays, about)


def read_model(raw: bytes, name: str = "weights") -> Model:
    """Read and check a weights file.

    Args:
        raw: its content.
        name: what to call it in messages.

    Raises:
        WeightsError: it is damaged or does not fit this version.
    """
    arrays, about = unpacked(raw, name, signature(), _ARRAYS, "features", "train.py")
    sharpness = about.pop("sharpness", None)
    if isinstance(sharpness, bool) or not isinstance(sharpness, int | float) or not 0 < sharpness < 100:
        raise WeightsError(f"{name}: sharpness is {sharpness!r}, not a number above 0")
    _check_shapes(arrays, name)
    values: dict[str, Any] = {key: arrays[key] if key in _EXACT else arrays[key].astype(np.float32) for key in _ARRAYS}
    return Model(**values, gram_places=places_of(arrays["gram_keys"]), sharpness=float(sharpness), metadata=about)


def _check_shapes(arrays: dict[str, NDArray[Any]], name: str) -> None:
    classes, measures = len(CLASSES), len(MEASURES) + len(RULES)
    grams, width = arrays["gram_weights"].shape if arrays["gram_weights"].ndim == 2 else (0, 0)
    members, inputs, hidden = arrays["hidden_weights"].shape if arrays["hidden_weights"].ndim == 3 else (0, 0, 0)
    wanted = {
        "gram_keys": (grams,), "gram_weights": (grams, width), "gram_scale": (width,), "measure_mean": (measures,),
        "measure_scale": (measures,), "measure_weights": (measures, width), "bias": (width,),
        "first_weights": (width, classes), "first_bias": (classes,),
        "mean": (inputs,), "scale": (inputs,), "hidden_weights": (members, inputs, hidden), "hidden_bias": (members, hidden),
        "output_weights": (members, hidden, classes), "output_bias": (members, classes), "transitions": (classes, classes),
    }  # fmt: skip
    exact = all(arrays[key].dtype == kind for key, kind in _EXACT.items())
    if not exact or any(arrays[key].dtype.kind not in "fi" for key in wanted if key not in _EXACT):
        raise WeightsError(f"{name}: its arrays are of other types")
    if width < 1 or width % 8:
        raise WeightsError(f"{name}: the first stage is {width} wide, which is no multiple of 8")
    if members < 1 or inputs != len(context_names(CLASSES, tuple(rule.name for rule in RULES))):
        raise WeightsError(f"{name}: the second stage has {members} members and {inputs} inputs")
    for key, shape in wanted.items():
        if arrays[key].shape != shape:
            raise WeightsError(f"{name}: {key} has shape {arrays[key].shape}, not {shape}")
        if key not in _EXACT and not np.isfinite(arrays[key]).all():
            raise WeightsError(f"{name}: {key} has values that are no numbers")
    if (arrays["gram_keys"][1:] <= arrays["gram_keys"][:-1]).any():
        raise WeightsError(f"{name}: gram_keys are not in ascending order")


@lru_cache(maxsize=1)
def default_model() -> Model:
    """The package's weights, read once a process.

    Raises:
        WeightsError: the installed file is missing or damaged.
    """
    try:
        raw = read_installed("weights.npz")
    except OSError as error:
        raise WeightsError(f"weights.npz of the installed boilerstrip cannot be read: {error}") from None
    return read_model(raw, "weights.npz of the installed boilerstrip")


def places_of(keys: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Keys with the upper bits ``b`` are ``keys[places[b]:places[b + 1]]``."""
    places = np.zeros((1 << _PLACE_BITS) + 1, dtype=np.int32)
    np.cumsum(np.bincount(keys >> np.uint32(32 - _PLACE_BITS), minlength=1 << _PLACE_BITS), out=places[1:])
    return places


def _known(model: Model, wanted: NDArray[np.uint32]) -> Ints:
    """Row of each n-gram, -1 for those that are not known."""
    places, keys = model.gram_places, model.gram_keys
    at = wanted >> np.uint32(32 - _PLACE_BITS)
    here, end = places[at], places[at + np.uint32(1)]
    found = np.full(len(wanted), -1, dtype=np.int64)
    left = np.flatnonzero(here < end)
    here, end, wanted = here[left], end[left], wanted[left]
    while len(left):
        key = keys[here]
        hit = key == wanted
        found[left[hit]] = here[hit]
        more = np.flatnonzero((key < wanted) & (here + 1 < end))  # past a larger key there is none
        left, here, end, wanted = left[more], here[more] + 1, end[more], wanted[more]
    return found


def _gram_sums(table: NDArray[np.int8], rows: Ints, starts: Ints, ends: Ints) -> NDArray[np.int64]:
    """Sums of ``table[rows[start:end]]``, int64 ``(paragraphs, hidden)``.

    Eight weights of one byte are gathered as one integer, spread to two integers of four 16-bit counters and summed
    as such. Weights are shifted to be positive; a paragraph has fewer than 257 n-grams of a sort, so that no counter
    runs over (``tokens.HEAD`` and ``tokens.TAIL``).
    """
    result = np.zeros((len(starts), table.shape[1]), dtype=np.int64)
    full = np.flatnonzero(ends > starts)
    if not len(full):
        return result
    bounds = np.empty(2 * len(full), dtype=np.int64)
    bounds[0::2], bounds[1::2] = starts[full], ends[full]
    if bounds[-1] == len(rows):
        bounds = bounds[:-1]
    # two's complement to offset binary: flip the upper bit of each byte
    packed = np.take(table.view(np.uint64), rows, axis=0) ^ np.uint64(0x8080808080808080)
    sums = np.zeros((len(full), table.shape[1]), dtype=np.int64)
    for group in range(packed.shape[1]):
        eight = packed[:, group]
        for odd in (0, 1):
            counters = np.add.reduceat((eight >> np.uint64(8 * odd)) & _BYTES_LOW, bounds)[0::2]
            for lane in range(4):
                sums[:, 8 * group + 2 * lane + odd] = (counters >> np.uint64(16 * lane)) & np.uint64(0xFFFF)
    result[full] = sums - 128 * (ends - starts)[full][:, None]
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
    count = len(measures)
    rows = _known(model, np.concatenate([sort.keys for sort in grams]))
    known = rows >= 0
    before = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(known, out=before[1:])
    first_key = np.cumsum([0, *(len(sort.keys) for sort in grams[:-1])])
    starts = before[np.concatenate([sort.starts + at for sort, at in zip(grams, first_key, strict=True)])]
    ends = before[np.concatenate([np.maximum(sort.starts, sort.ends) + at for sort, at in zip(grams, first_key, strict=True)])]
    # looked up at once, but summed by sort: the sum of all might run over its counters
    total = _gram_sums(model.gram_weights, rows[known], starts, ends).reshape(len(grams), count, -1).sum(axis=0)
    size = (ends - starts).reshape(len(grams), count).sum(axis=0)
    # n-grams count by the square root of their number, as they did in training
    words: Floats = (total * model.gram_scale / np.sqrt(np.maximum(size, 1))[:, None]).astype(np.float32)
    return perceptron(model, words, measures)


class FirstStage(Protocol):
    """The arrays of the first stage behind the vectors of the n-grams, as in :class:`Model`."""

    @property
    def measure_mean(self) -> Floats: ...
    @property
    def measure_scale(self) -> Floats: ...
    @property
    def measure_weights(self) -> Floats: ...
    @property
    def bias(self) -> Floats: ...
    @property
    def first_weights(self) -> Floats: ...
    @property
    def first_bias(self) -> Floats: ...


def perceptron(stage: FirstStage, words: Floats, measures: Floats) -> Floats:
    """Answers of the first stage from the sums of the n-grams' vectors, float32 ``(paragraphs, hidden)``."""
    inputs = np.clip((measures - stage.measure_mean) * stage.measure_scale, -CLIP, CLIP)
    hidden = np.maximum(words + inputs @ stage.measure_weights + stage.bias, 0)
    result: Floats = log_softmax(hidden @ stage.first_weights + stage.first_bias).astype(np.float32)
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
        rows = inputs[at : at + _ROWS] - mean
        rows *= scale
        np.clip(rows, -CLIP, CLIP, out=rows)
        answers = np.zeros((len(rows), output_bias.shape[1]), dtype=np.float32)
        for member in range(len(hidden_weights)):
            hidden = np.maximum(rows @ hidden_weights[member] + hidden_bias[member], 0)
            answers += np.exp(log_softmax(hidden @ output_weights[member] + output_bias[member]))
        result[at : at + _ROWS] = np.log(np.maximum(answers / len(hidden_weights), 1e-9))
    return result
