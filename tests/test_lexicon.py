"""The lexicons: the files as people write them, the table made of them, and the search."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from stories import STORIES

import boilerstrip
from boilerstrip.lexicon import SECTIONS, Entry, Lexicon, LexiconError, compile_entries, find_phrases, lexicon
from boilerstrip.lexicon.source import LONGEST, SHORTEST_STEM, parse, read_folder, words_of
from boilerstrip.lexicon.table import _assembled
from boilerstrip.records import Kind
from boilerstrip.segmentation import batch_of, segment
from boilerstrip.tokens import tokenize, view_of

FOLDER = Path(boilerstrip.__file__).parent / "lexicon"
FILES = sorted((FOLDER / "data").glob("*.txt"))
#: The languages that the first release promises by name.
PROMISED = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "fi", "pl", "cs", "hu", "ro"),
    *("el", "ru", "uk", "bg", "tr", "ar", "fa", "he", "hi", "zh", "ja", "ko", "id", "vi"),
)

Hit = tuple[str, str]


def found_in(text: str, index: Lexicon | None = None) -> list[Hit]:
    """Section and words of every phrase found, in order."""
    batch = batch_of([text])
    page = segment(batch, "lines")
    view = view_of(batch.points, page.starts, page.ends)
    tokens = tokenize(view)
    hits = find_phrases(view, tokens, page.documents, 1, index)
    result = []
    for token, count, section in zip(hits.token.tolist(), hits.words.tolist(), hits.section.tolist(), strict=True):
        begin, end = view.source[tokens.starts[token]], view.source[tokens.ends[token + count - 1] - 1] + 1
        result.append((SECTIONS[section], text[begin:end]))
    return result


def small(*lines: str, language: str = "xx") -> Lexicon:
    """A lexicon of a few lines of the form ``section: phrase``."""
    entries = []
    for line in lines:
        section, phrase = line.split(": ", 1)
        rest = "\n".join(f"[{name}]\nplaceholder{at}x" for at, name in enumerate(SECTIONS) if name != section)
        entries += [
            entry
            for entry in parse(f"[{section}]\n{phrase}\n{rest}", language, "test")
            if not entry.words[0].startswith("placeholder")
        ]
    return _assembled(compile_entries(entries))


# --- the files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_parses_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    entries = parse(text, path.stem, path.name)
    assert {entry.section for entry in entries} == set(SECTIONS)
    assert text.startswith("# "), "the first line names the language"
    assert len(entries) > 100
    assert "\r" not in text and "\t" not in text and "\ufeff" not in text


def test_the_promised_languages_are_there() -> None:
    codes = [path.stem for path in FILES]
    assert not set(PROMISED) - set(codes)
    assert len(codes) >= 25
    assert lexicon().languages == tuple(codes)


def test_the_sections_are_the_kinds_and_the_helpers() -> None:
    assert SECTIONS[: len(Kind)] == tuple(kind.value for kind in Kind)
    assert len(set(SECTIONS)) == len(SECTIONS)


def test_the_compiled_table_is_that_of_the_files() -> None:
    wanted = compile_entries(read_folder(FOLDER / "data"))
    with np.load(FOLDER / "compiled.npz", allow_pickle=False) as stored:
        assert sorted(stored.files) == sorted(wanted)
        for name, array in wanted.items():
            assert stored[name].dtype == array.dtype, name
            assert np.array_equal(stored[name], array), f"{name}: run training/compile_lexicon.py"


# --- the loader -------------------------------------------------------------------------------------------------------


def source(**sections: str) -> str:
    """A whole file in which only the named sections are not ordinary."""
    lines = ["# Test"]
    for at, name in enumerate(SECTIONS):
        lines += [f"[{name}]", sections.get(name, f"phrase number {'abcdefghijklmnopqrstuvwxyz'[at]}")]
    return "\n".join(lines)


def test_an_ordinary_file_is_read() -> None:
    entries = parse(source(byline="^By\n# a comment\n\n  our reporter$  \nreport*"), "en", "en.txt")
    assert entries[:3] == [
        Entry("en", "byline", ("By",), at_start=True),
        Entry("en", "byline", ("our", "reporter"), at_end=True),
        Entry("en", "byline", ("report",), stem=True),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(source(photo=""), r"^en\.txt: no phrases for photo$", id="empty-section"),
        pytest.param(source(photo="# a comment"), r"^en\.txt: no phrases for photo$", id="comment-only"),
        pytest.param("", r"^en\.txt: no phrases for byline, agency", id="empty-file"),
        pytest.param("[byline]\nBy\n[fotos]", r"^en\.txt, line 3: unknown section \[fotos\]; known are", id="unknown"),
        pytest.param("[byline\nBy", r"^en\.txt, line 1: unknown section", id="unclosed"),
        pytest.param("[byline]\nBy\n[byline]", r"^en\.txt, line 3: section \[byline\] stands twice", id="twice"),
        pytest.param("# Test\nBy\n[byline]", r"^en\.txt, line 2: phrase before the first \[section\]", id="no-section"),
        pytest.param("[byline]\nBy\nOf\nBy", r"^en\.txt, line 4: 'By' stands twice in \[byline\]", id="duplicate"),
        pytest.param("[byline]\n^By$\n^ By $", r"^en\.txt, line 3: .*twice", id="duplicate-in-other-spacing"),
        pytest.param("[byline]\n" + "by " * (LONGEST + 1), r"^en\.txt, line 2: .*25 words, more than 24", id="long"),
        pytest.param("[byline]\n" + "版" * (LONGEST + 1), r"^en\.txt, line 2: .*has 25 words", id="long-unspaced"),
        pytest.param("[byline]\nby*", r"^en\.txt, line 2: 'by\*': a stem needs 3 letters", id="short-stem"),
        pytest.param("[byline]\nwritten by*", r"^en\.txt, line 2: .*a stem needs 3 letters", id="short-stem-in-phrase"),
        pytest.param("[byline]\nreport*$", r"^en\.txt, line 2: .*no \$ after it", id="stem-at-end"),
        pytest.param("[byline]\n24", r"^en\.txt, line 2: '24' is only a number", id="digits"),
        pytest.param("[byline]\n24 7", r"^en\.txt, line 2: '24 7' is only a number", id="several-numbers"),
        pytest.param("[byline]\n—", r"^en\.txt, line 2: '—' has no word", id="no-word"),
        pytest.param("[byline]\n^$", r"^en\.txt, line 2: .*has no word", id="anchors-only"),
        pytest.param("[byline]\n*", r"^en\.txt, line 2: .*has no word", id="star-only"),
    ],
)
def test_malformed_files_are_refused_with_their_line(text: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message):
        parse(text, "en", "en.txt")


def test_the_longest_phrase_and_the_shortest_stem_are_taken() -> None:
    lines = f"{'by ' * LONGEST}\n{'abc'[:SHORTEST_STEM]}*"
    assert len(parse(source(byline=lines), "en", "en.txt")) == len(SECTIONS) + 1


def test_a_faulty_file_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "aa.txt").write_text(source(), encoding="utf-8")
    (tmp_path / "bb.txt").write_text(source() + "\n[nothing]", encoding="utf-8")
    with pytest.raises(LexiconError, match=rf"^bb\.txt, line {2 * len(SECTIONS) + 2}: unknown section"):
        read_folder(tmp_path)
    (tmp_path / "bb.txt").unlink()
    assert {entry.language for entry in read_folder(tmp_path)} == {"aa"}


def test_more_languages_than_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="64"):
        compile_entries([Entry(f"l{at}", "byline", ("by",)) for at in range(65)])


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("l’équipe du site", ("l", "équipe", "du", "site")),
        ("版权所有 ABC", ("版", "权", "所", "有", "ABC")),
        ("e\u0301te\u0301", ("e\u0301te\u0301",)),
        ("can't-do", ("can", "t", "do")),
        ("...", ()),
    ],
)
def test_phrases_are_cut_like_texts(phrase: str, words: tuple[str, ...]) -> None:
    assert words_of(phrase) == words


# --- the search -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "text", "hits"),
    [
        ("rights: all rights reserved", "(c) ALL Rights\u00a0reserved.", ["ALL Rights\u00a0reserved"]),
        ("rights: all rights reserved", "All rights are reserved", []),
        ("rights: all rights reserved", "All rights\nreserved", []),
        ("byline: ^by", "By Ann and by Tom", ["By"]),
        ("byline: ^by", "— By Ann", ["By"]),
        ("byline: ^by", "12 By Ann", ["By"]),
        ("byline: ^by", "Words by Ann", []),
        ("byline: our correspondent$", "From our correspondent.", ["our correspondent"]),
        ("byline: our correspondent$", "From our correspondent 24", ["our correspondent"]),
        ("byline: our correspondent$", "Our correspondent writes", []),
        ("social: ^share$", "» Share «", ["Share"]),
        ("social: ^share$", "Share this", []),
        ("social: ^share$", "Share\nshare it\nSHARE 3", ["Share", "SHARE"]),
        ("donation: donat*", "Donations, donating, donate, don", ["Donations", "donating", "donate"]),
        ("donation: please donat*", "Please donated. please-donate! please do", ["Please donated", "please-donate"]),
        ("rights: 版权所有", "版权所有：北方日报", ["版权所有"]),
        ("rights: 版权所有", "版权归所有人", []),
        ("photo: 写真", "（写真＝本社）", ["写真"]),
        ("donation: reçu fiscal", "un RECU FISCAL, un rec\u0327u fiscal", ["RECU FISCAL", "rec\u0327u fiscal"]),
        ("rights: حقوق محفوظة", "حُقُوق مَحفوظه", ["حُقُوق مَحفوظه"]),
        ("donation: spenden", "SPENDEN Sie; Spendenkonto", ["SPENDEN"]),
        ("related: read also", "read\u00adalso read\u00ad also", ["read\u00ad also"]),
    ],
)
def test_phrases_are_found_where_they_count(entry: str, text: str, hits: list[str]) -> None:
    section = entry.split(":")[0]
    assert found_in(text, small(entry)) == [(section, hit) for hit in hits]


def test_overlapping_and_nested_phrases_are_all_found() -> None:
    index = small("rights: all rights", "rights: all rights reserved", "source: rights reserved by", "social: reserved")
    assert set(found_in("All rights reserved by us", index)) == {
        ("rights", "All rights"),
        ("rights", "All rights reserved"),
        ("source", "rights reserved by"),
        ("social", "reserved"),
    }


def test_a_phrase_may_stand_in_several_sections() -> None:
    index = small("byline: the desk", "agency: the desk")
    assert sorted(found_in("From the desk", index)) == [("agency", "the desk"), ("byline", "the desk")]


def test_a_word_is_no_stem_and_a_stem_no_word() -> None:
    assert found_in("donating", small("donation: donat")) == []
    assert found_in("donat donate", small("donation: donate*")) == [("donation", "donate")]
    assert found_in("donat", small("donation: donat*")) == [("donation", "donat")]


def test_long_phrases_are_found_to_the_last_word() -> None:
    words = [f"word{chr(97 + at)}" for at in range(LONGEST)]
    index = small("rights: " + " ".join(words))
    assert found_in("so " + " ".join(words) + " on", index) == [("rights", " ".join(words))]
    assert found_in(" ".join(words[:-1]), index) == []


def test_phrases_do_not_cross_texts() -> None:
    texts = ["All rights", "reserved", "all rights reserved"]
    batch = batch_of(texts)
    page = segment(batch, "lines")
    view = view_of(batch.points, page.starts, page.ends)
    tokens = tokenize(view)
    hits = find_phrases(view, tokens, page.documents, 3, small("rights: all rights reserved"))
    assert hits.token.tolist() == [3]
    assert (hits.whole.tolist(), hits.first.tolist()) == ([True], [True])


def test_phrases_do_not_cross_the_gap_of_a_long_paragraph() -> None:
    text = "x " * 76 + "all rights" + " filler" * 500 + " reserved" + " y" * 40 + "."
    assert found_in(text, small("rights: all rights reserved")) == []


def test_whole_and_first_look_past_numbers_and_marks() -> None:
    batch = batch_of(["3 » Share 12\nShare now\nnow share"])
    page = segment(batch, "lines")
    view = view_of(batch.points, page.starts, page.ends)
    hits = find_phrases(view, tokenize(view), page.documents, 1, small("social: share"))
    assert (hits.whole.tolist(), hits.first.tolist()) == ([True, False, False], [True, True, False])


@pytest.mark.parametrize("text", ["", "\n\n", "—", "12 34", "\u200b", "\ud800", "a"])
def test_texts_without_phrases(text: str) -> None:
    assert found_in(text, small("rights: all rights reserved")) == []


# --- languages --------------------------------------------------------------------------------------------------------

ENGLISH = "All rights reserved"


def languages_of(text: str) -> str:
    batch = batch_of([text])
    page = segment(batch, "lines")
    view = view_of(batch.points, page.starts, page.ends)
    at = int(find_phrases(view, tokenize(view), page.documents, 1).language[0])
    return lexicon().languages[at] if at >= 0 else ""


@pytest.mark.parametrize("language", STORIES)
def test_the_language_of_a_story_is_recognised(language: str) -> None:
    assert languages_of("\n".join(STORIES[language])) == language


def test_a_short_text_has_no_language_and_all_count() -> None:
    assert languages_of("Alle Rechte vorbehalten") == ""
    for text in (ENGLISH, "Alle Rechte vorbehalten", "Tous droits réservés", "版权所有", "Все права защищены"):
        assert "rights" in [section for section, _ in found_in(text)], text


def test_a_phrase_of_another_language_does_not_count_once_the_language_is_clear() -> None:
    german = "\n".join(STORIES["de"])
    assert ("rights", "Alle Rechte vorbehalten") in found_in(f"{german}\nAlle Rechte vorbehalten")
    assert ("rights", ENGLISH) in found_in(f"Kurze Meldung\n{ENGLISH}")
    unknown = f"xyz {ENGLISH.lower()}"
    assert found_in(f"{german}\n{unknown}") == found_in(german)
    assert ("rights", ENGLISH) in found_in("\n".join([*STORIES["en"], ENGLISH]))


def test_texts_of_a_batch_have_their_own_languages() -> None:
    texts = ["\n".join(STORIES[language]) for language in STORIES] + ["", "short"]
    batch = batch_of(texts)
    page = segment(batch, "lines")
    view = view_of(batch.points, page.starts, page.ends)
    found = find_phrases(view, tokenize(view), page.documents, len(texts)).language
    assert [lexicon().languages[at] if at >= 0 else "" for at in found.tolist()] == [*STORIES, "", ""]


def test_every_phrase_is_found_by_its_own_words() -> None:
    entries = [entry for entry in read_folder(FOLDER / "data") if not entry.at_start and not entry.at_end]
    missed = []
    for language, group in itertools.groupby(entries[::7], lambda entry: entry.language):
        phrases = list(group)
        # one phrase a document: short texts, so that every language counts
        batch = batch_of([" ".join(entry.words) for entry in phrases])
        page = segment(batch, "lines")
        view = view_of(batch.points, page.starts, page.ends)
        tokens = tokenize(view)
        hits = find_phrases(view, tokens, page.documents, len(phrases))
        at = page.documents[tokens.paragraph[hits.token]]
        found = set(zip(at.tolist(), hits.section.tolist(), hits.words.tolist(), strict=True))
        missed += [
            (language, entry.words)
            for number, entry in enumerate(phrases)
            if (number, SECTIONS.index(entry.section), len(entry.words)) not in found
        ]
    assert not missed
