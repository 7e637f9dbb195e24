"""The founding example: a story, its desk credit, and a donation appeal behind it, in all the ways the issue names.

The example itself is a real page and stays outside the project. Its variants with stories and appeals of our own
run from a bare clone.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from stories import APPEALS, STORIES

import boilerstrip
from boilerstrip import Label, clean, explain

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("BOILERSTRIP_DATA") or ROOT.parent / "shared" / "data")
SEED = FOLDER / "seed.txt"
#: What the issue says of the example: so many paragraphs of each label, in this order.
STORY, CREDITS, APPEAL = 13, 1, 10
WIDTH = 72

needs_seed = pytest.mark.skipif(not SEED.is_file(), reason=f"{SEED} is not there: set BOILERSTRIP_DATA to its folder")


def seed() -> tuple[list[str], list[str], list[str]]:
    lines = SEED.read_text(encoding="utf-8").splitlines()
    assert len(lines) == STORY + CREDITS + APPEAL
    return lines[:STORY], lines[STORY : STORY + CREDITS], lines[STORY + CREDITS :]


def wrapped(paragraphs: Sequence[str]) -> str:
    return "\n\n".join(textwrap.fill(paragraph, WIDTH) for paragraph in paragraphs)


def lines(paragraphs: Sequence[str]) -> str:
    return "\n".join(paragraphs)


def spaced(paragraphs: Sequence[str]) -> str:
    return "\n\n".join(paragraphs)


LAYOUTS: dict[str, Callable[[Sequence[str]], str]] = {"lines": lines, "blank-lines": spaced, "wrapped": wrapped}
layouts = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def check(parts: Sequence[tuple[Label, Sequence[str]]], layout: Callable[[Sequence[str]], str]) -> None:
    """Every paragraph has its label, and what remains is the wire copy, exactly."""
    paragraphs = [line for _, block in parts for line in block]
    expected = [name for name, block in parts for _ in block]
    text = layout(paragraphs) + "\n"
    explained = explain(text)
    found = explained.paragraphs
    assert [" ".join(item.text.split()) for item in found] == [" ".join(line.split()) for line in paragraphs]
    wrong = [
        f"{item.label} ({item.confidence:.2f}) instead of {want}: {item.text[:70]!r}"
        for item, want in zip(found, expected, strict=True)
        if item.label is not want
    ]
    assert not wrong, "\n".join(["", *wrong])
    wire = [line for name, block in parts if name is Label.WIRE for line in block]
    assert explained.text == layout(wire) + "\n"


@needs_seed
def test_every_paragraph_is_labelled_right() -> None:
    story, credits, appeal = seed()
    check([(Label.WIRE, story), (Label.CREDITS, credits), (Label.SOLICITATION, appeal)], lines)


@needs_seed
def test_clean_returns_exactly_the_story() -> None:
    text = SEED.read_text(encoding="utf-8")
    assert clean(text) == "".join(text.splitlines(keepends=True)[:STORY])


@needs_seed
def test_the_verdicts_have_reasons() -> None:
    _, credits, appeal = seed()
    removed = explain(SEED.read_text(encoding="utf-8")).removed
    assert [item.text for item in removed] == credits + appeal
    assert "rule: desk-credit" in [str(reason) for reason in removed[0].reasons]
    assert "rule: donation-appeal" in [str(reason) for reason in removed[1].reasons]
    assert any(reason.source == "near" for item in removed[1:] for reason in item.reasons)
    assert all(item.reasons for item in removed)


@needs_seed
@layouts
def test_the_example_in_every_layout(layout: Callable[[Sequence[str]], str]) -> None:
    story, credits, appeal = seed()
    check([(Label.WIRE, story), (Label.CREDITS, credits), (Label.SOLICITATION, appeal)], layout)


@needs_seed
@layouts
def test_with_the_appeal_first(layout: Callable[[Sequence[str]], str]) -> None:
    story, credits, appeal = seed()
    check([(Label.SOLICITATION, appeal), (Label.WIRE, story), (Label.CREDITS, credits)], layout)


@needs_seed
@layouts
@pytest.mark.parametrize("first", [False, True], ids=["appeal-last", "appeal-first"])
def test_with_another_story(layout: Callable[[Sequence[str]], str], first: bool) -> None:
    _, credits, appeal = seed()
    parts = [(Label.WIRE, STORIES["fr"]), (Label.CREDITS, credits)]
    parts.insert(0 if first else 2, (Label.SOLICITATION, appeal))
    check(parts, layout)


@needs_seed
@layouts
@pytest.mark.parametrize("name", APPEALS)
def test_the_example_with_an_appeal_in_another_language(name: str, layout: Callable[[Sequence[str]], str]) -> None:
    story, credits, _ = seed()
    check([(Label.WIRE, story), (Label.CREDITS, credits), (Label.SOLICITATION, APPEALS[name])], layout)


@layouts
@pytest.mark.parametrize("first", [False, True], ids=["appeal-last", "appeal-first"])
@pytest.mark.parametrize("name", APPEALS)
def test_another_appeal_and_a_story_of_its_language(
    name: str, first: bool, layout: Callable[[Sequence[str]], str]
) -> None:
    parts = [(Label.WIRE, STORIES[name[:2]]), (Label.SOLICITATION, APPEALS[name])]
    check(parts[::-1] if first else parts, layout)


@pytest.mark.parametrize("language", STORIES)
@layouts
def test_a_story_alone_is_untouched(language: str, layout: Callable[[Sequence[str]], str]) -> None:
    check([(Label.WIRE, STORIES[language])], layout)


@needs_seed
def test_no_rule_and_no_phrase_names_the_newspaper_or_a_sentence_of_it() -> None:
    _, credits, appeal = seed()
    names = [" ".join(appeal[-1].split()[-2:]), " ".join(appeal[3].split()[5:7])]
    shingles = [
        " ".join(words[at : at + 7])
        for words in (line.split() for line in credits + appeal)
        for at in range(max(1, len(words) - 6))
        if len(words) >= 7
    ]
    package = Path(boilerstrip.__file__).parent
    known = "\n".join(
        path.read_text(encoding="utf-8").casefold() for path in package.rglob("*") if path.suffix in (".py", ".txt")
    )
    assert not [name for name in names if name.casefold() in known]
    assert not [part for part in shingles if part.casefold() in known]
