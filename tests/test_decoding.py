"""Scores to labels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from boilerstrip import Config, Kind, Label
from boilerstrip.decoding import PLAIN_LENGTH, Verdicts, decide, smooth, threshold

CLASSES = 1 + len(Kind)
#: Threshold of short paragraphs at the default strictness.
PLAIN = 0.4379
BYLINE, AGENCY, DONATION, SOCIAL = (
    1 + list(Kind).index(kind) for kind in (Kind.BYLINE, Kind.AGENCY, Kind.DONATION, Kind.SOCIAL)
)


def answers(*rows: dict[int, float]) -> NDArray[np.float32]:
    result = np.zeros((len(rows), CLASSES), dtype=np.float32)
    for number, row in enumerate(rows):
        for at, value in row.items():
            result[number, at] = value
    return result


def decided(row: dict[int, float], length: int = 50, **settings: object) -> tuple[str, str | None, float, bool]:
    found = decide(answers(row), np.array([length]), Config(**settings))  # type: ignore[arg-type]
    label, kind = str(tuple(Label)[found.label[0]]), int(found.kind[0])
    name = None if kind < 0 else str(tuple(Kind)[kind])
    return label, name, round(float(found.confidence[0]), 4), bool(found.kept[0])


# --- thresholds -------------------------------------------------------------------------------------------------------


def test_the_threshold_is_plain_for_short_paragraphs() -> None:
    lengths = np.array([0, 1, PLAIN_LENGTH])
    assert threshold(0.5, lengths) == pytest.approx([PLAIN] * 3, rel=1e-3)
    assert threshold(0, lengths) == pytest.approx([0.02] * 3)
    assert threshold(1, lengths) == pytest.approx([0.98] * 3)


def test_the_threshold_falls_with_the_length() -> None:
    found = threshold(0.5, PLAIN_LENGTH * np.array([1, 4, 9, 100, 1_000_000]))
    assert found == pytest.approx([PLAIN, PLAIN / 2, PLAIN / 3, PLAIN / 10, PLAIN / 1000], rel=1e-3)


def test_the_threshold_rises_with_strictness() -> None:
    found = np.array([threshold(value, np.array([10, 500, 50_000])) for value in np.linspace(0, 1, 21)])
    assert (np.diff(found, axis=0) > 0).all()
    assert (found > 0).all() and (found < 1).all()


# --- labels and kinds -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({0: 0.9, BYLINE: 0.1}, ("wire", None, 0.9, True)),
        ({0: 0.44, BYLINE: 0.56}, ("wire", None, 0.44, True)),  # less likely than not, but not below the threshold
        ({0: 0.43, BYLINE: 0.57}, ("credits", "byline", 0.57, False)),
        # wire copy is the likeliest single class, but less likely than not
        ({0: 0.4, BYLINE: 0.35, DONATION: 0.25}, ("credits", "byline", 0.35, False)),
        # the label is the likelier sum, the kind the likeliest of that label
        ({DONATION: 0.4, BYLINE: 0.35, AGENCY: 0.25}, ("credits", "byline", 0.6, False)),
        ({BYLINE: 0.4, DONATION: 0.25, SOCIAL: 0.35}, ("solicitation", "social", 0.6, False)),
        ({BYLINE: 0.5, SOCIAL: 0.5}, ("credits", "byline", 0.5, False)),
    ],
)
def test_label_kind_and_confidence(row: dict[int, float], expected: tuple[str, str | None, float, bool]) -> None:
    assert decided(row) == pytest.approx(expected)


def test_long_paragraphs_need_more_evidence() -> None:
    row = {0: 0.3, DONATION: 0.7}
    assert decided(row, 60)[0] == "solicitation"
    assert decided(row, 240)[0] == "wire"


def test_strictness_decides_the_doubtful() -> None:
    row = {0: 0.7, DONATION: 0.3}
    assert [decided(row, strictness=value)[0] for value in (0, 0.5, 0.9)] == ["wire", "wire", "solicitation"]
    assert decided({0: 0.05, DONATION: 0.95}, strictness=0)[0] == "wire"
    assert decided({0: 0.01, DONATION: 0.99}, strictness=0)[0] == "solicitation"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_decided_and_kept(kind: Kind) -> None:
    row = {1 + list(Kind).index(kind): 1.0}
    assert decided(row) == (kind.label, kind, 1.0, False)
    assert decided(row, keep={"wire", kind})[3]
    assert decided(row, keep={"wire", kind.label})[3]
    assert not decided(row, keep={"wire", kind.label}, drop={kind})[3]
    other = next(item for item in Kind if item is not kind)
    assert not decided(row, keep={"wire", other})[3]


def test_the_kept_table_is_that_of_the_settings() -> None:
    rows = [{0: 1.0}, *({1 + at: 1.0} for at in range(len(Kind)))]
    for config in (Config(), Config(keep={"photo", "solicitation"}, drop={"social", "wire"}), Config(drop={"wire"})):
        found = decide(answers(*rows), np.full(len(rows), 50), config)
        wanted = [config.keeps(Label.WIRE, None), *(config.keeps(kind.label, kind) for kind in Kind)]
        assert found.kept.tolist() == wanted


def test_confidence_is_a_probability() -> None:
    found = decide(answers({0: 1.0000002}, {DONATION: 1.0000002}), np.array([5, 5]), Config())
    assert found.confidence.dtype == np.float32
    assert ((found.confidence >= 0) & (found.confidence <= 1)).all()


def test_nothing_to_decide() -> None:
    found = decide(answers(), np.zeros(0, dtype=np.int64), Config())
    assert isinstance(found, Verdicts) and all(len(part) == 0 for part in found)


# --- smoothing --------------------------------------------------------------------------------------------------------

NEUTRAL = np.zeros((CLASSES, CLASSES), dtype=np.float32)
LIKE_FOLLOWS_LIKE = (4 * np.eye(CLASSES) - 1).astype(np.float32)


def scores(*rows: dict[int, float]) -> NDArray[np.float32]:
    return np.log(np.maximum(answers(*rows), 1e-6)).astype(np.float32)


def test_without_transitions_scores_are_only_normalised() -> None:
    rows = answers({0: 0.7, BYLINE: 0.3}, {DONATION: 1.0})
    found = smooth(scores({0: 0.7, BYLINE: 0.3}, {DONATION: 1.0}) + 3, NEUTRAL, np.zeros(2, dtype=np.int64))
    assert found == pytest.approx(rows, abs=1e-4)
    assert found.sum(axis=1) == pytest.approx([1, 1])


def test_neighbours_pull_a_doubtful_paragraph() -> None:
    doubtful = {0: 0.55, DONATION: 0.45}
    rows = scores({DONATION: 1.0}, doubtful, {DONATION: 1.0})
    together = smooth(rows, LIKE_FOLLOWS_LIKE, np.zeros(3, dtype=np.int64))
    assert together[1].argmax() == DONATION
    alone = smooth(rows, LIKE_FOLLOWS_LIKE, np.arange(3))
    assert alone[1].argmax() == 0


def test_an_appeal_holds_together_more_than_other_kinds() -> None:
    def between(kind: int) -> float:
        rows = scores({kind: 1.0}, {0: 0.5, kind: 0.5}, {kind: 1.0})
        return float(smooth(rows, LIKE_FOLLOWS_LIKE, np.zeros(3, dtype=np.int64))[1, kind])

    assert 0.5 < between(SOCIAL) < between(DONATION)


def test_neighbours_do_not_overrule_a_sure_one() -> None:
    rows = scores({DONATION: 1.0}, {0: 0.9999}, {DONATION: 1.0})
    assert smooth(rows, LIKE_FOLLOWS_LIKE, np.zeros(3, dtype=np.int64))[1].argmax() == 0


def test_transitions_have_a_direction() -> None:
    after_byline = NEUTRAL.copy()
    after_byline[BYLINE, SOCIAL] = 8
    even = {SOCIAL: 0.5, DONATION: 0.5}
    forward = smooth(scores({BYLINE: 1.0}, even), after_byline, np.zeros(2, dtype=np.int64))
    backward = smooth(scores(even, {BYLINE: 1.0}), after_byline, np.zeros(2, dtype=np.int64))
    assert forward[1, SOCIAL] > 0.8
    assert backward[0, SOCIAL] == pytest.approx(0.5, abs=0.01)


def test_documents_do_not_touch_each_other() -> None:
    first, second = scores({DONATION: 0.6, 0: 0.4}, {0: 0.9}), scores({BYLINE: 0.5, 0: 0.5}, {DONATION: 0.9})
    together = smooth(np.concatenate([first, second]), LIKE_FOLLOWS_LIKE, np.array([0, 0, 1, 1]))
    one = np.zeros(2, dtype=np.int64)
    apart = [smooth(part, LIKE_FOLLOWS_LIKE, one) for part in (first, second)]
    assert together == pytest.approx(np.concatenate(apart), abs=1e-6)


def test_sharpness_moves_the_confidence_and_not_the_order() -> None:
    rows, document = scores({0: 0.7, BYLINE: 0.3}), np.zeros(1, dtype=np.int64)
    dull, sharp = (smooth(rows, NEUTRAL, document, value)[0] for value in (0.5, 2.0))
    assert dull[0] < 0.7 < sharp[0]
    assert dull.argmax() == sharp.argmax() == 0
    assert sharp[0] == pytest.approx(0.49 / (0.49 + 0.09), abs=1e-3)


def test_extreme_scores_stay_numbers() -> None:
    rows = np.full((2, CLASSES), -1e4, dtype=np.float32)
    rows[:, DONATION] = 0
    found = smooth(rows, LIKE_FOLLOWS_LIKE, np.zeros(2, dtype=np.int64), 3.0)
    assert np.isfinite(found).all() and found[:, DONATION] == pytest.approx([1, 1])
