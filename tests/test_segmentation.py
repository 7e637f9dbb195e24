"""Text to paragraphs and back: nothing is lost, and hard-wrapped texts are told from lists of lines."""

from __future__ import annotations

import itertools
import textwrap
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stories import APPEALS, STORIES

from boilerstrip import segmentation
from boilerstrip.segmentation import Segmentation, batch_of, join, segment, split

MODES = ("auto", "lines", "blocks")
LINE_ENDS = ("\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
modes = pytest.mark.parametrize("mode", MODES)

_PIECES = st.one_of(
    st.sampled_from(
        [*LINE_ENDS, " ", "\t", "\u00a0", "\u3000", "\u200b", "\ud800", "\udfff", "\x00", "a", "A b.", "词"]
    ),
    st.text(st.characters(), max_size=8),
)
TEXTS = st.lists(_PIECES, max_size=30).map("".join)


@modes
@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_paragraphs_and_separators_are_the_text(mode: str, text: str) -> None:
    paragraphs, separators = split(text, mode)
    assert join(paragraphs, separators) == text
    assert len(separators) == len(paragraphs) + 1
    assert all(paragraph.strip() for paragraph in paragraphs)
    assert not any(separator.strip() for separator in separators)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_lines_are_those_of_splitlines(text: str) -> None:
    assert split(text, "lines")[0] == [line for line in text.splitlines() if line.strip()]


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_blocks_are_lines_between_blank_ones(text: str) -> None:
    groups = itertools.groupby(text.splitlines(), lambda line: bool(line.strip()))
    expected = [list(lines) for full, lines in groups if full]
    assert [paragraph.splitlines() for paragraph in split(text, "blocks")[0]] == expected


def one_by_one(texts: list[str], mode: str) -> list[tuple[Any, ...]]:
    return [facts(segment(batch_of([text]), mode), 0, 0) for text in texts]


def facts(found: Segmentation, at: int, offset: int) -> tuple[Any, ...]:
    here = slice(int(found.bounds[at]), int(found.bounds[at + 1]))
    starts, ends = (found.starts[here] - offset).tolist(), (found.ends[here] - offset).tolist()
    return starts, ends, found.gaps[here].tolist(), bool(found.wrapped[at])


@modes
@settings(max_examples=80, deadline=None)
@given(texts=st.lists(TEXTS, max_size=6))
def test_a_batch_is_its_texts_one_by_one(mode: str, texts: list[str]) -> None:
    batch = batch_of(texts)
    found = segment(batch, mode)
    assert [facts(found, at, int(batch.offsets[at])) for at in range(len(texts))] == one_by_one(texts, mode)
    assert found.documents.tolist() == np.repeat(np.arange(len(texts)), np.diff(found.bounds)).tolist()


def test_wrapped_and_plain_texts_share_a_batch() -> None:
    texts = ["\n\n".join(textwrap.fill(line, 60) for line in STORIES["en"]), "\n".join(STORIES["en"]), "\r", "\n", ""]
    batch = batch_of(texts)
    found = segment(batch)
    assert found.wrapped.tolist() == [True, False, False, False, False]
    assert [facts(found, at, int(batch.offsets[at])) for at in range(len(texts))] == one_by_one(texts, "auto")


def test_texts_longer_than_a_chunk_are_cut_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    blank = "\r\n \t \u2028" + " " * 50 + "x" + " \n" * 40
    texts = ["\r\n".join(STORIES["fr"]) + blank, *map("\n".join, STORIES.values())]
    whole = [split(text, mode) for text in texts for mode in MODES]
    monkeypatch.setattr(segmentation, "_CHUNK", 7)
    assert [split(text, mode) for text in texts for mode in MODES] == whole


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_every_line_end_ends_a_line(end: str) -> None:
    assert split(f"one{end}two{end}{end}three{end}", "lines") == (
        ["one", "two", "three"],
        ["", end, end * 2, end],
    )
    assert segment(batch_of([f"one{end}two{end}{end}three"])).gaps.tolist() == [0, 0, 1]


@pytest.mark.parametrize("char", ["\x1f", "\u00a0", "\u200b", "\u0000", "\ufeff", "\u2060"], ids=ascii)
def test_other_controls_end_no_line(char: str) -> None:
    assert len(split(f"one{char}two", "lines")[0]) == 1


def test_the_line_feed_between_two_texts_joins_no_pair() -> None:
    found = segment(batch_of(["a\r", "\nb"]), "lines")
    assert (found.starts.tolist(), found.ends.tolist(), found.bounds.tolist()) == ([0, 4], [1, 5], [0, 1, 2])


@pytest.mark.parametrize("text", ["", "\n", " ", "\r\n \t\n", "\u2028\u00a0\u3000"], ids=ascii)
@modes
def test_a_blank_text_has_no_paragraphs(text: str, mode: str) -> None:
    assert split(text, mode) == ([], [text])


def test_join_wants_one_separator_more_than_paragraphs() -> None:
    with pytest.raises(ValueError, match="zip"):
        join(["a", "b"], ["", "\n"])


# --- hard-wrapped texts -----------------------------------------------------------------------------------------------

CHINESE = [
    "老灯塔的日志在九十年后回到岛上博物馆周六收到了十一本皮面日志它们在一九三四年从灯塔失踪后来被一位书商在旧箱子里发现里面还夹着几张海图和一封没有寄出的信",
    "这些日志每天三次记录风向海浪和过往船只最后一位守塔人还在页边写下了山羊的争吵和煤油的价格馆长说她用两个晚上读完了全部内容并且决定在春天展出",
    "没有人知道日志是怎样离开小岛的同一年的海关账本提到一只箱子随补给船运往南方但是一直无人认领直到今年夏天才重新出现在拍卖会的目录里",
]


def is_wrapped(text: str) -> bool:
    return bool(segment(batch_of([text])).wrapped[0])


@pytest.mark.parametrize("width", [40, 60, 72, 78, 100])
@pytest.mark.parametrize("language", STORIES)
def test_wrapped_text_is_seen_and_its_blocks_are_paragraphs(width: int, language: str) -> None:
    blocks = [textwrap.fill(line, width) for line in STORIES[language]]
    assert is_wrapped("\n\n".join(blocks))
    assert split("\n\n".join(blocks))[0] == blocks
    assert split("\r\n\r\n".join(block.replace("\n", "\r\n") for block in blocks))[0] == [
        block.replace("\n", "\r\n") for block in blocks
    ]


@pytest.mark.parametrize("width", [40, 72])
@pytest.mark.parametrize("language", STORIES)
def test_blocks_may_be_indented(width: int, language: str) -> None:
    blocks = [textwrap.fill(line, width, initial_indent="    ") for line in STORIES[language]]
    assert split("\n\n".join(blocks))[0] == blocks


def test_few_breaks_before_capitals() -> None:
    blocks = [textwrap.fill(line, 100, initial_indent="    ") for line in STORIES["de"]]
    assert split("\n\n".join(blocks))[0] == blocks


@pytest.mark.parametrize("width", [40, 72])
@pytest.mark.parametrize("name", APPEALS)
def test_wrapped_appeals_are_seen(width: int, name: str) -> None:
    blocks = [textwrap.fill(line, width) for line in APPEALS[name]]
    assert split("\n\n".join(blocks))[0] == blocks


@pytest.mark.parametrize("width", [40, 72, 100])
def test_one_wrapped_paragraph_without_blank_lines_is_one(width: int) -> None:
    text = textwrap.fill(" ".join(STORIES["en"][1:]), width)
    assert split(text)[0] == [text]


@pytest.mark.parametrize("width", [30, 36])
def test_scripts_without_spaces_break_anywhere(width: int) -> None:
    blocks = ["\n".join(line[at : at + width] for at in range(0, len(line), width)) for line in CHINESE]
    assert split("\n\n".join(blocks))[0] == blocks


_HEADLINES = """Council votes to reopen the old tram line after forty years
Lighthouse logbooks come back to Skarra museum
Bakers of the valley fear for their flour
Goat wins by-election in landslide, court orders recount
Ferry to the outer islands cancelled again on Monday
What the tide tables do not tell you about the bay
Seven recipes for a wet week in November
School band plays for the queen of the bees"""
_POEM = """The lamp goes round, the lamp goes round,
and no one keeps the tally now;
the goats have gone to higher ground,
the gulls are quarrelling on the bow.

The book lies open on the sill,
its ink has run into the rain,
and what was written there is still
as plain as any weather-vane.

The keeper's boots are by the door,
the paraffin is running low,
and far along the northern shore
a bell is ringing, soft and slow."""
_MENU = """Home
News
Sport
Weather
Culture
Opinion
Obituaries
Letters
Crossword
Subscribe
Log in
Contact"""
_CODE = """def keeper(lamp, hours):
    total = 0
    for hour in hours:
        if hour.dark and lamp.oil > hour.need:
            total += lamp.burn(hour)
            lamp.oil -= hour.need

    return total

def main():
    lamp = Lamp(oil=12, wick="cotton")
    print(keeper(lamp, night()))"""
_TRADES = ["Keeper", "Ferryman", "Baker", "Piper"] * 4
_LIST = "\n".join(f"{number}. {trade} of Skarra" for number, trade in enumerate(_TRADES, 1))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_HEADLINES, id="headlines"),
        pytest.param(_HEADLINES.lower(), id="headlines-in-lower-case"),
        pytest.param(_POEM, id="poem"),
        pytest.param(_MENU, id="menu"),
        pytest.param(_CODE, id="code"),
        pytest.param(_LIST, id="numbered-list"),
        pytest.param("\n".join(STORIES["en"]), id="story"),
        pytest.param("\n\n".join(STORIES["en"]), id="story-with-blank-lines"),
        pytest.param("\n".join(APPEALS["de-verein"]), id="appeal"),
        pytest.param("\n".join(CHINESE), id="chinese"),
        pytest.param("A line.\nAnother line of the same.\n", id="two-lines"),
    ],
)
def test_lines_that_are_paragraphs_are_not_taken_for_wrapped(text: str) -> None:
    assert not is_wrapped(text)
    assert split(text)[0] == [line for line in text.split("\n") if line]


def test_a_few_breaks_are_not_enough_to_tell() -> None:
    short = textwrap.fill(STORIES["en"][1], 60)
    assert short.count("\n") == 3
    assert not is_wrapped(short)
    assert not is_wrapped("\n\n".join([textwrap.fill(line[:70], 60) for line in STORIES["en"][1:3]]))
    assert is_wrapped("\n\n".join([short, STORIES["en"][0][:50], STORIES["en"][0][:40]]))


def test_a_final_line_feed_does_not_decide() -> None:
    text = "\n\n".join([textwrap.fill(STORIES["en"][1], 60), STORIES["en"][0][:50]])
    assert is_wrapped(text) == is_wrapped(text + "\n")


def test_the_setting_overrides_what_is_seen() -> None:
    wrapped = "\n\n".join(textwrap.fill(line, 72) for line in STORIES["en"])
    assert split(wrapped, "lines")[0] == [line for line in wrapped.split("\n") if line]
    assert split(_MENU, "blocks")[0] == [_MENU]
