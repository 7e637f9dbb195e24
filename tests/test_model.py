"""The weights file: checked on load, written alike every time; and the arithmetic against plain NumPy."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from stories import APPEALS, STORIES

import boilerstrip
from boilerstrip import Label, Stripper, WeightsError, model
from boilerstrip.context import context_inputs, context_names
from boilerstrip.features import MEASURES, Grams, measure, ngrams, page_of
from boilerstrip.model import (
    CLASSES,
    Model,
    default_model,
    first_scores,
    log_softmax,
    places_of,
    read_model,
    second_scores,
    signature,
    write_model,
)
from boilerstrip.rules import RULES, apply_rules
from boilerstrip.segmentation import batch_of, segment

FILE = Path(boilerstrip.__file__).parent / "weights.npz"
INPUTS = len(context_names(CLASSES, tuple(rule.name for rule in RULES)))
HIDDEN, MEMBERS = 3, 2
GRAMS, WIDTH = 300, 16
ARRAYS = tuple(name for name in Model._fields if name not in ("gram_places", "sharpness", "metadata"))


def made(seed: int = 0, *, zeros: bool = False) -> Model:
    """A model of the right shapes with values that 16 bits hold exactly."""
    random = np.random.default_rng(seed)

    def floats(*shape: int) -> NDArray[np.float32]:
        values = np.zeros(shape) if zeros else random.integers(-64, 64, shape) / 64
        return values.astype(np.float16).astype(np.float32)

    grams = np.zeros((GRAMS, WIDTH), np.int8) if zeros else random.integers(-128, 128, (GRAMS, WIDTH)).astype(np.int8)
    # some share their upper bits, so that the table has places with several keys
    keys = np.unique(random.integers(0, 31, GRAMS) * (1 << 27) + np.arange(GRAMS)).astype(np.uint32)
    measures, classes = len(MEASURES) + len(RULES), len(CLASSES)
    return Model(
        *(keys, places_of(keys), grams, np.abs(floats(WIDTH)) + 0.5, floats(measures), np.abs(floats(measures)) + 0.5),
        *(floats(measures, WIDTH), floats(WIDTH), floats(WIDTH, classes), floats(classes), floats(INPUTS)),
        *(np.abs(floats(INPUTS)) + 0.5, floats(MEMBERS, INPUTS, HIDDEN), floats(MEMBERS, HIDDEN)),
        *(floats(MEMBERS, HIDDEN, classes), floats(MEMBERS, classes), floats(classes, classes)),
        *(1.25, {"data": "digest", "metrics": {"macro_f1": 0.7}}),
    )


SMALL = write_model(made(zeros=True))


def same(one: Model, other: Model) -> bool:
    arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS)
    return arrays and (one.sharpness, one.metadata) == (other.sharpness, other.metadata)


def parts_of(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def stored(array: Any, *, allow_pickle: bool = False) -> bytes:
    target = io.BytesIO()
    np.lib.format.write_array(target, np.asanyarray(array), allow_pickle=allow_pickle)
    return target.getvalue()


def changed(**arrays: Any) -> bytes:
    """The small file with some arrays replaced, or left out where the value is None."""
    parts = parts_of(SMALL)
    for name, array in arrays.items():
        if array is None:
            del parts[f"{name}.npy"]
        else:
            parts[f"{name}.npy"] = stored(array)
    return packed(parts)


def told(change: Callable[[dict[str, Any]], Any]) -> bytes:
    """The small file with what it says about itself changed in place, or replaced by the result."""
    about = json.loads(bytes(np.load(io.BytesIO(parts_of(SMALL)["about.npy"]))))
    result = change(about)
    return changed(about=np.frombuffer(json.dumps(about if result is None else result).encode(), np.uint8))


# --- reading and writing ----------------------------------------------------------------------------------------------


def test_the_package_has_weights_that_it_can_read() -> None:
    raw = FILE.read_bytes()
    assert len(raw) <= 3_000_000
    found = read_model(raw)
    assert same(found, default_model())
    assert found.gram_weights.dtype == np.int8 and found.gram_weights.flags.c_contiguous
    assert all(getattr(found, name).dtype == np.float32 for name in ARRAYS if not name.startswith("gram_"))
    assert found.gram_keys.dtype == np.uint32
    assert 0 < found.sharpness < 10
    assert len(found.mean) == INPUTS


def test_the_weights_say_what_they_were_trained_on() -> None:
    about = default_model().metadata
    assert len(about["data"]) == 64 and int(about["data"], 16)
    # DESIGN.md: the file carries the metrics of its cross-validation
    assert "f1" in json.dumps(about).lower()


def test_writing_and_reading_loses_nothing() -> None:
    for seed in (0, 1):
        assert same(read_model(write_model(made(seed))), made(seed))
    assert same(read_model(SMALL), made(zeros=True))


def test_equal_weights_are_equal_files(monkeypatch: pytest.MonkeyPatch) -> None:
    first = write_model(made(3))
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert write_model(made(3)) == first
    assert write_model(read_model(first)) == first
    assert write_model(made(4)) != first


def test_nothing_executable_is_in_the_file() -> None:
    for name, content in parts_of(FILE.read_bytes()).items():
        assert name.endswith(".npy")
        assert b"|O" not in content[:128], name


# --- refusals ---------------------------------------------------------------------------------------------------------

_NOT_A_NUMBER = np.full(len(CLASSES), np.nan, np.float32)
_INFINITE = np.full((MEMBERS, HIDDEN), np.inf, np.float32)

BROKEN: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"not a weights file\n" * 100,
    "truncated-to-a-tenth": lambda: SMALL[: len(SMALL) // 10],
    "truncated-to-half": lambda: SMALL[: len(SMALL) // 2],
    "truncated-by-one": lambda: SMALL[:-1],
    "beginning-lost": lambda: SMALL[100:],
    "zeros": lambda: bytes(len(SMALL)),
    "a-pickle": lambda: pickle.dumps({"weights": [1, 2, 3]}),
    "a-plain-array": lambda: stored(np.zeros(3)),
    "empty-archive": lambda: packed({}),
    "foreign-archive": lambda: packed({"readme.txt": b"hello"}),
    "pickle-inside": lambda: packed(
        {**parts_of(SMALL), "bias.npy": stored(np.array([object, None], dtype=object), allow_pickle=True)}
    ),
    "pickle-about": lambda: packed({**parts_of(SMALL), "about.npy": stored(np.array([{}]), allow_pickle=True)}),
    "no-about": lambda: changed(about=None),
    "about-no-json": lambda: changed(about=np.frombuffer(b"{", np.uint8)),
    "about-no-utf8": lambda: changed(about=np.frombuffer(b"\xff\xfe\xff", np.uint8)),
    "about-a-list": lambda: told(lambda about: [1, 2]),
    "about-null": lambda: changed(about=np.frombuffer(b"null", np.uint8)),
    "signature-missing": lambda: told(lambda about: about.pop("signature") and None),
    "signature-a-list": lambda: told(lambda about: about.update(signature=[1])),
    "no-sharpness": lambda: told(lambda about: about.pop("sharpness") and None),
    "sharpness-a-word": lambda: told(lambda about: about.update(sharpness="sharp")),
    "sharpness-null": lambda: told(lambda about: about.update(sharpness=None)),
    "sharpness-nan": lambda: told(lambda about: about.update(sharpness=float("nan"))),
    **{f"without-{name}": lambda name=name: changed(**{name: None}) for name in ARRAYS},  # type: ignore[misc]
    "shape-of-bias": lambda: changed(bias=np.zeros(3, np.float32)),
    "scalar": lambda: changed(bias=np.float32(0)),
    "shape-of-grams": lambda: changed(gram_weights=np.zeros((GRAMS // 2, WIDTH), np.int8)),
    "flat-hidden": lambda: changed(hidden_weights=np.zeros(12, np.float16)),
    "no-members": lambda: changed(
        hidden_weights=np.zeros((0, INPUTS, HIDDEN), np.float16),
        hidden_bias=np.zeros((0, HIDDEN), np.float32),
        output_weights=np.zeros((0, HIDDEN, len(CLASSES)), np.float32),
        output_bias=np.zeros((0, len(CLASSES)), np.float32),
    ),
    "fewer-inputs": lambda: changed(
        hidden_weights=np.zeros((MEMBERS, INPUTS - 1, HIDDEN), np.float16),
        mean=np.zeros(INPUTS - 1, np.float32),
        scale=np.zeros(INPUTS - 1, np.float32),
    ),
    "grams-of-another-type": lambda: changed(gram_weights=np.zeros((GRAMS, WIDTH), np.float32)),
    "keys-of-another-type": lambda: changed(gram_keys=np.arange(GRAMS)),
    "keys-out-of-order": lambda: changed(gram_keys=np.arange(GRAMS, dtype=np.uint32)[::-1]),
    "keys-twice": lambda: changed(gram_keys=np.zeros(GRAMS, np.uint32)),
    "a-width-of-seven": lambda: changed(
        gram_weights=np.zeros((GRAMS, 7), np.int8),
        **{name: np.zeros(7, np.float32) for name in ("gram_scale", "bias")},
        measure_weights=np.zeros((len(MEASURES) + len(RULES), 7), np.float16),
        first_weights=np.zeros((7, len(CLASSES)), np.float32),
    ),
    "words-for-numbers": lambda: changed(bias=np.array(["a"] * len(CLASSES))),
    "not-a-number": lambda: changed(bias=_NOT_A_NUMBER),
    "infinite": lambda: changed(hidden_bias=_INFINITE),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_damaged_file_is_named_as_such(broken: Callable[[], bytes]) -> None:
    with pytest.raises(WeightsError, match=r"^weights-of-the-test\.npz"):
        read_model(broken(), "weights-of-the-test.npz")


@pytest.mark.parametrize("key", signature())
def test_weights_for_other_features_say_so(key: str) -> None:
    def change(about: dict[str, Any]) -> None:
        value = about["signature"][key]
        about["signature"][key] = value + 1 if isinstance(value, int) else value[::-1]

    with pytest.raises(WeightsError, match=rf"^the-file was made for other features \({key} differs\)"):
        read_model(told(change), "the-file")


def test_a_flipped_byte_is_seen_or_harmless() -> None:
    good = read_model(SMALL)
    step = max(1, len(SMALL) // 400)
    escaped = []
    # everything near the end (the archive's directory), and samples of the rest
    for at in [*range(0, len(SMALL), step), *range(len(SMALL) - 120, len(SMALL))]:
        raw = bytearray(SMALL)
        raw[at] ^= 0xFF
        try:
            found = read_model(bytes(raw), "weights.npz")
        except WeightsError as error:
            assert str(error).startswith("weights.npz")
        except Exception as error:  # noqa: BLE001 - any other exception is what this test looks for
            escaped.append(f"byte {at}: {type(error).__name__}: {error}")
        else:
            if not same(found, good):
                escaped.append(f"byte {at}: read as another model")
    assert not escaped


@pytest.mark.parametrize("content", [None, b"", b"damaged"], ids=["missing", "empty", "damaged"])
def test_the_installed_file_is_named(content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if content is not None:
        (tmp_path / "weights.npz").write_bytes(content)
    monkeypatch.setattr(model, "read_installed", lambda name: (tmp_path / name).read_bytes())
    default_model.cache_clear()
    try:
        with pytest.raises(WeightsError, match=r"weights\.npz of the installed boilerstrip"):
            Stripper().clean("A line.")
    finally:
        default_model.cache_clear()


# --- arithmetic -------------------------------------------------------------------------------------------------------


def plain_first(weights: Model, grams: list[Grams], measures: NDArray[np.float32]) -> NDArray[np.float64]:
    """The first stage as its formula has it."""
    rows = []
    place = {key: at for at, key in enumerate(weights.gram_keys.tolist())}
    for at, row in enumerate(measures):
        keys = np.concatenate([sort.keys[sort.starts[at] : sort.ends[at]] for sort in grams]).tolist()
        known = [place[key] for key in keys if key in place]
        total = weights.gram_weights[known].astype(np.float64).sum(axis=0)
        words = total * weights.gram_scale / np.sqrt(max(len(known), 1))
        inputs = (row.astype(np.float64) - weights.measure_mean) * weights.measure_scale
        inputs = np.clip(inputs, -model.CLIP, model.CLIP)
        hidden = np.maximum(words + inputs @ weights.measure_weights + weights.bias, 0)
        rows.append(hidden @ weights.first_weights + weights.first_bias)
    values = np.array(rows)
    top = values.max(axis=1, keepdims=True)
    return values - top - np.log(np.exp(values - top).sum(axis=1, keepdims=True))


def random_grams(seed: int, sizes: list[int], gap: int) -> Grams:
    random = np.random.default_rng(seed)
    ends = np.cumsum(np.array(sizes) + gap)
    starts = ends - sizes
    # two thirds of them known, the others beside known ones or anywhere
    keys = made(1).gram_keys
    total = int(ends[-1]) if len(ends) else 0
    known, near = random.choice(keys, total), random.choice(keys, total) + np.uint32(GRAMS)
    anywhere = random.integers(0, 1 << 32, total).astype(np.uint32)
    return Grams(np.choose(random.integers(0, 6, total), [known] * 4 + [near, anywhere]), starts, ends)


@pytest.mark.parametrize("gap", [0, 1, 7])
@pytest.mark.parametrize("sizes", [[3, 0, 255, 1, 256, 0], [0, 0, 5], [5, 0, 0], [0], [256] * 4, [1]], ids=str)
def test_sums_in_shared_integers_are_sums(sizes: list[int], gap: int) -> None:
    weights = made(1)
    random = np.random.default_rng(2)
    grams = [random_grams(seed, sizes, gap) for seed in (1, 2)]
    measures = random.normal(size=(len(sizes), len(MEASURES) + len(RULES))).astype(np.float32)
    found = first_scores(weights, grams, measures)
    assert found.dtype == np.float32 and found.shape == (len(sizes), len(CLASSES))
    assert found == pytest.approx(plain_first(weights, grams, measures), abs=2e-3)


@pytest.mark.parametrize("value", [-128, -1, 0, 127])
def test_no_counter_runs_over(value: int) -> None:
    table = np.full((GRAMS, WIDTH), value, np.int8)
    sizes = np.array([256, 0, 255, 1])
    ends = np.cumsum(sizes)
    found = model._gram_sums(table, np.arange(512) % GRAMS, ends - sizes, ends)
    assert found.tolist() == [[value * size] * WIDTH for size in sizes]



def test_log_softmax_is_normalised_and_safe() -> None:
    found = log_softmax(np.array([[0.0, 0.0], [1000.0, 0.0], [-1000.0, -1000.0]]))
    assert np.exp(found).sum(axis=1) == pytest.approx([1, 1, 1])
    assert found[0] == pytest.approx(np.log([0.5, 0.5]))


def test_the_second_stage_is_its_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = made(5)
    random = np.random.default_rng(3)
    documents = np.repeat([0, 1], [4, 5])
    bounds = np.array([0, 4, 9])
    measures = random.random((9, len(MEASURES))).astype(np.float32)
    rules = random.integers(0, 2, (9, len(RULES))).astype(np.float32)
    first = log_softmax(random.normal(size=(9, len(CLASSES)))).astype(np.float32)
    inputs = context_inputs(measures, rules, first, documents, bounds).astype(np.float64)
    assert inputs.shape == (9, INPUTS)
    rows = np.clip((inputs - weights.mean) * weights.scale, -model.CLIP, model.CLIP)
    answers = np.zeros((9, len(CLASSES)))
    for member in range(MEMBERS):
        hidden = np.maximum(rows @ weights.hidden_weights[member] + weights.hidden_bias[member], 0)
        answers += np.exp(log_softmax(hidden @ weights.output_weights[member] + weights.output_bias[member])) / MEMBERS
    wanted = np.log(np.maximum(answers, 1e-9))
    assert second_scores(weights, measures, rules, first, documents, bounds) == pytest.approx(wanted, abs=2e-3)
    monkeypatch.setattr(model, "_ROWS", 2)  # however many rows are computed at once
    assert second_scores(weights, measures, rules, first, documents, bounds) == pytest.approx(wanted, abs=2e-3)


def scored(texts: list[str]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], list[int]]:
    """Measures, first and second scores of a batch, and where its documents begin."""
    batch = batch_of(texts)
    page = page_of(batch, segment(batch))
    weights, measures, rules = default_model(), measure(page), apply_rules(page).astype(np.float32)
    first = first_scores(weights, ngrams(page), np.concatenate([measures, rules], axis=1))
    second = second_scores(weights, measures, rules, first, page.documents, page.segmentation.bounds)
    return measures, first, second, page.segmentation.bounds.tolist()


def test_scores_do_not_depend_on_the_neighbours_in_the_batch() -> None:
    texts = ["\n".join(lines) for pair in zip(STORIES.values(), APPEALS.values(), strict=False) for lines in pair]
    texts += ["", "AFP", "\n".join([*STORIES["fr"], *APPEALS["es-radio"]])]
    measures, first, second, bounds = scored(texts)
    for at, text in enumerate(texts):
        if not text:
            continue
        alone = scored([text])
        here = slice(bounds[at], bounds[at + 1])
        differing = {MEASURES[column] for column in np.flatnonzero((measures[here] != alone[0]).any(axis=0))}
        assert not differing, f"text {at}: measures depend on the batch"
        assert first[here] == pytest.approx(alone[1], abs=1e-4)
        assert second[here] == pytest.approx(alone[2], abs=1e-4)


def test_the_classes_are_wire_copy_and_the_kinds() -> None:
    assert CLASSES[0] == Label.WIRE and len(CLASSES) == 15
    assert len(context_names(CLASSES, ())) == len(set(context_names(CLASSES, ())))
