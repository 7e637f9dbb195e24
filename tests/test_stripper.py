"""The public contract: what `clean`, `label`, `explain` and `Stripper` promise, whatever the weights say.

Verdicts are only asked of paragraphs that nobody could mistake; everything else is a relation between answers.
"""

from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stories import APPEALS, LETTER, RIGHTS, STORIES, story

import boilerstrip
from boilerstrip import (
    Config,
    Explanation,
    Kind,
    Label,
    SiteProfile,
    Stripper,
    clean,
    clean_html,
    explain,
    explain_html,
    label,
    label_html,
)

OWN_LANGUAGE = {
    "en": (LETTER, RIGHTS),
    "fr": ("Abonnez-vous à notre newsletter", "Tous droits réservés."),
    "de": ("Jetzt Newsletter abonnieren", "Alle Rechte vorbehalten."),
    "es": ("Suscríbete a nuestro boletín", "Todos los derechos reservados."),
    "it": ("Iscriviti alla nostra newsletter", "Tutti i diritti riservati."),
}
UNBRAKED = Stripper(Config(brake=1))
BODY = STORIES["en"]
#: Documents of all sorts for comparisons of one way of asking with another.
DOCUMENTS = [
    story("en"),
    "",
    "\n\n \n",
    "\n".join([*BODY, LETTER, RIGHTS]) + "\n",
    "\n\n".join([*STORIES["de"], *APPEALS["de-blatt"]]),
    "\r\n".join([RIGHTS, *STORIES["fr"], LETTER]),
    LETTER,
    "\n".join([*APPEALS["it-radio"], *STORIES["it"]]),
    "词" * 400 + "\n" + "\ud800\x00\x1b",
    *("\n".join(APPEALS[name]) for name in APPEALS),
]


# --- one code path ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", DOCUMENTS)
def test_the_twins_agree(text: str) -> None:
    found = explain(text)
    assert isinstance(found, Explanation)
    assert clean(text) == found.text == Stripper().clean(text)
    assert tuple(label(text)) == found.paragraphs == tuple(Stripper().label(text))
    assert found == Stripper().explain(text)


@pytest.mark.parametrize("text", DOCUMENTS)
def test_removed_are_the_paragraphs_that_do_not_stay(text: str) -> None:
    found = UNBRAKED.explain(text)
    assert found.removed == tuple(item for item in found.paragraphs if item.label is not Label.WIRE)
    assert not found.braked
    assert found.note == ""


@pytest.mark.parametrize("text", DOCUMENTS)
def test_paragraphs_say_where_they_stand_and_why(text: str) -> None:
    before = 0
    for item in label(text):
        assert item.text == text[item.start : item.end] != ""
        assert item.start >= before
        before = item.end
        assert (item.kind is None) is (item.label is Label.WIRE)
        assert item.kind is None or item.kind.label is item.label
        assert 0 <= item.confidence <= 1
        assert item.reasons and all(reason.source and reason.text for reason in item.reasons)


def test_reasons_say_what_a_person_can_check() -> None:
    found = explain("\n".join([*BODY, LETTER, RIGHTS]))
    letter, rights = found.removed
    assert (letter.kind, rights.kind) == (Kind.SUBSCRIPTION, Kind.RIGHTS)
    assert "rule: subscription-prompt" in map(str, letter.reasons)
    assert any(reason.source == "words" and "newsletter" in reason.text for reason in letter.reasons)
    assert "rule: rights-notice" in map(str, rights.reasons)
    assert "place: after the last running text" in map(str, rights.reasons)
    assert "place: running text" in map(str, found.paragraphs[1].reasons)


# --- what comes out ---------------------------------------------------------------------------------------------------


def expected_output(text: str, found: Explanation) -> str:
    """DESIGN.md, word for word: whole paragraphs, each behind what stood before the run taken out ahead of it."""
    gone = {item.start for item in found.removed}
    pieces, gap, end = [], "", 0
    for number, item in enumerate(found.paragraphs):
        if number == 0 or found.paragraphs[number - 1].start not in gone:
            gap = text[end : item.start]
        end = item.end
        if item.start not in gone:
            pieces += [gap, item.text]
    if found.paragraphs and not pieces:
        return ""
    return "".join(pieces) + text[end:]


_LINES = st.sampled_from(
    [*BODY, *STORIES["fr"][:3], LETTER, RIGHTS, *APPEALS["es-radio"][:3], "Odile Ferrandin", "AFP"]
)
_ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\n \t\n", "\r\n\r\n", "\u2028", "\f", "\n\n\n"])
_TEXTS = st.lists(st.tuples(st.one_of(_LINES, _LINES, _LINES, st.text(max_size=30)), _ENDS), max_size=14).map(
    lambda parts: "".join(itertools.chain.from_iterable(parts))
)


@settings(max_examples=50, deadline=None)
@given(_TEXTS)
def test_output_is_whole_paragraphs_with_their_separators(text: str) -> None:
    found = UNBRAKED.explain(text)
    assert found.text == expected_output(text, found)
    rest = iter(text)
    assert all(char in rest for char in found.text), "not a subsequence of the input"


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(), max_size=200))
def test_no_character_makes_it_fail(text: str) -> None:
    found = UNBRAKED.explain(text)
    assert found.text == expected_output(text, found)


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("\n", "\n", "\n"),
        ("\n\n", "\n", "\n\n"),
        ("\n", "\n\n", "\n"),
        ("\n\n", "\n\n", "\n\n"),
        ("\r\n\r\n", "\n", "\r\n\r\n"),
        ("\n \n", "\n\n\n", "\n \n"),
    ],
)
def test_blank_lines_collapse_to_what_stood_before(before: str, after: str, left: str) -> None:
    config = Config(segmentation="lines", brake=1)
    text = f"{BODY[1]}{before}{LETTER}{after}{BODY[2]}\n{BODY[3]}"
    assert clean(text, config=config) == f"{BODY[1]}{left}{BODY[2]}\n{BODY[3]}"
    # a run of removed paragraphs goes as one
    text = f"{BODY[1]}{before}{LETTER}\n\n\n{RIGHTS}{after}{BODY[2]}\n{BODY[3]}"
    assert clean(text, config=config) == f"{BODY[1]}{left}{BODY[2]}\n{BODY[3]}"


def test_the_edges_of_a_text_keep_their_white_space() -> None:
    inner = story()
    assert clean(f"\n {LETTER}\n\n{inner}\n{RIGHTS}\n\n") == f"\n{inner}\n\n"
    assert clean(f"{inner}\n\n{RIGHTS}") == inner


def test_nothing_is_left_of_a_text_without_a_story() -> None:
    assert UNBRAKED.clean(f"\n{LETTER}\n\n{RIGHTS}\n") == ""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\v", "\f", "\x1c"])
def test_line_ends_survive(end: str) -> None:
    text = end.join([BODY[0], LETTER, *BODY[1:], RIGHTS]) + end
    assert clean(text) == end.join(BODY) + end


def test_indentation_and_trailing_space_belong_to_the_paragraph() -> None:
    text = "\n".join(["\t" + BODY[0], LETTER + " \t", *("  " + line + "\u00a0" for line in BODY[1:])])
    assert clean(text) == "\n".join(["\t" + BODY[0], *("  " + line + "\u00a0" for line in BODY[1:])])


@pytest.mark.parametrize("language", STORIES)
def test_cleaning_twice_changes_nothing_more(language: str) -> None:
    # a phrase of the story's own language: those of another one do not count once the language is clear
    once = clean("\n".join([*STORIES[language], *OWN_LANGUAGE[language]]))
    assert once == story(language) == clean(once)


# --- settings ---------------------------------------------------------------------------------------------------------


def test_the_brake_leaves_the_text_alone_and_says_so() -> None:
    text = "\n".join([LETTER, RIGHTS, LETTER])
    found = explain(text)
    assert found.braked and found.text == text and found.removed == ()
    assert "95%" in found.note
    assert all(item.label is not Label.WIRE for item in found.paragraphs)
    assert clean(text) == text


def test_the_brake_can_be_set_and_switched_off() -> None:
    text = "\n".join([*BODY, LETTER])
    share = len(LETTER) / sum(map(len, text.split("\n")))
    assert clean(text, config=Config(brake=share + 0.001)) == story()
    assert clean(text, config=Config(brake=share - 0.001)) == text
    assert clean(LETTER, config=Config(brake=1)) == ""
    # "none may go" is a legal wish
    assert clean(text, config=Config(brake=0)) == text


def test_labels_and_kinds_can_be_kept_and_dropped() -> None:
    text = "\n".join([*BODY, LETTER, RIGHTS])
    assert clean(text, config=Config(keep={"wire", "credits"})) == "\n".join([*BODY, RIGHTS])
    assert clean(text, config=Config(keep={"wire", "subscription"})) == "\n".join([*BODY, LETTER])
    assert clean(text, config=Config(keep={"wire", "credits", "solicitation"}, drop={"rights"})) == "\n".join(
        [*BODY, LETTER]
    )
    assert clean(text, config=Config(keep={"credits", "solicitation"}, brake=1)) == "\n".join([LETTER, RIGHTS])
    assert clean(text, config=Config(keep={"wire", "credits"}, drop={"credits"})) == story()


def test_what_is_kept_does_not_change_the_verdicts() -> None:
    text = "\n".join([*BODY, LETTER, RIGHTS])
    assert label(text, config=Config(keep={"credits"})) == label(text)


@pytest.mark.parametrize("text", DOCUMENTS)
def test_more_strictness_removes_no_less(text: str) -> None:
    before: set[int] = set()
    for strictness in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1):
        gone = {item.start for item in Stripper(Config(strictness=strictness, brake=1)).explain(text).removed}
        assert before <= gone
        before = gone


def test_strictness_has_an_effect() -> None:
    text = "\n".join(DOCUMENTS)
    counts = [len(Stripper(Config(strictness=value, brake=1)).explain(text).removed) for value in (0, 1)]
    assert counts[0] < counts[1]


def test_segmentation_can_be_set() -> None:
    text = f"{BODY[1]}\n{BODY[2]}\n\n{BODY[3]}"
    assert len(label(text, config=Config(segmentation="lines"))) == 3
    assert [item.text for item in label(text, config=Config(segmentation="blocks"))] == text.split("\n\n")


def test_a_site_profile_counts_against_what_the_site_repeats() -> None:
    motto = "Harbour news since 1881"
    pages = ["\n".join([*STORIES[language], motto]) for language in STORIES]
    profile = SiteProfile.learn(pages)
    with_site, without = Stripper(Config(strictness=0.9), site=profile), Stripper(Config(strictness=0.9))
    for page in pages:
        known, unknown = with_site.label(page), without.label(page)
        assert "site" in {reason.source for reason in known[-1].reasons}
        assert "site" not in {reason.source for item in known[:-1] for reason in item.reasons}
        assert known[-1].label is not Label.WIRE or known[-1].confidence < unknown[-1].confidence
        assert [(item.label, item.kind) for item in known[:-1]] == [(item.label, item.kind) for item in unknown[:-1]]


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Stripper({"strictness": 1}), "dict"),  # type: ignore[arg-type]
        (lambda: Stripper(site="profile"), "str"),  # type: ignore[arg-type]
        (lambda: clean("text", config="strict"), "str"),  # type: ignore[arg-type]
    ],
)
def test_settings_of_another_type_are_refused(make: Callable[[], Any], named: str) -> None:
    with pytest.raises(TypeError, match=f"must be a .*not {named}"):
        make()


def test_settings_are_keyword_only() -> None:
    with pytest.raises(TypeError):
        clean("text", Config())  # type: ignore[misc]
    with pytest.raises(TypeError):
        Stripper(None, SiteProfile(0, {}))  # type: ignore[misc]


# --- wrong types ------------------------------------------------------------------------------------------------------

_WRONG = [None, b"bytes", 3, 2.5, ["a list"], ("a", "tuple"), {"a": "dict"}, object()]


@pytest.mark.parametrize("wrong", _WRONG, ids=lambda wrong: type(wrong).__name__)
@pytest.mark.parametrize("function", [clean, label, explain])
def test_anything_but_text_is_refused(function: Callable[[Any], Any], wrong: object) -> None:
    with pytest.raises(TypeError, match=rf"must be str, not {type(wrong).__name__}"):
        function(wrong)


@pytest.mark.parametrize("wrong", [None, 3, ["<p>"]], ids=lambda wrong: type(wrong).__name__)
@pytest.mark.parametrize("function", [clean_html, label_html, explain_html])
def test_anything_but_html_is_refused(function: Callable[[Any], Any], wrong: object) -> None:
    with pytest.raises(TypeError, match=rf"must be str or bytes, not {type(wrong).__name__}"):
        function(wrong)


@pytest.mark.parametrize("method", ["clean_many", "label_many", "explain_many"])
def test_one_text_is_no_collection_of_texts(method: str) -> None:
    for wrong in ("a text", b"bytes"):
        with pytest.raises(TypeError, match=f"iterable of str, not {type(wrong).__name__}"):
            list(getattr(Stripper(), method)(wrong))
    with pytest.raises(TypeError, match="must be str, not NoneType"):
        list(getattr(Stripper(), method)(["a text", None]))


# --- many texts -------------------------------------------------------------------------------------------------------


def test_many_texts_come_out_in_order() -> None:
    texts = [f"{number}. {BODY[number % 5 + 1]}\n{LETTER}" for number in range(300)]
    outputs = list(Stripper().clean_many(texts))
    assert len(outputs) == 300
    assert all(output.startswith(f"{number}. ") for number, output in enumerate(outputs))


def test_texts_are_read_as_needed() -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        for text in itertools.cycle(DOCUMENTS):
            read += 1
            yield text

    results = Stripper().clean_many(endless())
    assert read == 0
    assert list(itertools.islice(results, len(DOCUMENTS))) == [clean(text) for text in DOCUMENTS]
    assert read <= 200


def test_large_texts_are_not_gathered() -> None:
    read = []
    results = Stripper().clean_many(text for text in ("a " * 300_000 for _ in range(4)) if not read.append(text))
    next(results)
    assert len(read) == 2


@pytest.mark.parametrize("size", [1, 2, 5, 64])
def test_the_company_of_other_texts_changes_nothing(size: int) -> None:
    alone = [Stripper().explain(text) for text in DOCUMENTS]
    for start in range(0, len(DOCUMENTS), size):
        together = list(Stripper().explain_many(DOCUMENTS[start : start + size]))
        for one, other in zip(alone[start:], together, strict=False):
            assert one.text == other.text
            assert [(item.label, item.kind, item.reasons) for item in one.paragraphs] == [
                (item.label, item.kind, item.reasons) for item in other.paragraphs
            ]
            confidences = [item.confidence for item in other.paragraphs]
            assert [item.confidence for item in one.paragraphs] == pytest.approx(confidences, abs=1e-4)


def test_no_texts_no_results() -> None:
    assert list(Stripper().clean_many([])) == list(Stripper().label_many(iter(()))) == []


def test_a_shared_stripper_may_be_used_by_threads() -> None:
    shared = Stripper()
    expected = [shared.explain(text) for text in DOCUMENTS]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            assert list(pool.map(shared.explain, DOCUMENTS)) == expected


def test_every_process_gives_the_same_answers() -> None:
    program = "import sys, boilerstrip; print(boilerstrip.explain(sys.stdin.buffer.read().decode()))"
    text = "\n".join([*BODY, *APPEALS["en-weekly"], LETTER])
    source = str(Path(boilerstrip.__file__).parent.parent)
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=text.encode(),
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONPATH": source, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_everything_can_be_sent_to_another_process() -> None:
    text = "\n".join([*BODY, LETTER])
    stripper = Stripper(Config(keep={"wire", "byline"}, strictness=0.7), site=SiteProfile.learn([text] * 3))
    copy = pickle.loads(pickle.dumps(stripper))
    assert (copy.config, copy.site) == (stripper.config, stripper.site)
    found = stripper.explain(text)
    assert copy.explain(text) == found == pickle.loads(pickle.dumps(found))


# --- pages ------------------------------------------------------------------------------------------------------------


def page(*more: str) -> str:
    lines = "".join(f"<p>{line}</p>" for line in [*BODY[1:], *more])
    return (
        f"<html><head><title>{BODY[0]}</title></head><body><article><h1>{BODY[0]}</h1>{lines}</article></body></html>"
    )


def test_the_story_of_a_page() -> None:
    html = page(LETTER)
    found = explain_html(html, url="https://news.example/logbooks")
    assert all(line in found.text for line in BODY[1:])
    assert LETTER not in found.text
    assert clean_html(html, url="https://news.example/logbooks") == found.text
    assert tuple(label_html(html, url="https://news.example/logbooks")) == found.paragraphs
    assert Stripper().clean_html(html) == clean_html(html)
    assert LETTER in clean_html(html, config=Config(keep={"wire", "solicitation"}))


def test_bytes_are_decoded_as_the_page_says() -> None:
    html = page().replace("<head>", "<head><meta charset='iso-8859-1'>").replace("goats", "Ziegenböcke")
    assert "Ziegenböcke" in clean_html(html.replace("“", '"').replace("”", '"').encode("iso-8859-1"))
    assert clean_html(page().encode()) == clean_html(page())


@pytest.mark.parametrize(
    "html", ["", b"", " \n", "<html></html>", "<html><body><!-- --></body></html>", b"\xff\xfe\x00"]
)
def test_an_empty_page_is_empty_and_says_so(html: str | bytes) -> None:
    assert clean_html(html) == ""
    assert label_html(html) == []
    assert "no text" in explain_html(html).note


def test_lone_surrogates_in_a_page_do_no_harm() -> None:
    cleaned = clean_html(page("The lamp \udcff was polished every morning, and nobody could say by whom it was lit."))
    assert all(line in cleaned for line in BODY[1:])
    cleaned.encode("utf-8")


# --- hostile input ----------------------------------------------------------------------------------------------------

#: Generous for slow, shared machines: each takes at most two seconds here.
SECONDS = 20


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        pytest.param("word " * 1_000_000, 1, id="a-line-of-5-MB"),
        pytest.param("x" * 5_000_000, 1, id="a-word-of-5-MB"),
        pytest.param("漢" * 1_000_000, 1, id="a-million-Han"),
        pytest.param("e" + "\u0301" * 1_000_000, 1, id="a-million-accents"),
        pytest.param("\n" * 200_000, 0, id="empty-lines"),
        pytest.param(" \t\r\n" * 100_000, 0, id="blank-lines"),
        pytest.param(" " * 5_000_000 + "x", 1, id="an-endless-indentation"),
        pytest.param("A paragraph of text here\n" * 10_000, 10_000, id="ten-thousand-paragraphs"),
        pytest.param("\x00\x01\x02\x1b\x7f" * 100_000, 1, id="control-characters"),
        pytest.param("\ud800" * 100_000, 1, id="lone-surrogates"),
        pytest.param("((((" * 100_000, 1, id="brackets"),
        pytest.param("\u200b\ufeff\u202e\n" * 10_000, 10_000, id="invisible"),
    ],
)
def test_hostile_texts_take_bounded_time(text: str, paragraphs: int) -> None:
    begin = time.perf_counter()
    found = UNBRAKED.explain(text)
    assert time.perf_counter() - begin < SECONDS
    assert len(found.paragraphs) == paragraphs
    assert found.text == expected_output(text, found)


def test_time_grows_with_the_text_and_not_faster() -> None:
    def seconds(count: int) -> float:
        text = "\n".join(itertools.islice(itertools.cycle([*BODY, LETTER]), count))
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            UNBRAKED.clean(text)
            times.append(time.perf_counter() - begin)
        return min(times)

    seconds(10)
    # eight times the text: quadratic growth would be 64-fold
    assert seconds(4000) < 24 * max(seconds(500), 0.005)
