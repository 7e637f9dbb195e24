"""The benchmark runs in parts and puts its tables where they belong."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "training"))

import benchmark  # noqa: E402
from corpora import CorpusError  # noqa: E402

TEXTS = ["The lamp was lit at nine, and the keeper went home.\nSubscribe to our newsletter\n"] * 3


def test_the_document_has_a_place_for_every_part() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert re.findall(r"<!-- begin (\w+) -->", text) == re.findall(r"<!-- end (\w+) -->", text) == list(benchmark.PARTS)
    for name in benchmark.PARTS:
        assert f"`{name}`" in text


def test_a_part_is_written_in_its_place_alone() -> None:
    document = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n<!-- begin y -->\nkept\n<!-- end y -->\n"
    written = benchmark.written_into(document, "x", r"new \1")
    assert written == document.replace("old", r"new \1")
    with pytest.raises(CorpusError, match="no place marked <!-- begin z -->"):
        benchmark.written_into(document, "z", "new")


def test_memory_is_that_of_the_process_asked_about() -> None:
    small, large = benchmark.peak("-c", "pass"), benchmark.peak("-c", "held = bytearray(b'x') * 60_000_000")
    assert 3 < small < 40
    assert 55 < large - small < 80
    with pytest.raises(benchmark.Skip, match="status 3"):
        benchmark.peak("-c", "import sys; sys.exit(3)")


def test_the_file_of_lines_has_every_text(tmp_path: Path) -> None:
    sample = benchmark.Sample(TEXTS, "three", [], 1, 1)
    lines = benchmark._jsonl(sample, tmp_path, 2).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == TEXTS * 2


def test_what_cannot_be_measured_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "load", lambda *_: benchmark.Sample(TEXTS, "three", [], 1, 1))
    assert benchmark.main(["--only", "extraction"]) == 0
    assert capsys.readouterr().out == "## extraction\n\nNot measured: there are no pages without the data folder.\n\n"
