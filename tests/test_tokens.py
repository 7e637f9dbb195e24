"""Paragraphs to words and hashes."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerstrip.segmentation import batch_of, segment
from boilerstrip.tokens import GAP, HEAD, TAIL, Tokens, View, hash_words, is_token_character, mixed, tokenize, view_of


def read(*paragraphs: str) -> tuple[View, Tokens]:
    batch = batch_of(["\n".join(paragraphs)])
    found = segment(batch, "lines")
    view = view_of(batch.points, found.starts, found.ends)
    return view, tokenize(view)


def words(*paragraphs: str) -> list[list[str]]:
    view, tokens = read(*paragraphs)
    found = [
        "".join("…" if point == GAP else chr(point) for point in view.folded[start:end].tolist())
        for start, end in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)
    ]
    return [found[a:b] for a, b in zip(tokens.bounds[:-1].tolist(), tokens.bounds[1:].tolist(), strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Faites un don, s'il vous plaît !", ["faites", "un", "don", "s", "il", "vous", "plait"]),
        ("by-line: J. O'Hara (AP) 12.5%", ["by", "line", "j", "o", "hara", "ap", "12", "5"]),
        ("版权所有 ABC新闻", ["版", "权", "所", "有", "abc", "新", "闻"]),
        ("日本のニュース", ["日", "本", "の", "ニ", "ュ", "ー", "ス"]),
        ("한국 뉴스", ["한국", "뉴스"]),
        ("हिन्दी समाचार", ["हिन्दी", "समाचार"]),
        ("جميع الحقوق محفوظة", ["جميع", "الحقوق", "محفوظه"]),
        ("co\u00adoperate\u200bd", ["cooperated"]),
        ("e\u0301te\u0301", ["ete"]),
        ("—!?…", []),
        ("x", ["x"]),
        ("2024/03/12", ["2024", "03", "12"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert words(text) == [expected]


def test_tokens_belong_to_their_paragraph() -> None:
    assert words("One two", "---", "three", "四五") == [["one", "two"], [], ["three"], ["四", "五"]]
    assert read("One two", "---", "three")[1].paragraph.tolist() == [0, 0, 2]


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=60))
def test_hashes_of_words_are_those_of_tokens(text: str) -> None:
    pieces = "".join(char if is_token_character(char) else " " for char in text).split()
    spaced = " ".join(pieces)
    view, tokens = read(spaced or "-")
    assert np.array_equal(tokens.hashes, hash_words(words(spaced or "-")[0]))
    assert np.array_equal(read(text)[1].hashes[: len(tokens.hashes)], tokens.hashes) or "\n" in text or not pieces


@pytest.mark.parametrize("word", ["Été", "STRASSE", "Łódź", "نیوز", "हिन्दी", "Ελλάς", "don\u00adate", "１２", "뉴스"])
def test_a_word_is_found_by_its_hash_wherever_it_stands(word: str) -> None:
    (wanted,) = hash_words([word])
    for text in (word, f"one {word} two", f"({word})", word.upper() if word.isascii() else f"{word}."):
        assert wanted in read(text)[1].hashes
    assert wanted not in read("something else")[1].hashes


def test_hashes_tell_words_apart() -> None:
    many = [f"{a}{b}{c}" for a in "abcdefghij" for b in "klmnopqrst" for c in "uvwxyz0123456789"]
    assert len(set(hash_words(many).tolist())) == len(many)
    assert len(set((mixed(np.arange(1000, dtype=np.uint64)) >> np.uint64(44)).tolist())) > 990


def test_the_same_substring_has_the_same_hash_anywhere() -> None:
    view, tokens = read("harbour news", "more of the harbour", "HARBOUR")
    assert tokens.hashes[0] == tokens.hashes[5] == tokens.hashes[6]
    raw = view.hashes(tokens.starts, tokens.ends)
    assert raw[0] == raw[5] == raw[6]


def test_of_a_long_paragraph_head_and_tail_are_read() -> None:
    middle = "middle " * 200
    text = "x" * (HEAD - 1) + " " + middle + " " + "y" * (TAIL - 1)
    assert words(text) == [["x" * (HEAD - 1), "…", "y" * (TAIL - 1)]]
    view, _ = read(text)
    assert HEAD + TAIL <= view.ends[0] - view.starts[0] < 256  # n-grams are counted in 16 bits
    assert [view.folded[view.starts[0] - 1], view.folded[view.ends[0]]] == [10, 10]


def test_a_paragraph_that_fits_is_read_whole() -> None:
    text = "a" * (HEAD + TAIL)
    assert words(text) == [[text]]


@pytest.mark.parametrize("filler", ["word ", "x", "字", "e\u0301", "— ", "\u200b"])
def test_a_line_of_any_length_costs_the_same(filler: str) -> None:
    line = "Begin " + filler * (100_000 // len(filler)) + " end"
    begin = time.perf_counter()
    (found,) = words(line)
    assert time.perf_counter() - begin < 2
    assert (found[0], found[-1]) == ("begin", "end")
    assert len(found) <= HEAD + TAIL + 1


def test_views_keep_the_way_back_to_the_text() -> None:
    text = "An accent\u0301 and more in the middle and then the end"
    view, tokens = read(text)
    for start, end, word in zip(tokens.starts.tolist(), tokens.ends.tolist(), words(text)[0], strict=True):
        origin = text[int(view.source[start]) : int(view.source[end - 1]) + 1]
        assert origin.lower().replace("\u0301", "") == word


def test_no_word_is_made_of_head_and_tail() -> None:
    found = words("xx" + "filler " * 100)[0]
    assert found[0] == "xxfiller"
    assert [word for word in found[1:] if word not in "filler"] == ["…"]


def test_paragraphs_of_dropped_characters_only_have_no_tokens() -> None:
    assert words("\u200b\ufeff", "word", "\u0301") == [[], ["word"], []]


def test_no_paragraphs_no_tokens() -> None:
    view = view_of(batch_of([""]).points, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert len(tokenize(view).hashes) == 0 and tokenize(view).bounds.tolist() == [0]
