"""The page's evidence: paragraphs found again in the page, what is read there, and what it changes."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import lxml.html
import numpy as np
import pytest

from boilerstrip import Config, Label, SiteProfile, Stripper, WeightsError, clean_html, explain_html, label_html
from boilerstrip.correction import (
    INPUTS,
    Correction,
    corrected,
    default_correction,
    inputs_of,
    page_reasons,
    read_correction,
    write_correction,
)
from boilerstrip.html import extract
from boilerstrip.model import CLASSES
from boilerstrip.page import EVIDENCE, Facts, facts_of, locate, measure

STORY = [
    f"The ferry left the island at {hour} in the morning with goats on board, and its captain did not look back once. "
    "Nobody waved."
    for hour in ("four", "five", "six", "seven", "eight", "nine")
]


def tree_of(body: str, head: str = "") -> Any:
    return lxml.html.document_fromstring(f"<html><head>{head}</head><body>{body}</body></html>")


def story(*more: str) -> str:
    return "<article class='story-body'>" + "".join(f"<p>{text}</p>" for text in STORY) + "".join(more) + "</article>"


def evidence_of(tree: Any, *paragraphs: str) -> list[dict[str, float]]:
    rows = measure(tree, [*STORY, *paragraphs], [0.99] * len(STORY) + [0.5] * len(paragraphs))
    return [dict(zip(EVIDENCE, row.tolist(), strict=True)) for row in rows[len(STORY) :]]


# --- finding paragraphs again ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "paragraph"),
    [
        ("<p>Five goats\n   and a <b>ferry</b></p>", "Five goats and a ferry"),
        ("<ul><li>Five goats and a ferry</li></ul>", "- Five goats and a ferry"),
        ("<table><tr><td>Five goats</td><td>a ferry</td></tr></table>", "| Five goats | a ferry | "),
        ("<p>Fu\u0308nf Ziegen</p>", "F\u00fcnf Ziegen"),
        ("<p>五匹の山羊</p>", "五匹の山羊"),
        ("<div>Five<br>goats</div>", "Five goats"),
    ],
)
def test_a_paragraph_is_found_whatever_became_of_its_spaces_and_marks(markup: str, paragraph: str) -> None:
    (place,) = locate(tree_of(f"<p>other</p>{markup}<p>more</p>"), [paragraph])
    assert place is not None and place.exact


def test_a_short_line_is_sought_between_its_neighbours() -> None:
    tree = tree_of(f"<nav><a>Sport</a></nav><p>{STORY[0]}</p><h3>Sport</h3><p>{STORY[1]}</p><footer>Sport</footer>")
    place = locate(tree, [STORY[0], "Sport", STORY[1]])[1]
    assert place is not None and place.node.heading == 3


def test_a_paragraph_that_the_page_has_with_something_inside_is_found_by_its_parts() -> None:
    cut = STORY[0].replace("with goats", "<sup>[1]</sup> with goats")
    (place,) = locate(tree_of(f"<blockquote><p>{cut}</p></blockquote>"), [STORY[0]])
    assert place is not None and place.node.quote


def test_what_the_page_does_not_have_is_not_found() -> None:
    assert locate(tree_of(story()), ["A line that stands nowhere in this page, for all that.", "Nor", ""]) == [None] * 3
    assert locate(tree_of(""), [STORY[0]]) == [None]


def test_scripts_hold_no_paragraphs() -> None:
    assert locate(tree_of(f"<script type='application/ld+json'>{STORY[0]}</script>"), [STORY[0]]) == [None]


# --- evidence -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p><a href='/x'>Other goats</a></p>", {"all_linked": 1, "linked": 1, "paragraph": 1}),
        ("<p>Other <a href='/x'>goats</a></p>", {"all_linked": 0, "linked": 0.5}),
        ("<p><strong>Other goats</strong></p>", {"all_emphasised": 1, "linked": 0}),
        ("<h1>Other goats</h1>", {"title_heading": 1, "heading": 0}),
        ("<h3><span>Other goats</span></h3>", {"title_heading": 0, "heading": 1}),
        ("<ul><li>Other goats</li></ul>", {"listed": 1, "cell": 1, "table": 0}),
        ("<table><tr><td>Other goats</td></tr></table>", {"table": 1, "cell": 1}),
        ("<figure><figcaption>Other goats</figcaption></figure>", {"figure": 1, "caption": 1}),
        ("<blockquote>Other goats</blockquote>", {"quote": 1}),
        ("<aside>Other goats</aside>", {"framed": 1}),
        ("<div class='newsletterSignup'>Other goats</div>", {"named promotion": 1, "named share": 0}),
        ("<div id='social-share'><p>Other goats</p></div>", {"named share": 1, "named promotion": 0}),
        ("<p role='note' itemprop='author'>Other goats</p>", {"named author": 1}),
    ],
)
def test_elements_are_read(markup: str, expected: dict[str, float]) -> None:
    (row,) = evidence_of(tree_of(story(markup)), "Other goats")
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert row["found"] == 1


def test_names_around_the_whole_story_say_nothing() -> None:
    (row,) = evidence_of(tree_of(f"<div class='comments share'>{story('<p>Other goats</p>')}</div>"), "Other goats")
    assert row["named comment"] == row["named share"] == 0


def test_the_place_beside_the_story() -> None:
    tree = tree_of(story("<p>Inside goats</p>") + "<div><section><p>Outside goats</p></section></div>")
    inside, outside = evidence_of(tree, "Inside goats", "Outside goats")
    assert inside["beside_story"] > 0.9 and inside["climb"] < outside["climb"]
    assert outside["beside_story"] < 0.1 and outside["alone"] == 1
    assert inside["same_shape"] > 0.9 > outside["same_shape"]
    assert inside["after_story"] == outside["after_story"] == 1


# --- what the page says of itself -----------------------------------------------------------------------

HEAD = """<meta property="og:title" content="Goats on the ferry"><meta property="og:site_name" content="Island Gazette">
<meta name="author" content="Ida Brandt"><meta property="article:published_time" content="2024-03-07T09:00:00Z">
<meta name="description" content="Six ferries, some goats and a captain.">"""
LINKED_DATA = """<script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", "headline": "Goats at sea",
"author": [{"name": "Ola Nordmann"}], "publisher": {"name": "Gazette Press"}, "articleBody": "BODY"}, 7]}</script>"""


def test_facts_are_read() -> None:
    facts = facts_of(tree_of("<h1>Goats on board</h1>", HEAD + LINKED_DATA))
    assert set(facts.titles) == {"goatsontheferry", "goatsatsea", "goatsonboard"}
    assert set(facts.authors) == {"idabrandt", "olanordmann"}
    assert set(facts.sites) == {"islandgazette", "gazettepress"}
    assert facts.date == "2024-03-07" and facts.summaries == ("sixferries,somegoatsandacaptain.",)
    assert facts.body == "body"


@pytest.mark.parametrize(
    "json", ["{", "[" * 10_000, "null", '{"author": 3, "headline": []}', '{"@graph": {"@graph": [[]]}}']
)
def test_bad_json_is_no_fact(json: str) -> None:
    assert facts_of(tree_of("", f"<script type='application/ld+json'>{json}</script>")) == Facts()


def test_facts_confirm_paragraphs() -> None:
    lines = ["Goats on the ferry", "By IDA BRANDT", "© 2024 Island Gazette", "7 March 2024", "Some other line"]
    tree = tree_of(story(*(f"<p>{line}</p>" for line in lines)), HEAD)
    title, author, site, date, other = evidence_of(tree, *lines)
    assert (title["is_title"], author["has_author"], site["has_site"], date["has_date"]) == (1, 1, 1, 1)
    assert not any(other[name] for name in ("is_title", "has_author", "has_site", "has_date", "is_summary"))


def test_the_stated_body_counts_only_where_it_is_the_body() -> None:
    more = "Read how goats became captains on our island"
    for body, expected in ((" ".join(STORY), (0, 1)), ("Only a teaser of the story. " * 20, (0, 0))):
        tree = tree_of(story(f"<p>{more}</p>"), LINKED_DATA.replace("BODY", body))
        (row,) = evidence_of(tree, more)
        assert (row["in_body"], row["not_in_body"]) == expected
    first = measure(tree_of(story(), LINKED_DATA.replace("BODY", " ".join(STORY))), STORY, [0.9] * len(STORY))[0]
    assert first[EVIDENCE.index("in_body")] == 1


def test_a_page_without_facts_changes_nothing_about_them() -> None:
    (row,) = evidence_of(tree_of(story("<p>Other goats</p>")), "Other goats")
    assert not any(
        row[name] for name in ("is_title", "is_summary", "has_author", "has_site", "has_date", "in_body", "not_in_body")
    )


@pytest.mark.parametrize("line", ["x{}", "a" * 40 + "{}", "goat " * 20 + "{}"])
def test_time_to_measure_grows_with_the_page_and_not_with_its_square(line: str) -> None:
    def seconds(count: int) -> float:
        lines = [line.format(at) for at in range(count)]
        tree = tree_of("".join(f"<p>{text}</p>" for text in lines))
        began = time.process_time()
        measure(tree, [text[::-1] for text in lines], [0.5] * count)
        return time.process_time() - began

    assert seconds(8_000) < 9 * max(seconds(2_000), 0.1)


# --- the correction -------------------------------------------------------------------------------------


def leaning(**weights: float) -> Correction:
    """A correction whose log-odds are a sum of some inputs."""
    hidden = np.zeros((1, len(INPUTS), 2 * len(weights) + 1), dtype=np.float32)
    output = np.zeros((1, hidden.shape[2]), dtype=np.float32)
    for at, (name, weight) in enumerate(weights.items()):
        hidden[0, INPUTS.index(name), 2 * at : 2 * at + 2] = 1, -1
        output[0, 2 * at : 2 * at + 2] = weight, -weight
    one = np.ones(len(INPUTS), dtype=np.float32)
    return Correction(0 * one, one, hidden, np.zeros_like(output), output, np.zeros(1, dtype=np.float32), {})


def answers(wire: float, kind: str = "related") -> Any:
    row = np.zeros((1, len(CLASSES)), dtype=np.float32)
    row[0, [0, CLASSES.index(kind)]] = wire, 1 - wire
    return row


def test_the_answers_stay_probabilities_and_keep_their_kind() -> None:
    evidence = np.zeros((1, len(EVIDENCE)), dtype=np.float32)
    evidence[0, EVIDENCE.index("listed")] = 1
    for weight in (-8.0, 8.0):
        found = corrected(leaning(listed=weight), answers(0.4, "social"), ["Follow us"], evidence)
        assert found.sum() == pytest.approx(1) and (found >= 0).all()
        assert (found[0, 0] > 0.8) == (weight > 0)
        assert found[0, 1:].argmax() + 1 == CLASSES.index("social")


def test_the_page_does_not_rescue_what_the_text_is_sure_of() -> None:
    evidence = np.zeros((1, len(EVIDENCE)), dtype=np.float32)
    evidence[0, EVIDENCE.index("beside_story")] = 1
    appeal = "Please make a donation today."
    assert corrected(leaning(beside_story=20.0), answers(0.001, "donation"), [appeal], evidence)[0, 0] < 0.01
    assert corrected(leaning(beside_story=20.0), answers(0.4, "donation"), [appeal], evidence)[0, 0] > 0.8


def test_evidence_names_the_kind_where_the_text_does_not() -> None:
    evidence = np.zeros((1, len(EVIDENCE)), dtype=np.float32)
    evidence[0, EVIDENCE.index("all_linked")] = 1
    found = corrected(leaning(all_linked=-8.0), answers(1.0), ["Goats win again"], evidence)
    assert found[0].argmax() == CLASSES.index("related")


def test_no_paragraphs_are_no_failure() -> None:
    nothing = np.zeros((0, len(CLASSES)), dtype=np.float32)
    assert (
        corrected(default_correction(), nothing, [], np.zeros((0, len(EVIDENCE)), dtype=np.float32)).shape
        == nothing.shape
    )
    assert measure(tree_of(story()), [], []).shape == (0, len(EVIDENCE))


def test_inputs_have_their_names() -> None:
    evidence = np.zeros((1, len(EVIDENCE)), dtype=np.float32)
    row = dict(zip(INPUTS, inputs_of(answers(0.5), ["- A goat."], evidence)[0].tolist(), strict=True))
    assert row["list_mark"] == row["ends_sentence"] == row["under_40"] == 1
    assert row["wire"] == pytest.approx(0, abs=1e-5) and row["kind related"] == 0.5


def test_weights_are_written_and_read_the_same() -> None:
    raw = write_correction(default_correction())
    again = read_correction(raw)
    assert write_correction(again) == raw
    assert all(np.array_equal(mine, yours) for mine, yours in zip(again[:6], default_correction()[:6], strict=True))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "mine.npz is damaged or no weights file"),
        (b"PK\x03\x04", "mine.npz is damaged or no weights file"),
        (write_correction(leaning())[:-200], "mine.npz is damaged or no weights file"),
        (write_correction(leaning()._replace(mean=np.zeros(3))), "mine.npz: mean has type float32 and shape (3,)"),
        (
            write_correction(leaning()._replace(scale=np.full(len(INPUTS), np.nan))),
            "mine.npz: scale has values that are no numbers",
        ),
    ],
)
def test_bad_weights_are_refused_by_name(raw: bytes, message: str) -> None:
    with pytest.raises(WeightsError) as caught:
        read_correction(raw, "mine.npz")
    assert str(caught.value).startswith(message) and "\n" not in str(caught.value)


def test_weights_for_other_evidence_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = write_correction(leaning())
    monkeypatch.setattr("boilerstrip.correction.INPUTS", (*INPUTS, "more"))
    with pytest.raises(WeightsError, match=r"made for other evidence \(inputs differs\)"):
        read_correction(raw)


def test_reasons_tell_the_evidence() -> None:
    row = np.zeros(len(EVIDENCE), dtype=np.float32)
    row[[EVIDENCE.index("all_linked"), EVIDENCE.index("named share")]] = 1
    assert [str(reason) for reason in page_reasons(row, False)] == [
        "page: all of it is one link",
        "page: in an element named for share",
    ]
    assert page_reasons(row, True) == ()


# --- from HTML to the story -----------------------------------------------------------------------------


def html_of(*more: str) -> str:
    return f"<html><head><title>Goats</title></head><body>{story(*more)}</body></html>"


def test_the_three_forms_agree_and_offsets_count_in_the_extracted_text() -> None:
    html = html_of("<p><a href='/x'>Goats win the regatta again</a></p>")
    text = extract(html).text
    explanation = explain_html(html)
    assert explanation.paragraphs == tuple(label_html(html)) and explanation.text == clean_html(html)
    assert all(text[item.start : item.end] == item.text for item in explanation.paragraphs)
    assert "\n".join(item.text for item in explanation.paragraphs) == text


def test_the_page_decides_what_the_text_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "Goats win the regatta again"
    html = html_of(f"<p>{line}</p>").replace("<head>", f"<head><meta name='description' content='{line}'>")
    by_evidence = leaning(is_summary=-20.0, beside_story=8.0)
    monkeypatch.setattr("boilerstrip.correction.default_correction", lambda: by_evidence)
    found = {item.text: item for item in label_html(html)}
    assert found[line].label is not Label.WIRE
    assert "page: the page's description" in map(str, found[line].reasons)
    assert all(found[text].label is Label.WIRE for text in STORY)
    assert "page: beside most of the story" in map(str, found[STORY[0]].reasons)


def test_settings_hold_for_pages() -> None:
    html = html_of("<p><a href='/x'>Goats win the regatta again</a></p>")
    everything = Config(keep={"wire", "credits", "solicitation"})
    assert clean_html(html, config=everything) == extract(html).text
    assert explain_html(html, config=replace(everything, brake=0)).removed == ()


def test_a_site_profile_holds_for_pages() -> None:
    line = "The ferry company thanks its passengers, the goats among them, for a year of calm crossings."
    html = html_of(f"<p>{line}</p>")
    profile = SiteProfile.learn(
        [f"{line}\nStory {at} is another one, and nothing of it is repeated." for at in range(5)]
    )
    stripper = Stripper(site=profile)
    reasons = {item.text: item.reasons for item in stripper.label_html(html)}
    assert str(reasons[line][0]) == "site: repeated on other pages of this site"
    # it counts once, behind text and page
    with_site, without = (one._decide_page(extract(html)).read for one in (stripper, Stripper()))
    at = with_site.known.argmax()
    wire, other = without.answers[at, 0], without.answers[at, 1:].sum()
    assert with_site.answers[at, 0] == pytest.approx(wire / 10 / (wire / 10 + other), rel=0.02)


def test_the_text_path_knows_nothing_of_pages() -> None:
    paragraphs = Stripper().label("\n".join(STORY))
    assert not any(reason.source == "page" for item in paragraphs for reason in item.reasons)


def test_of_two_extractions_the_one_with_much_more_story_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = extract(html_of())
    longer = "\n".join([*STORY, *(text.replace("ferry", "schooner") for text in STORY)])
    for text, other, taken in ((STORY[0], longer, longer), (longer, STORY[0], longer), (longer, longer + "!", longer)):
        both = found._replace(text=text, other=other)
        monkeypatch.setattr("boilerstrip.html.extract", lambda *_, both=both, **__: both)
        assert [item.text for item in label_html("")] == taken.split("\n")
