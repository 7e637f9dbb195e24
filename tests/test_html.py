"""HTML to text: what is found, and that no page makes it fail or take quadratic time."""

from __future__ import annotations

import gzip
import time

import pytest

from boilerstrip import explain_html
from boilerstrip import html as html_module
from boilerstrip.html import extract

SENTENCES = [
    f"The harbour council met for the {word} time to talk about the new lighthouse, and nobody left before midnight."
    for word in ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
]


def page(body: str, head: str = "") -> str:
    return f"<html><head><title>Lighthouse</title>{head}</head><body>{body}</body></html>"


STORY = "<article>" + "".join(f"<p>{sentence}</p>" for sentence in SENTENCES) + "</article>"


def found_in(html: str | bytes) -> int:
    text = extract(html).text
    return sum(sentence in text for sentence in SENTENCES)


def test_a_story_is_found_line_by_line() -> None:
    assert extract(page(STORY), url="https://harbour.example/1").text.split("\n") == SENTENCES


@pytest.mark.parametrize("tag", ["div", "span", "section", "ul", "blockquote", "table", "b", "a", "h2", "p", "article"])
@pytest.mark.parametrize("depth", [190, 300, 3_000])
def test_a_story_may_lie_deep(tag: str, depth: int) -> None:
    html = page(f"<{tag}>" * depth + STORY + f"</{tag}>" * depth)
    assert found_in(html) == found_in(html.encode()) == len(SENTENCES)


def test_a_deep_page_keeps_its_links_headings_and_characters() -> None:
    body = f"<h2>Light</h2><p>{SENTENCES[0][:-1]} &amp; &#8220;Lamps&#8221; <a href='/x'>here</a>.</p>"
    found = extract(page("<div>" * 400 + STORY + body + "</div>" * 400))
    assert found.tree is not None and "& “Lamps” here." in found.text
    assert [element.text for element in found.tree.iter("a", "h2")] == ["Light", "here"]


def test_what_follows_a_deep_part_is_found_too() -> None:
    html = page("<div>" * 400 + f"<p>{SENTENCES[0]}</p>" + "</div>" * 400 + STORY)
    assert found_in(html) == len(SENTENCES)


@pytest.mark.parametrize("where", ["\udcff", "\ud800", "\ud800\udc00", "&#xD800;", "\x00", "\x0b", "\ufffe", "&#0;"])
def test_a_character_that_is_none_costs_no_story(where: str) -> None:
    assert found_in(
        page(STORY.replace("</article>", f"<p>The lamp {where} was lit by an unknown hand.</p></article>"))
    ) == len(SENTENCES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "iso-8859-1"])
def test_bytes_are_decoded(encoding: str) -> None:
    head = f"<meta charset='{encoding}'>" if encoding != "utf-16" else ""
    html = page(STORY.replace("lighthouse", "Leuchtfeuer für Fährschiffe"), head)
    assert "Leuchtfeuer für Fährschiffe" in extract(html.encode(encoding)).text


def test_a_compressed_page_is_unpacked() -> None:
    assert found_in(gzip.compress(page(STORY).encode())) == len(SENTENCES)


@pytest.mark.parametrize(
    "html",
    [
        "<html><body>" + STORY, f"<html><body></p></div></table>{STORY}</span></body>", f"<html>{STORY}<body></html>",
        f"<!DOCTYPE html><html><body><table><tr><td>{STORY}", f"<html><body><div class='a' class=b id=\"{STORY}",
        f"<html><body>{STORY}<script>if (a < b) '</p>'", f"<html><body><!-- {STORY}", "<html><body>" + "<" * 5_000,
        "<?xml version='1.0' encoding='utf-8'?><html xmlns='http://www.w3.org/1999/xhtml'><body>" + STORY,
        "<html><frameset><frame src='x'></frameset></html>", "\ufeff<html><body>" + STORY,
    ],
)  # fmt: skip
def test_broken_markup_is_no_failure(html: str) -> None:
    for form in (html, html.encode()):
        found = extract(form)
        assert bool(found.text) != bool(found.reason)


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("", "the page is empty"),
        (b" \r\n", "the page is empty"),
        ("<html></html>", "no text"),
        ("just words", "this is no HTML page"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no text"),
        ("<html><body><script>let a = 1</script></body></html>", "no text"),
    ],
)
def test_an_empty_result_has_a_reason(html: str | bytes, reason: str) -> None:
    explanation = explain_html(html)
    assert explanation.text == "" and explanation.paragraphs == ()
    assert reason in explanation.note


def test_an_enormous_page_is_refused_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_module, "LARGEST", 1_000)
    assert explain_html("<p>" * 1_000).note == "no text: the page is larger than 1,000 characters"
    assert explain_html(b"<p>" * 1_000).note == "no text: the page is larger than 1,000 bytes"


def test_a_page_of_too_many_blocks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_module, "MOST_BLOCKS", 5)
    assert extract(page(STORY)).reason == "no text: the page has more than 5 blocks"


def test_a_failure_of_the_extractor_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    import trafilatura

    def fail(*_: object, **__: object) -> str:
        raise AssertionError("inside")

    monkeypatch.setattr(trafilatura, "extract", fail)
    assert extract(page(STORY)).reason == "no text: trafilatura failed on this page (AssertionError)"


def _seconds(html: str) -> float:
    began = time.process_time()
    extract(html)
    return time.process_time() - began


@pytest.mark.parametrize("block", ["<p>Row {}</p>", "<div><a href='/{0}'>Row {0}</a></div>", "<li>{}</li>", "{}<br>"])
def test_time_grows_with_the_paragraphs_and_not_with_their_square(block: str) -> None:
    few, many = (page("".join(block.format(at) for at in range(count))) for count in (2_500, 10_000))
    # four times the page took 41 s instead of 2.6 when the time was quadratic; timing is uncertain
    assert _seconds(many) < 9 * max(_seconds(few), 0.1)


def test_time_grows_with_the_depth_and_not_with_its_square() -> None:
    few, many = (page("<div>" * depth + STORY) for depth in (5_000, 20_000))
    assert _seconds(many) < 9 * max(_seconds(few), 0.1)
