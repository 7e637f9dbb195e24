"""The labelled documents: reading, hashes, rebuilding from clones, and the written samples with their checks."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import boilerstrip

ROOT = Path(__file__).resolve().parent.parent
TRAINING = ROOT / "training"
sys.path.insert(0, str(TRAINING))

import corpora  # noqa: E402
import extractors  # noqa: E402
import labels  # noqa: E402
import samples  # noqa: E402
from corpora import CorpusError, Document, Entry, Origin, Sample  # noqa: E402
from gate import data_digest  # noqa: E402

from boilerstrip import Kind, Label  # noqa: E402

WIRE, CREDITS, SOLICITATION = Label
REPOSITORY, COMMIT = corpora.COLLECTIONS[0].repository, corpora.COLLECTIONS[0].commit

TITLE = "Ferry to the salt islands runs again after the winter"
FIRST = (
    "The first boat of the year left the quay at seven on Monday with eleven passengers, two goats and the mail of "
    "four months, the harbour office said, and nobody on board complained about the swell."
)
SECOND = (
    "Captain Runa Okkels had spent the winter replacing every plank below the waterline, a job that she had put off "
    "since her father sold her the boat for the price of a bicycle."
)
THIRD = (
    "The islands have had no other link since the bridge was closed, and the school there teaches nine children who "
    "do their homework by lamp light when the cable fails."
)
LETTER = "Every Friday the harbour letter in your mailbox: sign up here, it costs nothing and never will."
LINES = [TITLE, FIRST, SECOND, LETTER, THIRD]
MARKS = [(WIRE, None), (WIRE, None), (WIRE, None), (SOLICITATION, Kind.SUBSCRIPTION), (WIRE, None)]
PAGE = (
    f"<html><head><title>{TITLE}</title></head><body><nav><a href='/'>Home</a></nav><article><h1>{TITLE}</h1>"
    + "".join(f"<p>{line}</p>" for line in LINES[1:])
    + "</article><footer>Imprint</footer></body></html>"
)

REAL = corpora.real_file() if "BOILERSTRIP_DATA" not in os.environ else None
needs_data = pytest.mark.skipif(
    REAL is None or REAL.name != corpora.COMPLETE, reason="the real documents (shared/data) are not here"
)


def row(identity: str = "harbour/ferry", **changes: object) -> dict[str, object]:
    """A labelled document as it stands in a file."""
    paragraphs = [{"text": t, "label": a, "kind": k} for t, (a, k) in zip(LINES, MARKS, strict=True)]
    base: dict[str, object] = {
        "id": identity,
        "lang": "en",
        "site": "harbour.example",
        "url": "https://harbour.example/ferry",
        "extractor": "trafilatura",
        "origin": {"repository": REPOSITORY, "commit": COMMIT, "path": "tests/eval/ferry.html"},
        "paragraphs": paragraphs,
    }
    return base | changes


def write(path: Path, rows: list[object]) -> Path:
    with corpora.open_text(path, "wt") as output:
        for item in rows:
            output.write((item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)) + "\n")
    return path


def entry(origin: Origin, **changes: object) -> Entry:
    marks = tuple((corpora.paragraph_hash(text), *mark) for text, mark in zip(LINES, MARKS, strict=True))
    base = Entry("harbour/ferry", "en", "harbour.example", "", "trafilatura", origin, marks)
    return replace(base, **changes)  # type: ignore[arg-type]


def run(script: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script of training/ as a user does, from another folder."""
    env = os.environ | {"PYTHONPATH": str(Path(boilerstrip.__file__).parent.parent)} | environment
    command = [sys.executable, str(TRAINING / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=env, cwd="/", check=False)


# ---------------------------------------------------------------------------------------------------------------------
# Reading.


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_reading_gives_documents(tmp_path: Path, suffix: str) -> None:
    [document] = corpora.read_jsonl(write(tmp_path / f"a.jsonl{suffix}", [row()]))
    assert (document.id, document.lang, document.group) == ("harbour/ferry", "en", "harbour.example")
    assert (document.source, document.extractor, document.url) == (
        "real",
        "trafilatura",
        "https://harbour.example/ferry",
    )
    assert document.paragraphs[3] == Sample(LETTER, SOLICITATION, Kind.SUBSCRIPTION)
    assert document.text == "\n".join(LINES)


def test_documents_without_site_are_written_and_grouped_by_themselves(tmp_path: Path) -> None:
    items = [{"text": "A story.", "label": "wire"}]
    path = write(tmp_path / "a.jsonl", [{"id": "en-x-01", "paragraphs": items}, "", {"paragraphs": items}])
    first, second = corpora.read_jsonl(path)
    assert (first.source, first.group, first.lang) == ("written", "written/en-x-01", "und")
    assert second.id == "a.jsonl:2"
    assert first.paragraphs == (Sample("A story.", WIRE, None),)


def test_unlabelled_paragraphs_stay(tmp_path: Path) -> None:
    items = [{"text": "***", "label": None, "kind": None}, {"text": "A story.", "label": "wire", "kind": None}]
    [document] = corpora.read_jsonl(write(tmp_path / "a.jsonl", [row(paragraphs=items)]))
    assert [sample.label for sample in document.paragraphs] == [None, WIRE]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ({"id": "x"}, "'paragraphs' is missing"),
        ({"id": "x", "paragraphs": []}, "'paragraphs' is empty"),
        ({"id": 7, "paragraphs": [{"text": "A", "label": "wire"}]}, "'id' is not a string"),
        ({"id": "x", "paragraphs": ["A"]}, "paragraph 1: not an object"),
        ({"id": "x", "paragraphs": [{"label": "wire"}]}, "paragraph 1: 'text' is missing"),
        ({"id": "x", "paragraphs": [{"text": "A"}]}, "paragraph 1: 'label' is missing"),
        ({"id": "x", "paragraphs": [{"text": "A", "label": "story"}]}, "'story' is not a Label"),
        ({"id": "x", "paragraphs": [{"text": "A", "label": "credits", "kind": "author"}]}, "'author' is not a Kind"),
        ({"id": "x", "paragraphs": [{"text": "A", "label": "wire", "kind": "date"}]}, "date does not belong to label"),
        (row(), "stands in"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: object, message: str) -> None:
    path = write(tmp_path / "a.jsonl", [row(), line])
    with pytest.raises(CorpusError, match=message) as caught:
        corpora.read_jsonl(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert "\n" not in str(caught.value)


def test_damaged_and_absent_files_are_named(tmp_path: Path) -> None:
    whole = lzma.compress(json.dumps(row()).encode())
    for name, content in (("cut.xz", whole[:-20]), ("no.xz", b"{}"), ("no.gz", b"{}"), ("latin.jsonl", b'"\xe9"')):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CorpusError, match=name):
            corpora.read_jsonl(tmp_path / name)
    with pytest.raises(CorpusError, match="absent"):
        corpora.read_jsonl(tmp_path / "absent.jsonl")


def test_written_documents_are_read_back(tmp_path: Path) -> None:
    items = [{"text": "Zażółć\u2028gęślą", "label": None}]
    given = corpora.read_jsonl(write(tmp_path / "a.jsonl", [row(), {"id": "w", "lang": "pl", "paragraphs": items}]))
    corpora.write_documents(tmp_path / "b.jsonl.xz", given)
    assert corpora.read_jsonl(tmp_path / "b.jsonl.xz") == given


# ---------------------------------------------------------------------------------------------------------------------
# Hashes.


def test_hash_ignores_form_and_white_space_only() -> None:
    assert corpora.paragraph_hash("Caf\u00e9  au\u00a0lait ") == corpora.paragraph_hash("Cafe\u0301 au lait")
    assert corpora.paragraph_hash("Read more") != corpora.paragraph_hash("read more")
    assert corpora.paragraph_hash("Read more") != corpora.paragraph_hash("Readmore")
    assert len(corpora.paragraph_hash("\ud800")) == 12
    # pinned: another hash would make the committed labels worthless
    assert corpora.paragraph_hash("All rights reserved.") == "9d8ee04347cd"


def test_alignment_keeps_to_the_order() -> None:
    marks = [
        (corpora.paragraph_hash(text), label, kind)
        for text, label, kind in (
            ("More", SOLICITATION, Kind.INTERFACE),
            (FIRST, WIRE, None),
            ("More", SOLICITATION, Kind.RELATED),
            (SECOND, WIRE, None),
        )
    ]
    found = corpora.align(["More", "New line", FIRST, "More", SECOND, "More"], marks)
    assert [sample.kind for sample in found] == [Kind.INTERFACE, None, None, Kind.RELATED, None, None]
    assert [sample.label for sample in found] == [SOLICITATION, None, WIRE, SOLICITATION, WIRE, None]


def test_alignment_takes_lines_that_are_frequent_in_long_documents() -> None:
    texts = ["More", *(f"Line {number}" for number in range(150)), *["More"] * 250]
    marks = [(corpora.paragraph_hash(text), WIRE, None) for text in texts]
    assert all(sample.label is WIRE for sample in corpora.align(["New", *texts], marks)[1:])
    assert all(sample.label is WIRE for sample in corpora.align(["New", *texts[-250:]], marks[-250:])[1:])
    few = corpora.align(["More", "New", "More", "Line 3"], marks)
    assert [sample.label for sample in few] == [WIRE, None, None, WIRE]


def test_digest_sees_every_part() -> None:
    [sample, other] = [Sample("A", WIRE, None), Sample("B", CREDITS, Kind.DATE)]
    base = Document("x", "en", "g", "real", "", "", (sample, other))
    variants = [
        base,
        replace(base, id="y"),
        replace(base, paragraphs=(other, sample)),
        replace(base, paragraphs=(sample, Sample("C", CREDITS, Kind.DATE))),
        replace(base, paragraphs=(sample, Sample("B", WIRE, None))),
        replace(base, paragraphs=(sample, Sample("B", CREDITS, Kind.BYLINE))),
    ]
    assert len({data_digest([document]) for document in variants}) == len(variants)
    assert data_digest([base]) == data_digest([replace(base, group="h")])


# ---------------------------------------------------------------------------------------------------------------------
# The labels file.


def test_labels_hold_no_text(tmp_path: Path) -> None:
    data, output = write(tmp_path / "d.jsonl", [row()]), tmp_path / "labels.jsonl.xz"
    assert labels.main(["--data", str(data), "--output", str(output)]) == 0
    with corpora.open_text(output) as lines:
        content = lines.read()
    assert not any(word in content for word in ("passengers", "Okkels", "waterline", "mailbox", "homework", "salt"))
    [found] = corpora.read_labels(output).values()
    assert found == entry(Origin(REPOSITORY, COMMIT, "tests/eval/ferry.html"), url="https://harbour.example/ferry")


def test_labels_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", [row()])
    outputs = [tmp_path / "one.jsonl.xz", tmp_path / "two.jsonl.xz"]
    for output in outputs:
        assert labels.main(["--data", str(data), "--output", str(output)]) == 0
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_labels_refuse_unknown_collections_and_missing_fields(tmp_path: Path) -> None:
    for change in ({"origin": {"repository": REPOSITORY, "commit": "0" * 40, "path": "x"}}, {"origin": None}):
        data = write(tmp_path / "d.jsonl", [row(), row("harbour/other", **change)])
        result = run("labels.py", "--data", data, "--output", tmp_path / "out.jsonl")
        assert (result.returncode, result.stderr.count("\n")) == (2, 1)
        assert f"{data}:2: " in result.stderr
        assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    "code", ["0123456789ab", "0123456789ab story", "xyz wire", "0123456789AB wire", "0123456789ab wire x", 7]
)
def test_malformed_labels_are_named(tmp_path: Path, code: object) -> None:
    path = write(tmp_path / "l.jsonl", [row(paragraphs=["0123456789ab wire", "0123456789ab -", code])])
    with pytest.raises(CorpusError, match=r"l\.jsonl:1: "):
        corpora.read_labels(path)


def test_committed_labels_are_small_and_of_known_collections() -> None:
    entries = corpora.read_labels()
    assert corpora.LABELS.stat().st_size < 1_500_000
    assert len(entries) == 1707
    assert sum(label is not None for item in entries.values() for _, label, _ in item.marks) == 41_602
    known = {(item.repository, item.commit) for item in corpora.COLLECTIONS}
    assert {(item.origin.repository, item.origin.commit) for item in entries.values()} == known
    around = corpora.read_labels(corpora.AROUND)
    assert corpora.AROUND.stat().st_size < 1_000_000
    assert {(item.origin.repository, item.origin.commit) for item in around.values()} <= known
    assert {item.extractor for item in around.values()} == {"inscriptis"}
    assert {item.extractor for item in entries.values()} | {"inscriptis"} == set(extractors.NAMES)


@needs_data
def test_committed_labels_are_those_of_the_data() -> None:
    assert REAL is not None
    with corpora.open_text(corpora.LABELS) as lines:
        assert [json.loads(line) for line in lines] == labels.make_labels(REAL)


# ---------------------------------------------------------------------------------------------------------------------
# Real documents from the data folder.


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one document, and its labels file beside it."""
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / corpora.COMPLETE, [row()])
    labels.main(["--data", str(folder / corpora.COMPLETE), "--output", str(tmp_path / "labels.jsonl")])
    monkeypatch.setenv("BOILERSTRIP_DATA", str(folder))
    return folder


def real(data: Path) -> list[Document]:
    return corpora.real_documents(data.parent / "labels.jsonl", data.parent / "corrections.jsonl")


def test_data_folder_comes_from_the_environment(data: Path) -> None:
    assert corpora.data_folder() == data
    assert [document.id for document in real(data)] == ["harbour/ferry"]


def test_data_folder_lies_beside_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOILERSTRIP_DATA", raising=False)
    monkeypatch.setattr(corpora, "HERE", tmp_path / "clone" / "training")
    assert corpora.data_folder() is None
    assert corpora.real_documents() == []
    (tmp_path / "shared" / "data").mkdir(parents=True)
    assert corpora.data_folder() == tmp_path / "shared" / "data"
    assert corpora.real_documents() == []


def test_named_data_folder_must_hold_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOILERSTRIP_DATA", str(tmp_path / "absent"))
    with pytest.raises(CorpusError, match="not a folder"):
        corpora.real_documents()
    monkeypatch.setenv("BOILERSTRIP_DATA", str(tmp_path))
    with pytest.raises(CorpusError, match="neither labelled"):
        corpora.real_documents()


def test_no_absolute_path_of_this_machine_in_the_code() -> None:
    for name in ("corpora.py", "extractors.py", "labels.py", "samples.py"):
        assert "/work" not in (TRAINING / name).read_text(encoding="utf-8")


def changed(number: int, **changes: object) -> list[dict[str, object]]:
    items = [dict(item) for item in row()["paragraphs"]]  # type: ignore[attr-defined]
    items[number - 1] |= changes
    return items


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(paragraphs=changed(2, text=SECOND + "!"))], "paragraph 2 is not as"),
        ([row(paragraphs=changed(3, label="credits", kind="date"))], "paragraph 3 is not as"),
        ([row(paragraphs=changed(1)[:4])], "paragraph 5 is not as"),
        ([row(), row("harbour/other")], "harbour/other is not in the labels"),
        ([], "1 documents are missing"),
    ],
)
def test_data_are_verified_against_the_hashes(data: Path, rows: list[object], message: str) -> None:
    write(data / corpora.COMPLETE, rows)
    with pytest.raises(CorpusError, match=message):
        real(data)


def test_rebuilt_data_may_be_partial_but_not_different(data: Path) -> None:
    (data / corpora.COMPLETE).unlink()
    partial = changed(2, text="Another line altogether.", label=None)
    write(data / corpora.REBUILT, [row(paragraphs=partial)])
    assert [sample.label for sample in real(data)[0].paragraphs] == [WIRE, None, WIRE, SOLICITATION, WIRE]
    write(data / corpora.REBUILT, [row(paragraphs=changed(2, text="Another line altogether."))])
    with pytest.raises(CorpusError, match="paragraph 2 is not as"):
        real(data)
    write(data / corpora.REBUILT, [])
    assert real(data) == []


def correction(**changes: object) -> dict[str, object]:
    base = {"document": "harbour/ferry", "hash": corpora.paragraph_hash(LETTER), "reason": "an announcement"}
    return base | {"label": "credits", "kind": "source"} | changes


def test_corrections_are_applied(data: Path) -> None:
    assert real(data)[0].paragraphs[3].kind is Kind.SUBSCRIPTION
    write(data.parent / "corrections.jsonl", [correction()])
    [document] = real(data)
    assert document.paragraphs[3] == Sample(LETTER, CREDITS, Kind.SOURCE)
    assert [sample.label for sample in document.paragraphs] == [WIRE, WIRE, WIRE, CREDITS, WIRE]
    write(data.parent / "corrections.jsonl", [correction(label=None, kind=None)])
    assert real(data)[0].paragraphs[3] == Sample(LETTER, None, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hash": "0" * 12}, "no paragraph 0000"),
        ({"document": "harbour/absent"}, "no paragraph"),
        ({"reason": " "}, "no reason"),
        ({"label": "wire"}, "source does not belong"),
        ({}, "corrected twice"),
    ],
)
def test_bad_corrections_are_named(data: Path, changes: dict[str, object], message: str) -> None:
    write(data.parent / "corrections.jsonl", [correction(), correction(**changes)])
    with pytest.raises(CorpusError, match=message) as caught:
        real(data)
    assert "corrections.jsonl:2: " in str(caught.value)


@needs_data
def test_real_documents_are_complete() -> None:
    documents = corpora.real_documents()
    assert len(documents) == 1707
    assert len({document.group for document in documents}) == 1308
    assert {document.source for document in documents} == {"real"}


@needs_data
@pytest.mark.parametrize(
    ("labels", "part"), [(corpora.FURTHER, False), (corpora.AROUND, True)], ids=["further", "around"]
)
def test_further_pages_are_complete_and_of_sites_that_stay_in_one_fold(labels: Path, part: bool) -> None:
    documents, entries = corpora.further_documents(labels), corpora.read_labels(labels)
    assert [document.id for document in documents] == list(entries)
    assert {document.source for document in documents} == {"further"}
    assert {document.part for document in documents} == {part}
    sites = {document.id: document.group for document in [*corpora.real_documents(), *corpora.further_documents()]}
    # a part of a page is of the page's own site: cross-validation holds both out together
    assert all(document.group == sites[document.page] for document in documents)


def part_of(texts: list[str]) -> Entry:
    """Labels of lines around a story: credits above it, an advertisement below."""
    kinds = [Kind.BYLINE, None, None, Kind.ADVERTISING]
    marks = [
        (corpora.paragraph_hash(text), kind.label if kind else Label.WIRE, kind)
        for text, kind in zip(texts, kinds, strict=True)
    ]
    page = entry(Origin("harbour/pages", "0" * 40, "html/ferry.html"), extractor="inscriptis")
    return replace(page, id=f"{page.id}#around", marks=tuple(marks))


AROUND_LINES = ["By Ann Ferris", "The ferry sails again.", "It had been laid up all winter.", "Cabins from 40 pounds"]


def test_a_part_of_a_page_is_cut_out_of_it() -> None:
    item = part_of(AROUND_LINES)
    given = corpora.labelled_lines(item, ["Menu", "Cabins from 40 pounds", *AROUND_LINES, "Imprint"])
    assert [sample.text for sample in given] == AROUND_LINES
    assert [sample.kind for sample in given] == [Kind.BYLINE, None, None, Kind.ADVERTISING]
    # what another version of the extractor gives otherwise stands in its place without a label
    changed = ["By Ann Ferris", "The ferry sails again", *AROUND_LINES[2:]]
    given = corpora.labelled_lines(item, ["Menu", *changed, "Imprint"])
    assert [sample.text for sample in given] == changed
    assert [sample.label for sample in given] == [Label.CREDITS, None, Label.WIRE, Label.SOLICITATION]
    assert corpora.labelled_lines(item, ["Menu", "Imprint"]) == ()


# ---------------------------------------------------------------------------------------------------------------------
# Rebuilding from clones.


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *identity, "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> tuple[Path, str]:
    """Clones with one repository, whose pages were changed after the labelled commit; and that commit."""
    folder = tmp_path / "clones" / "harbour" / "pages"
    (folder / "html").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "html" / "ferry.html").write_text(PAGE, encoding="utf-8")
    (folder / "html" / "ferry.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (folder / "html" / "empty.html").write_text("<html></html>", encoding="utf-8")
    (folder / "html" / "broken.html.gz").write_text(PAGE, encoding="utf-8")
    article = "<article id='{0}'><title>Tide {0}</title><content>Low.\n\nHigh.</content></article>"
    articles = article.format(1) + article.format(2)
    (folder / "press.xml").write_text(f"<corpus>{articles}</corpus>", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "pages")
    commit = git(folder, "rev-parse", "HEAD")
    (folder / "html" / "ferry.html").write_text("<p>Gone.</p>", encoding="utf-8")
    git(folder, "commit", "-q", "-a", "-m", "changed")
    return tmp_path / "clones", commit


@pytest.mark.parametrize("path", ["html/ferry.html", "html/ferry.html.gz"])
@pytest.mark.parametrize("extractor", ["trafilatura", "trafilatura-recall"])
def test_documents_are_rebuilt_from_a_clone(clone: tuple[Path, str], path: str, extractor: str) -> None:
    pytest.importorskip("trafilatura")
    clones, commit = clone
    item = entry(Origin("harbour/pages", commit, path), extractor=extractor)
    [document], coverage = corpora.rebuild(clones, [item])
    assert [(sample.text, sample.label, sample.kind) for sample in document.paragraphs] == [
        (text, *mark) for text, mark in zip(LINES, MARKS, strict=True)
    ]
    assert (document.id, document.group, document.source) == ("harbour/ferry", "harbour.example", "real")
    assert coverage.paragraphs == {extractor: (5, 5)}
    assert coverage.documents == {extractor: (1, 1)}


def test_a_part_of_a_page_is_rebuilt_from_all_its_visible_text(clone: tuple[Path, str]) -> None:
    pytest.importorskip("inscriptis")
    clones, commit = clone
    lines = corpora.page_lines(extractors.extract("inscriptis", PAGE.encode(), "", ""))
    assert len(lines) >= 5
    marks = tuple((corpora.paragraph_hash(text), Label.WIRE, None) for text in lines[1:4])
    item = replace(
        entry(Origin("harbour/pages", commit, "html/ferry.html"), extractor="inscriptis"), id="a#around", marks=marks
    )
    missing = replace(item, id="b#around", marks=((corpora.paragraph_hash("Elsewhere"), Label.WIRE, None),))
    [document], coverage = corpora.rebuild(clones, [item, missing])
    assert ([sample.text for sample in document.paragraphs], document.page) == (lines[1:4], "a")
    assert coverage.missing == {"b#around": "inscriptis finds none of the labelled lines"}


def test_paragraphs_without_hash_stay_unlabelled_and_are_counted(clone: tuple[Path, str]) -> None:
    pytest.importorskip("trafilatura")
    clones, commit = clone
    item = entry(Origin("harbour/pages", commit, "html/ferry.html"))
    item = replace(item, marks=(item.marks[0], ("0" * 12, WIRE, None), *item.marks[2:], ("1" * 12, None, None)))
    [document], coverage = corpora.rebuild(clones, [item])
    assert [sample.label for sample in document.paragraphs] == [WIRE, None, WIRE, SOLICITATION, WIRE]
    assert coverage.paragraphs == {"trafilatura": (4, 5)}
    assert "4 of      5" in coverage.lines()[-1]


def test_what_cannot_be_rebuilt_is_counted_with_its_reason(clone: tuple[Path, str]) -> None:
    pytest.importorskip("trafilatura")
    clones, commit = clone
    origins = {
        "no clone of harbour/absent": Origin("harbour/absent", commit, "html/ferry.html"),
        "lacks commit 000000000000": Origin("harbour/pages", "0" * 40, "html/ferry.html"),
        "lacks a labelled path": Origin("harbour/pages", commit, "html/absent.html"),
        "is not gzip": Origin("harbour/pages", commit, "html/broken.html.gz"),
        "trafilatura finds no text": Origin("harbour/pages", commit, "html/empty.html"),
    }
    entries = [entry(origin, id=reason) for reason, origin in origins.items()]
    good = entry(Origin("harbour/pages", commit, "html/ferry.html"))
    documents, coverage = corpora.rebuild(clones, [*entries, good])
    assert [document.id for document in documents] == [good.id]
    assert set(coverage.missing) == set(origins)
    for expected, reason in coverage.missing.items():
        assert expected in reason
    assert coverage.documents == {"trafilatura": (1, 6)}
    assert coverage.paragraphs == {"trafilatura": (5, 30)}


def test_scraped_articles_are_found_by_their_id(clone: tuple[Path, str]) -> None:
    clones, commit = clone
    marks = tuple((corpora.paragraph_hash(text), WIRE, None) for text in ("Tide 2", "Low.", "High."))
    item = entry(Origin("harbour/pages", commit, "press.xml"), id="press/2", extractor="scraper", marks=marks)
    [document], coverage = corpora.rebuild(clones, [item, replace(item, id="press/3")])
    assert document.text == "Tide 2\nLow.\nHigh."
    assert all(sample.label is WIRE for sample in document.paragraphs)
    assert coverage.missing == {"press/3": "scraper finds no text"}


@pytest.mark.parametrize(
    ("extractor", "install"),
    [
        ("trafilatura", "trafilatura==2.3.1"),
        ("trafilatura-recall", "trafilatura==2.3.1"),
        ("readability", "readability-lxml==0.9"),
        ("newspaper4k", "newspaper4k==0.9.6"),
    ],
)
def test_missing_package_is_named_with_its_version(
    extractor: str, install: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extractors, "_installed", lambda package: None)
    with pytest.raises(extractors.ExtractorError, match=install):
        corpora.rebuild(tmp_path, [entry(Origin("a/b", COMMIT, "c"), extractor=extractor)])


def test_other_versions_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractors, "_installed", {"trafilatura": "2.0.0", "newspaper4k": "0.9.6"}.get)
    [line] = extractors.other_versions()
    assert "trafilatura 2.0.0" in line
    assert "2.3.1" in line


def test_extractors_are_imported_lazily() -> None:
    names = {"trafilatura", "readability", "newspaper", "inscriptis"}
    code = f"import sys, corpora; print(sorted({names} & set(sys.modules)))"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(TRAINING), str(Path(boilerstrip.__file__).parent.parent)])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert result.stdout.strip() == "[]"


def test_command_rebuilds_and_the_result_is_usable(clone: tuple[Path, str], tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    clones, commit = clone
    origin = {"repository": "harbour/pages", "commit": commit, "path": "html/ferry.html"}
    codes = [corpora.mark_code(text, *mark) for text, mark in zip(LINES, MARKS, strict=True)]
    file = write(tmp_path / "labels.jsonl", [row(origin=origin, paragraphs=codes)])
    output = tmp_path / corpora.REBUILT
    options = ("--labels", file, "--clones", clones, "--output", output)
    result = run("corpora.py", *options, "--extractors", "trafilatura")
    assert (result.returncode, result.stderr) == (0, "")
    assert "labelled paragraphs      5 of      5" in result.stdout
    used = run("corpora.py", "--labels", file, BOILERSTRIP_DATA=str(tmp_path))
    assert "real: 1 documents, 1 languages, paragraphs: 4 wire, 0 credits, 1 solicitation" in used.stdout
    unknown = run("corpora.py", *options, "--extractors", "lynx")
    assert (unknown.returncode, "unknown extractor 'lynx'" in unknown.stderr) == (2, True)


def test_collections_are_listed() -> None:
    result = run("corpora.py", "--collections")
    assert len(result.stdout.splitlines()) == len(corpora.COLLECTIONS) == 13
    for item in corpora.COLLECTIONS:
        assert len(item.commit) == 40
        assert item.repository in result.stdout
    assert result.stdout.count("no licence stated") == 2


# ---------------------------------------------------------------------------------------------------------------------
# Written samples.

PLAIN = f"""### en-x-02 | en | local paper, ferry
wire\t{TITLE}
byline\tBy Oda Lumme
wire\t{FIRST}

### en-x-01 | en | blog, tides
subscription\t {LETTER}
wire\t{THIRD}
"""


def plain(folder: Path, text: str = PLAIN, name: str = "en-x.txt") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def stored(folder: Path, lang: str = "en") -> list[dict[str, object]]:
    lines = (folder / f"{lang}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_plain_form_becomes_samples_sorted_by_id(tmp_path: Path) -> None:
    done, faults = samples.add(tmp_path / "s", [plain(tmp_path)], None)
    assert (done, faults) == ("2 added, 0 replaced, 0 as before, 0 dropped", [])
    first, second = stored(tmp_path / "s")
    assert (first["id"], first["lang"], first["genre"]) == ("en-x-01", "en", "blog, tides")
    assert first["paragraphs"] == [
        {"text": LETTER, "label": "solicitation", "kind": "subscription"},
        {"text": THIRD, "label": "wire", "kind": None},
    ]
    assert second["paragraphs"][1] == {"text": "By Oda Lumme", "label": "credits", "kind": "byline"}  # type: ignore[index]
    documents = corpora.written_documents(tmp_path / "s")
    assert [document.group for document in documents] == ["written/en-x-01", "written/en-x-02"]


def test_adding_again_changes_nothing_and_a_new_text_replaces(tmp_path: Path) -> None:
    folder, file = tmp_path / "s", plain(tmp_path)
    samples.add(folder, [file], None)
    before = (folder / "en.jsonl").read_bytes()
    assert samples.add(folder, [file], None)[0] == "0 added, 0 replaced, 2 as before, 0 dropped"
    assert (folder / "en.jsonl").read_bytes() == before
    plain(tmp_path, PLAIN.replace("Oda Lumme", "Ida Lumme"))
    assert samples.add(folder, [file], None)[0] == "0 added, 1 replaced, 1 as before, 0 dropped"
    assert "Ida Lumme" in (folder / "en.jsonl").read_text(encoding="utf-8")


def test_json_lines_are_taken_too(tmp_path: Path) -> None:
    items = [{"text": "Kort nytt ", "label": "wire"}]
    item = {"id": "sv-x-01", "lang": "sv", "genre": "notis", "paragraphs": items, "more": 1}
    done, faults = samples.add(tmp_path / "s", [write(tmp_path / "w.jsonl.xz", [item])], None)
    assert (done[:7], faults) == ("1 added", [])
    clean = [{"text": "Kort nytt", "label": "wire", "kind": None}]
    assert stored(tmp_path / "s", "sv") == [{"id": "sv-x-01", "lang": "sv", "genre": "notis", "paragraphs": clean}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("story\tA text.", "unknown kind 'story'"),
        ("wire A text.", "not a kind, a tab and a text"),
        ("wire\t ", "not a kind, a tab and a text"),
        ("### en-x-03 en", "not '### id"),
    ],
)
def test_bad_lines_of_the_plain_form_are_named(tmp_path: Path, line: str, message: str) -> None:
    file = plain(tmp_path, PLAIN + line + "\n")
    with pytest.raises(CorpusError, match=message) as caught:
        samples.add(tmp_path / "s", [file], None)
    assert f"{file}:9: " in str(caught.value)
    with pytest.raises(CorpusError, match=r"en-x\.txt:1: a paragraph before"):
        samples.parse_plain(plain(tmp_path, "wire\tA text.\n"))


def check_one(**changes: object) -> list[str]:
    base = {"id": "en-x-01", "lang": "en", "genre": "x", "paragraphs": [{"text": TITLE, "label": "wire", "kind": None}]}
    return [fault.message for fault in samples.check([base | changes], None)]


def test_form_is_checked() -> None:
    assert check_one() == []
    assert check_one(id="de-x-01") == ["the id does not begin with en-"]
    assert check_one(paragraphs=[]) == ["no paragraphs"]
    for text, message in (
        (" ", "paragraph 1 is empty"),
        ("A\tB", "paragraph 1 has a tab, a line break or space at its ends"),
        ("A\u2028B", "paragraph 1 has a tab, a line break or space at its ends"),
        ("A ", "paragraph 1 has a tab, a line break or space at its ends"),
    ):
        assert check_one(paragraphs=[{"text": text, "label": "wire", "kind": None}]) == [message]
    for label, kind in ((None, None), ("credits", None)):
        found = check_one(paragraphs=[{"text": "A", "label": label, "kind": kind}])
        assert found == ["paragraph 1 lacks its label or kind"]


def test_ids_and_sentences_may_not_stand_twice(tmp_path: Path) -> None:
    other = f"### en-y-01 | en | a copy\nwire\tNews.\nwire\tShort one. {THIRD.upper()}\nwire\tNews.\n"
    rows = samples.parse_plain(plain(tmp_path, PLAIN + "\n" + other))
    [fault] = samples.check(rows, None)
    assert (fault.document, "shares a sentence with en-x-01" in fault.message) == ("en-y-01", True)
    short = f"\n### en-y-01 | en | no copy\nwire\t{TITLE}\nbyline\tBy Oda Lumme\n"
    assert samples.check(samples.parse_plain(plain(tmp_path, PLAIN + short)), None) == []
    twice = samples.check(samples.parse_plain(plain(tmp_path, PLAIN + short.replace("y-01", "x-02"))), None)
    assert [str(fault) for fault in twice] == ["en-x-02: the id stands twice"]


def test_sentences_of_real_pages_are_found(data: Path, tmp_path: Path) -> None:
    mine = "### en-z-01 | en | mine\nwire\tA line of my own that is long enough to count as a sentence of the text.\n"
    theirs = f"### en-z-02 | en | theirs\nwire\tNews. {SECOND}\n"
    rows = samples.parse_plain(plain(tmp_path, mine + theirs))
    [fault] = samples.check(rows, data)
    assert (fault.document, fault.message.startswith("a sentence of a real page: captain runa")) == ("en-z-02", True)
    assert samples.check(rows, None) == []


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("gold.jsonl.xz", [{"gold": ["News.", SECOND]}]),
        ("pages_text.jsonl.xz", [{"trafilatura": SECOND, "trafilatura_recall": None}]),
        ("pages_text.jsonl.xz", [{"trafilatura": "News.", "trafilatura_recall": SECOND}]),
        ("seed.txt", [SECOND]),
    ],
)
def test_every_file_of_real_pages_is_looked_at(tmp_path: Path, name: str, rows: list[object]) -> None:
    row = samples.parse_plain(plain(tmp_path, f"### en-z-02 | en | theirs\nwire\t{SECOND}\n"))
    assert samples.check(row, tmp_path) == []
    write(tmp_path / name, rows)
    assert len(samples.check(row, tmp_path)) == 1


def test_faults_stop_the_adding_unless_they_are_dropped(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    file = plain(tmp_path, PLAIN + f"\n### en-y-01 | en | a copy\nwire\t{THIRD}\n")
    done, faults = samples.add(folder, [file], None)
    assert (done, len(faults), folder.exists()) == ("nothing was written", 1, False)
    done, faults = samples.add(folder, [file], None, drop=True)
    assert (done, len(faults)) == ("2 added, 0 replaced, 0 as before, 1 dropped", 1)
    assert [item["id"] for item in stored(folder)] == ["en-x-01", "en-x-02"]
    # stored documents come first: the new one is at fault
    new = plain(tmp_path, f"### en-a-01 | en | earlier id\nwire\t{THIRD}\n", "a.txt")
    assert samples.add(folder, [new], None)[1][0].document == "en-a-01"


def test_command_says_what_is_wrong(tmp_path: Path) -> None:
    folder, empty = tmp_path / "s", tmp_path / "none"
    empty.mkdir()
    (empty / corpora.REBUILT).write_bytes(lzma.compress(b""))
    good = run("samples.py", "--folder", folder, "add", plain(tmp_path), BOILERSTRIP_DATA=str(empty))
    assert (good.returncode, good.stderr, good.stdout[:7]) == (0, "", "2 added")
    fine = run("samples.py", "--folder", folder, "check", BOILERSTRIP_DATA=str(empty))
    assert (fine.returncode, fine.stdout) == (0, "2 documents, 0 faults\n")
    (folder / "de.jsonl").write_text((folder / "en.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    moved = run("samples.py", "--folder", folder, "check", BOILERSTRIP_DATA=str(empty))
    assert (moved.returncode, "en-x-01 is in 'en'" in moved.stderr) == (2, True)
    (folder / "de.jsonl").unlink()
    file = plain(tmp_path, f"### en-y-01 | en | a copy\nwire\t{THIRD}\n")
    bad = run("samples.py", "--folder", folder, "add", file, BOILERSTRIP_DATA=str(empty))
    assert (bad.returncode, bad.stdout) == (1, "nothing was written\n")
    assert bad.stderr.startswith("en-y-01: shares a sentence with en-x-01")


def test_committed_samples_are_in_order() -> None:
    rows = samples.read_samples(corpora.SAMPLES)
    assert samples.check(rows, corpora.data_folder() if REAL else None) == []
    assert len(rows) >= 532
    assert len({row["lang"] for row in rows}) >= 36
    for path in corpora.SAMPLES.glob("*.jsonl"):
        ids = [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]
        assert ids == sorted(ids), path


def test_a_bare_clone_has_the_written_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOILERSTRIP_DATA", raising=False)
    monkeypatch.setattr(corpora, "HERE", tmp_path / "clone" / "training")
    documents = corpora.all_documents()
    assert documents == corpora.written_documents()
    assert {document.source for document in documents} == {"written"}
    with pytest.raises(CorpusError, match="no samples"):
        corpora.written_documents(tmp_path)


def test_an_id_in_two_languages_is_refused(tmp_path: Path) -> None:
    for name in ("de", "en"):
        write(tmp_path / f"{name}.jsonl", [{"id": "x", "paragraphs": [{"text": "A", "label": "wire"}]}])
    with pytest.raises(CorpusError, match="'x' stands in two files"):
        corpora.written_documents(tmp_path)
