"""The filter on Parquet files: one column changes, everything else stays."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from test_cli import LETTER, PAGE, STORY, cleaned, environment, run

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

TEXTS = [PAGE, STORY, None, "", PAGE]


def table_of(texts: list[str | None], kind: object = None, **more: object) -> object:
    count = len(texts)
    columns = {
        "id": arrow.array(range(count), type=arrow.int32()),
        "text": arrow.array(texts, type=kind or arrow.string()),
        "tags": arrow.array([["a", "b"], None, []][: count % 3] * 1 + [["c"]] * (count - count % 3)),
        "place": arrow.array([{"lat": 1.5, "lon": None}] * count),
        **more,
    }
    table = arrow.table(columns)
    field = table.schema.field("id").with_nullable(False).with_metadata({"unit": "row"})
    schema = table.schema.set(0, field).with_metadata({"made by": "a test", "pandas": "{}"})
    return table.cast(schema)


def stories(texts: list[str | None]) -> list[str | None]:
    return [None if text is None else cleaned(text) for text in texts]


@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary", "string_view"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_one_column_changes_and_the_rest_stays(tmp_path: Path, kind: str, jobs: str) -> None:
    kinds = {"string": arrow.string(), "large_string": arrow.large_string()}
    kinds["dictionary"] = arrow.dictionary(arrow.int32(), arrow.string())
    if kind == "string_view":
        if not hasattr(arrow, "string_view"):
            pytest.skip("this pyarrow has none")
        kinds[kind] = arrow.string_view()
    table = table_of(TEXTS * 3, kinds[kind])
    path, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    parquet.write_table(table, path, row_group_size=6, compression={"text": "zstd", "id": "gzip"})
    assert run("--parquet", "-j", jobs, path, "-o", target) == (b"", "", 0)
    before, after = parquet.ParquetFile(path), parquet.ParquetFile(target)
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    assert after.schema_arrow.metadata[b"made by"] == b"a test"
    result = after.read()
    assert result.column("text").to_pylist() == stories(TEXTS * 3)
    assert result.drop_columns(["text"]).equals(table.drop_columns(["text"]))
    groups = [
        [(file.metadata.row_group(at).num_rows, file.metadata.row_group(at).column(c).compression)
         for at in range(file.num_row_groups) for c in range(2)]
        for file in (before, after)
    ]  # fmt: skip
    assert groups[0] == groups[1]
    assert [rows for rows, _ in groups[0]] == [6, 6, 6, 6, 3, 3]


def test_processes_change_no_byte(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    parquet.write_table(table_of(TEXTS * 130), path, row_group_size=300)
    for jobs in "13":
        assert run("--parquet", "-j", jobs, path, "-o", tmp_path / jobs, "--removed", tmp_path / f"rest {jobs}")[2] == 0
    assert (tmp_path / "1").read_bytes() == (tmp_path / "3").read_bytes()
    assert (tmp_path / "rest 1").read_bytes() == (tmp_path / "rest 3").read_bytes()
    rows = [json.loads(line) for line in (tmp_path / "rest 1").read_text().splitlines()]
    assert {row["line"] % 5 for row in rows} == {1, 0}  # the first row is 1
    assert LETTER in {row["text"] for row in rows}


def test_another_column(tmp_path: Path) -> None:
    path, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = table_of(TEXTS).rename_columns(["id", "body", "tags", "place"])
    parquet.write_table(table, path)
    assert run("--parquet", "--field", "body", "--into", "story", path, "-o", target) == (b"", "", 0)
    result = parquet.read_table(target)
    assert result.column_names == ["id", "body", "tags", "place", "story"]
    assert result.drop_columns(["story"]).equals(table)
    assert result.column("story").to_pylist() == stories(TEXTS)
    # and over one that is there
    assert run("--parquet", "--field", "body", "--into", "story", target, "-o", path) == (b"", "", 0)
    assert parquet.read_table(path).equals(result)


def test_several_inputs_become_one(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.parquet", "b.parquet", "none.parquet", "c.parquet")]
    parquet.write_table(table_of(TEXTS), paths[0])
    parquet.write_table(table_of(TEXTS[:2]), paths[1])
    parquet.write_table(table_of(TEXTS, arrow.large_string()), paths[3])
    target = tmp_path / "out.parquet"
    out, err, status = run("--parquet", *paths, "-o", target)
    assert (out, status) == (b"", 2)
    assert err == (
        f"boilerstrip: {paths[2]}: No such file or directory\n"
        f"boilerstrip: {paths[3]}: has other columns than the file before\n"
    )
    assert parquet.read_table(target).column("text").to_pylist() == stories([*TEXTS, *TEXTS[:2]])


def test_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    parquet.write_table(table_of([]), path)
    assert run("--parquet", path, "-o", tmp_path / "out.parquet") == (b"", "", 0)
    assert parquet.read_table(tmp_path / "out.parquet").equals(parquet.read_table(path))


def test_check_report_and_in_place(tmp_path: Path) -> None:
    path, still = tmp_path / "in.parquet", tmp_path / "still.parquet"
    parquet.write_table(table_of(TEXTS), path)
    parquet.write_table(table_of([cleaned(STORY)]), still)
    _, err, status = run("--parquet", "--check", path, still)
    assert status == 1
    assert [line.split(": ")[0] for line in err.splitlines()] == [str(path), str(still)]
    assert ": 0 of " in err.splitlines()[1]
    report = run("--parquet", "--format", "jsonl", path)[0]
    assert {json.loads(line)["line"] for line in report.splitlines()} == {1, 2, 5}
    before = still.stat().st_mtime_ns, still.stat().st_ino
    assert run("--parquet", "--in-place=.orig", path, still) == (b"", "", 0)
    assert (still.stat().st_mtime_ns, still.stat().st_ino) == before
    assert parquet.read_table(path).column("text").to_pylist() == stories(TEXTS)
    assert parquet.read_table(tmp_path / "in.parquet.orig").column("text").to_pylist() == TEXTS
    assert sorted(os.listdir(tmp_path)) == ["in.parquet", "in.parquet.orig", "still.parquet"]


def test_pages_with_their_addresses(tmp_path: Path) -> None:
    from test_cli import HTML

    path, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    urls = arrow.array(["https://example.org/a", None])
    parquet.write_table(table_of([HTML, None], url=urls), path)
    assert run("--parquet", "--html", "--into", "story", path, "-o", target) == (b"", "", 0)
    story, none = parquet.read_table(target).column("story").to_pylist()
    assert STORY.splitlines()[1] in story
    assert LETTER not in story
    assert none is None


def test_what_is_no_parquet_or_has_no_text(tmp_path: Path) -> None:
    foreign, numbers, cut, binary = (tmp_path / name for name in ("foreign", "numbers", "cut", "binary"))
    foreign.write_bytes(b"no such thing at all, but long enough")
    parquet.write_table(arrow.table({"text": [1, 2]}), numbers)
    parquet.write_table(table_of(TEXTS), cut)
    cut.write_bytes(cut.read_bytes()[:-50])
    parquet.write_table(arrow.table({"text": arrow.array([b"a"])}), binary)
    target = tmp_path / "out"
    for path, reason in ((foreign, ""), (cut, ""), (numbers, "column 'text' is int64, not text"), (binary, "column")):
        out, err, status = run("--parquet", path, "-o", target)
        assert (out, status) == (b"", 2)
        lines = err.splitlines()
        assert lines[0].startswith(f"boilerstrip: {path}: {reason}")
        assert lines[1:] == [f"boilerstrip: {target}: is not written, as no input could be read"]
    parquet.write_table(table_of(TEXTS), cut)
    assert run("--parquet", "--field", "body", cut, "-o", target)[1].startswith(
        f"boilerstrip: {cut}: no column 'body'\n"
    )
    assert run("--parquet", "--into", "id", cut, "-o", target)[1].startswith(
        f"boilerstrip: {target}: column 'id' is int32, not text\n"
    )
    assert run("--parquet", "-i", foreign)[2] == 2
    assert sorted(os.listdir(tmp_path)) == ["binary", "cut", "foreign", "numbers"]


def test_large_row_groups_are_cut_and_memory_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import boilerstrip.parquet as ours
    from boilerstrip.cli import main

    monkeypatch.setattr(ours, "_GROUP_BYTES", 2_000_000)
    path, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pad = arrow.array([f"{number} " * 2000 for number in range(1500)])
    parquet.write_table(table_of([""] * 1500, pad=pad), path)
    assert parquet.ParquetFile(path).num_row_groups == 1
    assert main(["--parquet", str(path), "-o", str(target)]) == 0
    file = parquet.ParquetFile(target)
    assert 4 <= file.num_row_groups <= 12
    assert file.read().equals(parquet.read_table(path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x"], "--parquet: needs -o FILE"),
        (["-o", "y"], "--parquet: standard input cannot be read, only files"),
        (["x", "--jsonl", "-o", "y"], "--parquet with --jsonl makes no sense"),
        (["x", "--line-buffered", "-o", "y"], "--parquet with --line-buffered makes no sense"),
        (["x", "-e", "utf-8", "-o", "y"], "--parquet with --encoding makes no sense"),
        (["x", "--resume", "-o", "y"], "--resume without --jsonl makes no sense"),
        (["x", "--errors", "z", "-o", "y"], "--errors without --jsonl makes no sense"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert run("--parquet", *arguments, cwd=tmp_path) == (b"", f"boilerstrip: {message}\n", 2)


def test_without_pyarrow(tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError")
    search = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    message = "boilerstrip: --parquet needs the package pyarrow (extra parquet)\n"
    assert run("--parquet", __file__, "-o", tmp_path / "out", PYTHONPATH=search) == (b"", message, 2)
    assert "out" not in os.listdir(tmp_path)
    assert "pyarrow" in sys.modules
