"""The records: immutable, small, and strings where JSON wants strings."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from typing import Any

import pytest

from boilerstrip import Explanation, Kind, Label, Paragraph, Reason
from boilerstrip.records import KINDS_OF

REASON = Reason("rule", "desk-credit")
PARAGRAPH = Paragraph("(Reuters)", 3, 12, Label.CREDITS, Kind.AGENCY, 0.9, (REASON,))
EXPLANATION = Explanation("A story.", (PARAGRAPH,), (PARAGRAPH,), True, "braked")
RECORDS = [REASON, PARAGRAPH, EXPLANATION]


def test_the_labels_and_kinds_are_those_of_the_guide() -> None:
    assert [str(item) for item in Label] == ["wire", "credits", "solicitation"]
    assert [str(kind) for kind in KINDS_OF[Label.CREDITS]] == [
        *("byline", "agency", "photo", "rights", "about", "date", "source")
    ]
    assert [str(kind) for kind in KINDS_OF[Label.SOLICITATION]] == [
        *("donation", "subscription", "advertising", "related", "social", "participation", "interface")
    ]
    assert KINDS_OF[Label.WIRE] == ()
    assert [kind for kinds in KINDS_OF.values() for kind in kinds] == list(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_knows_its_label(kind: Kind) -> None:
    assert kind in KINDS_OF[kind.label]


@pytest.mark.parametrize("member", [*Label, *Kind])
def test_members_are_their_own_names(member: Any) -> None:
    assert member == member.value and f"{member}" == str(member) == member.value
    assert json.loads(json.dumps(member)) == member.value
    assert {member.value: 1}[member] == 1
    assert pickle.loads(pickle.dumps(member)) is member


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_are_frozen_and_slotted(record: Any) -> None:
    for field in dataclasses.fields(record):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field.name, None)
    with pytest.raises((AttributeError, TypeError)):
        record.more = 1
    assert not hasattr(record, "__dict__")


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_compare_hash_and_travel(record: Any) -> None:
    for twin in (pickle.loads(pickle.dumps(record)), copy.copy(record), copy.deepcopy(record)):
        assert twin == record and hash(twin) == hash(record)


def test_a_reason_reads_like_one() -> None:
    assert str(REASON) == "rule: desk-credit"


def test_the_optional_fields() -> None:
    assert Paragraph("a", 0, 1, Label.WIRE, None, 1.0).reasons == ()
    assert (Explanation("", (), ()).braked, Explanation("", (), ()).note) == (False, "")
