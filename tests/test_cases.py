"""Whole documents by origin; see ``cases/README.md``. Several promises are checked for each row."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from boilerstrip import Config, Kind, Label, Stripper, clean, explain

FOLDER = Path(__file__).resolve().parent / "cases"
ORIGINS = ("written", "negative", "known-failures")
UNBRAKED = Stripper(Config(brake=1))

Case = dict[str, Any]


def rows(origin: str) -> list[Case]:
    found: list[Case] = json.loads((FOLDER / f"{origin}.json").read_text(encoding="utf-8"))
    return found


def cases() -> list[Any]:
    found = []
    for origin in ORIGINS:
        failing = [pytest.mark.xfail(strict=True, raises=AssertionError)] if origin == "known-failures" else []
        for case in rows(origin):
            found.append(pytest.param(case, id=f"{origin}: {case['label']}", marks=failing))
    return found


def label_of(name: str) -> Label:
    return Label.WIRE if name == "wire" else Kind(name).label


def story_of(case: Case) -> list[str]:
    return [text for name, text in case["paragraphs"] if name == "wire"]


@pytest.mark.parametrize("case", cases())
def test_verdicts(case: Case) -> None:
    """Labels, the text that remains, reasons; as lines, with blank lines, and with CRLF."""
    texts = [text for _, text in case["paragraphs"]]
    for separator in ("\n", "\n\n", "\r\n"):
        found = UNBRAKED.explain(separator.join(texts))
        wrong = [
            (str(item.label), name, item.text[:60])
            for item, (name, _) in zip(found.paragraphs, case["paragraphs"], strict=True)
            if item.label is not label_of(name)
        ]
        assert not wrong
        assert found.text == separator.join(story_of(case))
        for at, reason in case.get("reasons", {}).items():
            assert reason in map(str, found.paragraphs[int(at)].reasons)


@pytest.mark.parametrize("case", [case for origin in ORIGINS for case in rows(origin)], ids=lambda case: case["label"])
def test_promises(case: Case) -> None:
    """What holds whatever the verdicts are, for right and wrong cases alike."""
    text = "\n".join(text for _, text in case["paragraphs"])
    found = explain(text)
    assert clean(text) == found.text
    assert [item.text for item in found.paragraphs] == text.split("\n")
    kept = [item.text for item in found.paragraphs if item not in found.removed]
    assert found.text == "\n".join(kept)
    everything = Config(keep={"wire", "credits", "solicitation"})
    assert clean(text, config=everything) == text
    wrapped = "\n\n".join(textwrap.fill(line, 72) for line in text.split("\n"))
    assert clean(wrapped, config=everything) == wrapped


def test_rows_are_well_formed() -> None:
    labels = [case["label"] for origin in ORIGINS for case in rows(origin)]
    assert len(labels) == len(set(labels))
    for origin in ORIGINS:
        for case in rows(origin):
            assert {"label", "lang", "paragraphs"} <= set(case) <= {"label", "lang", "paragraphs", "comment", "reasons"}
            assert all(name == "wire" or Kind(name) for name, _ in case["paragraphs"]), case["label"]
            assert all(text.strip() and "\n" not in text for _, text in case["paragraphs"]), case["label"]
            assert origin != "negative" or {name for name, _ in case["paragraphs"]} == {"wire"}, case["label"]


def test_every_kind_has_a_case() -> None:
    named = {name for origin in ORIGINS for case in rows(origin) for name, _ in case["paragraphs"]}
    assert named == {"wire", *(kind.value for kind in Kind)}
