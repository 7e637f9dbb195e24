"""Settings: names, ranges, and which of two settings wins."""

from __future__ import annotations

import dataclasses
import itertools
import pickle

import pytest

from boilerstrip import Config, ConfigError, Kind, Label
from boilerstrip.config import SEGMENTATIONS
from boilerstrip.records import KINDS_OF


def test_the_defaults_keep_wire_copy_alone() -> None:
    config = Config()
    assert config.keeps(Label.WIRE, None)
    assert not any(config.keeps(kind.label, kind) for kind in Kind)
    assert (config.strictness, config.segmentation, config.brake, config.drop) == (0.5, "auto", 0.95, frozenset())


@pytest.mark.parametrize(
    ("setting", "value", "near"),
    [
        ("keep", ["bylines"], "byline"),
        ("keep", ["Wire"], "wire"),
        ("drop", ["donations"], "donation"),
        ("drop", ["solicitations"], "solicitation"),
        ("keep", "fotos", "photo"),
        ("segmentation", "line", "lines"),
        ("segmentation", "block", "blocks"),
        ("segmentation", "automatic", "auto"),
    ],
)
def test_unknown_names_fail_with_the_nearest_known_one(setting: str, value: object, near: str) -> None:
    with pytest.raises(ConfigError, match=f"^{setting}: .*did you mean '{near}'"):
        Config(**{setting: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [["wire", 3], [None], [b"wire"]])
def test_names_of_another_type_are_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="keep: there is no label or kind"):
        Config(keep=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [3, None, 1.5])
def test_keep_and_drop_are_collections_of_names(wrong: object) -> None:
    with pytest.raises(ConfigError, match=f"drop must be names of labels or kinds, not {type(wrong).__name__}"):
        Config(drop=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["strictness", "brake"])
@pytest.mark.parametrize("wrong", [-0.01, 1.01, float("nan"), float("inf"), True, False, None, "0.5", [0.5], 2])
def test_numbers_out_of_range_are_refused(name: str, wrong: object) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be a number from 0 to 1, not "):
        Config(**{name: wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["strictness", "brake"])
@pytest.mark.parametrize("right", [0, 1, 0.0, 1.0, 0.5])
def test_the_ends_of_the_range_belong_to_it(name: str, right: float) -> None:
    assert getattr(Config(**{name: right}), name) == right  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, 3, ["lines"], ("lines",)])
def test_segmentation_of_another_type_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="segmentation: there is no "):
        Config(segmentation=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("right", SEGMENTATIONS)
def test_known_segmentations_are_taken(right: str) -> None:
    assert Config(segmentation=right).segmentation == right


def test_unknown_settings_fail_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match="no setting 'strictnes'; did you mean 'strictness'"):
        Config.from_mapping({"strictnes": 1})
    with pytest.raises(TypeError):
        Config(strictnes=1)  # type: ignore[call-arg]
    assert Config.from_mapping({"keep": ["wire", "photo"], "brake": 1}) == Config(keep={"wire", "photo"}, brake=1)


def test_settings_are_frozen_and_keyword_only() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().brake = 1  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        Config().more = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Config({"wire"})  # type: ignore[misc]


def test_settings_compare_hash_and_travel() -> None:
    one, other = Config(keep=["wire", "byline"]), Config(keep=(Kind.BYLINE, Label.WIRE))
    assert one == other and hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != Config()
    assert dataclasses.replace(one, brake=1).keep == one.keep


def test_a_single_name_is_a_collection_of_one() -> None:
    assert Config(keep="wire") == Config(keep=["wire"])
    assert Config(keep=Label.CREDITS).keep == {"credits"}
    assert Config(keep=iter(["wire"])) == Config()


def test_the_collections_are_copies() -> None:
    names = {"wire"}
    config = Config(keep=names)
    names.add("photo")
    assert not config.keeps(Label.CREDITS, Kind.PHOTO)


@pytest.mark.parametrize("kind", Kind)
def test_kinds_beat_labels_and_drop_beats_keep(kind: Kind) -> None:
    label, other = kind.label, next(item for item in KINDS_OF[kind.label] if item is not kind)
    table = {
        # keep, drop: the kind stays, its sisters stay
        (("wire",), ()): (False, False),
        ((label,), ()): (True, True),
        ((kind,), ()): (True, False),
        ((label,), (kind,)): (False, True),
        ((kind,), (label,)): (True, False),
        ((label, kind), (label,)): (True, False),
        ((kind,), (kind,)): (False, False),
        ((label,), (label,)): (False, False),
        ((label, kind), (label, kind)): (False, False),
    }
    for (keep, drop), (own, sister) in table.items():
        config = Config(keep=keep, drop=drop)
        assert (config.keeps(label, kind), config.keeps(label, other)) == (own, sister), (keep, drop)


def test_wire_copy_can_be_dropped() -> None:
    assert not Config(drop={"wire"}).keeps(Label.WIRE, None)
    assert not Config(keep=[]).keeps(Label.WIRE, None)


def test_every_label_and_kind_is_a_name() -> None:
    for name in itertools.chain(Label, Kind):
        assert Config(keep=[name]) == Config(keep=[name.value])
