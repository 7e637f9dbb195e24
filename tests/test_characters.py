"""The character table against Python's own, and how characters fold."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from boilerstrip import characters
from boilerstrip.characters import (
    BULLET,
    CLOSER,
    COMBINING,
    CURRENCY,
    DIGIT,
    LETTER,
    LINE_END,
    LOWER,
    OPENER,
    PICTURE,
    SENTENCE_END,
    SPACE,
    SYMBOL,
    UNSPACED,
    UPPER,
    character_table,
    code_points,
    table_index,
)

TABLE = character_table()
#: Characters that had their category when the table was made as well: old ones, so that a newer or older Python agrees.
STABLE = [point for point in range(0x3100) if unicodedata.ucd_3_2_0.category(chr(point)) != "Cn"]


def properties(char: str) -> int:
    return int(TABLE.properties[table_index(code_points(char))[0]])


def folded(text: str) -> str:
    return "".join(chr(point) for point in TABLE.folded[table_index(code_points(text))].tolist() if point)


def differing(bit: int, wanted: dict[int, bool]) -> list[str]:
    return [f"U+{point:04X}" for point, want in wanted.items() if bool(TABLE.properties[point] & bit) is not want]


def plain(point: int) -> bool:
    """Neither an accent nor an invisible control: those have one bit of their own."""
    return not TABLE.properties[point] & COMBINING


def test_the_table_is_of_the_right_size_and_type() -> None:
    assert TABLE.properties.shape == TABLE.folded.shape == (0x20002,)
    assert (TABLE.properties.dtype, TABLE.folded.dtype) == (np.uint16, np.uint32)


def test_line_ends_are_those_of_splitlines() -> None:
    assert not differing(LINE_END, {point: len(f"a{chr(point)}b".splitlines()) == 2 for point in range(0x20000)})


def test_spaces_are_those_of_isspace() -> None:
    assert not differing(SPACE, {point: chr(point).isspace() for point in range(0x20000)})


@pytest.mark.parametrize(
    ("bit", "categories"),
    [
        (LETTER, ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc")),
        (DIGIT, ("Nd", "Nl", "No")),
        (UPPER, ("Lu", "Lt")),
        (LOWER, ("Ll",)),
        (CURRENCY, ("Sc",)),
    ],
)
def test_classes_are_unicode_categories(bit: int, categories: tuple[str, ...]) -> None:
    wanted = {point: unicodedata.category(chr(point)) in categories for point in STABLE if plain(point)}
    assert not differing(bit, wanted)
    assert sum(wanted.values()) >= 10


def test_brackets_open_and_close() -> None:
    for point in filter(plain, STABLE):
        category = unicodedata.category(chr(point))
        assert category not in ("Ps", "Pi") or TABLE.properties[point] & OPENER
        assert category not in ("Pe", "Pf") or TABLE.properties[point] & CLOSER


@pytest.mark.parametrize(
    ("bit", "members", "others"),
    [
        (SENTENCE_END, ".!?…。！？।۔؟", ",;:a1"),
        (BULLET, "•·‣→»*|", "a.("),
        (UNSPACED, "词ひカกລក", "aяहअ한"),
        (PICTURE, "😀📷✔", "a→"),
        (SYMBOL, "@#%&_/", "a1 é"),
        (COMBINING, "\u0301\u200b\u00ad\u200f\ufeff\u0640\u064e", "aé1 ا"),
    ],
)
def test_members_of_the_other_classes(bit: int, members: str, others: str) -> None:
    assert [char for char in members if not properties(char) & bit] == []
    assert [char for char in others if properties(char) & bit] == []


def test_every_visible_character_has_a_class() -> None:
    bare = [f"U+{p:04X}" for p in STABLE if not TABLE.properties[p] and unicodedata.category(chr(p))[0] not in "C"]
    assert not bare


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Été", "ete"),
        ("ÀÇÑÖŠŽ", "acnosz"),
        ("e\u0301", "e"),
        ("Straße Łódź Øre", "strase lodz ore"),
        ("İstanbul ISPARTA ılık", "istanbul isparta ilik"),
        ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"),
        ("ЁЛКА Й", "елка и"),
        ("٣٤ ۳۴ ३४ ３４", "34 34 34 34"),
        ("ＡＢＣ", "abc"),
        ("شُكْرًا", "شكرا"),
        ("مجـــلة", "مجله"),
        ("کتاب ی", "كتاب ي"),
        ("שָׁלוֹם", "שלום"),
        ("がぎ カ゛ ガ", "がぎ カ゛ ガ"),
        ("한국어", "한국어"),
        ("हिन्दी", "हिन्दी"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("\u00a0\u3000\t", "   "),
    ],
)
def test_folding(text: str, form: str) -> None:
    assert folded(text) == form


def test_folding_twice_is_folding_once() -> None:
    once = TABLE.folded[(TABLE.folded < 0x20000) & (TABLE.folded > 0)]
    # nine presentation forms of Arabic marks sit on a tatweel, which is itself dropped
    once = once[once != 0x0640]
    assert np.array_equal(TABLE.folded[once], once)


def test_planes_above_the_table_share_two_entries() -> None:
    rare, private = table_index(code_points("\U00020000\U0003134a")), table_index(code_points("\U000e0001\U0010fffd"))
    assert rare.tolist() == [0x20000] * 2 and private.tolist() == [0x20001] * 2
    assert properties("\U00020000") & UNSPACED


def test_code_points_take_any_string() -> None:
    assert code_points("").tolist() == []
    assert code_points("a\ud800\U0010ffff\x00").tolist() == [0x61, 0xD800, 0x10FFFF, 0]


def test_the_bits_are_distinct() -> None:
    bits = [getattr(characters, name) for name in characters.__all__ if name.isupper()]
    assert sorted(bits) == [1 << at for at in range(15)]
