"""The filter on large inputs: worker processes, bad lines, interrupted runs, the progress bar."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from test_cli import LETTER, PAGE, STORY, cleaned, environment, line_of, run

import boilerstrip.run
from boilerstrip import Explanation, Label, Paragraph, Stripper
from boilerstrip.cli import main
from boilerstrip.parallel import Here, TaskError, WorkerDied, Workers
from boilerstrip.streams import LineSource

#: Runs the filter with batches of 8 lines and a mark after every second, so that little input has many.
SMALL = (
    "import sys, boilerstrip.run as run; run._BATCH_LINES, run._MARK_BATCHES = 8, 2\n"
    "from boilerstrip.cli import main; sys.exit(main())"
)
linux = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="looks for processes in /proc")


def records(count: int) -> list[bytes]:
    return [line_of(id=number, text=(PAGE, STORY, "")[number % 3]) for number in range(count)]


def stories(count: int) -> bytes:
    clean = {text: cleaned(text) for text in (PAGE, STORY, "")}
    return b"".join(line_of(id=number, text=clean[(PAGE, STORY, "")[number % 3]]) for number in range(count))


def processes_of(session: int) -> list[int]:
    """The processes of a session."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            # after the name in brackets: state, parent, group, session
            fields = Path("/proc", name, "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(name))
    return found


def workers_of(session: int) -> list[int]:
    return [
        pid
        for pid in processes_of(session)
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def eventually(what: Callable[[], object]) -> bool:
    """Whether it comes true within half a minute."""
    for _ in range(300):
        if what():
            return True
        time.sleep(0.1)
    return False


def small(*arguments: object, **pipes: object) -> subprocess.Popen[bytes]:
    """The filter with small batches, in a session of its own."""
    command = [sys.executable, "-c", SMALL, *map(str, arguments)]
    given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes}
    return subprocess.Popen(command, env=environment(), start_new_session=True, **given)  # type: ignore[call-overload,no-any-return]


# The pool


def double(number: int) -> int:
    if number < 0:
        raise TaskError(f"{number} is negative")
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 14:
        os._exit(3)
    if number % 5 == 0:
        time.sleep(0.05)
    return 2 * number


def make() -> Callable[[int], int]:
    return double


def test_results_come_in_order_and_tags_without_a_task_in_their_place() -> None:
    tasks = [(f"tag {number}", None if number % 7 == 0 else number + 100) for number in range(60)]
    expected = list(Here(double).map(tasks))
    with Workers(make, 3) as workers:
        assert list(workers.map(tasks)) == expected
        assert list(workers.map([("only", 1)])) == [("only", 2)]
        assert list(workers.map([])) == []
    assert expected[0] == ("tag 0", None)
    assert expected[1] == ("tag 1", 202)


def test_no_more_tasks_are_read_than_may_wait() -> None:
    read = []

    def tasks() -> Iterator[tuple[int, int]]:
        for number in range(20, 120):
            read.append(number)
            yield number, number

    with Workers(make, 2) as workers:
        results = workers.map(tasks())
        ahead = []
        for done, (number, _) in enumerate(results, 1):
            assert number == done + 19
            ahead.append(len(read) - done)
    assert len(read) == 100
    assert 2 <= max(ahead) <= 8


def test_a_round_that_was_broken_off_leaves_nothing_for_the_next() -> None:
    with Workers(make, 2) as workers:
        assert next(workers.map((number, number) for number in range(20, 60))) == (20, 40)
        assert list(workers.map((number, number) for number in range(60, 70))) == [(n, 2 * n) for n in range(60, 70)]


def test_a_foreseen_failure_is_the_callers_and_the_workers_go_on() -> None:
    with Workers(make, 2) as workers:
        with pytest.raises(TaskError, match="-1 is negative"):
            list(workers.map([("a", 1), ("b", -1)]))
        assert list(workers.map([("a", 1)])) == [("a", 2)]


@pytest.mark.parametrize(("number", "message"), [(13, "ended by SIGKILL"), (14, "ended with status 3")])
def test_a_worker_that_dies_is_noticed(number: int, message: str) -> None:
    with Workers(make, 2) as workers, pytest.raises(WorkerDied, match=message):
        list(workers.map((at, at) for at in [*range(1, 13), number, *range(20, 60)]))


# Worker processes in the filter


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.jsonl.xz"])
def test_the_number_of_processes_changes_no_byte(tmp_path: Path, name: str) -> None:
    lines = records(700)
    lines[300], lines[301], lines[650] = b"bad\n", b"\n", b"[]\n"
    for part in ("a", "b"):
        (tmp_path / part).write_bytes(b"".join(lines)[:-1])
    results = []
    for jobs in ("1", "2", "3"):
        folder = tmp_path / f"jobs {jobs}"
        folder.mkdir()
        command = ["--jsonl", "-v", "-j", jobs, "a", "none", "b", "-o", folder / name, "--removed", folder / "rest.gz"]
        _, err, status = run(*command, "--errors", folder / "bad", cwd=tmp_path)
        results.append((err, status, *(path.read_bytes() for path in sorted(folder.iterdir()))))
    assert results[0] == results[1] == results[2]
    err, status, bad, out, rest = results[0]
    assert status == 2
    assert (err.count("\n"), err.count("No such file"), err.count(": 2 bad lines\n")) == (9, 1, 2)
    text = {"gz": gzip.decompress, "xz": lzma.decompress}.get(name[-2:], bytes)(out)
    numbers = [json.loads(line)["id"] for line in text.splitlines() if line]
    assert numbers == [number for number in range(700) if number not in (300, 301, 650)] * 2
    assert [json.loads(line)["line"] for line in bad.splitlines()] == [301, 651] * 2
    assert LETTER in gzip.decompress(rest).decode()


def test_check_in_place_and_reports_with_processes(tmp_path: Path) -> None:
    data = b"".join(records(40))
    assert run("--jsonl", "--check", "-j", "2", stdin=data) == run("--jsonl", "--check", stdin=data)
    report = run("--jsonl", "--format", "tsv", "-j", "2", stdin=data)
    assert report == run("--jsonl", "--format", "tsv", stdin=data)
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(data)
    assert run("--jsonl", "-j", "2", "-i", *paths) == (b"", "", 0)
    assert [path.read_bytes() for path in paths] == [stories(40)] * 2


def test_a_missing_package_is_one_line_with_processes_too(tmp_path: Path) -> None:
    (tmp_path / "trafilatura.py").write_text("raise ImportError('no trafilatura')")
    search = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    results = [run("--jsonl", "--html", "-j", jobs, stdin=line_of(text=PAGE), PYTHONPATH=search) for jobs in "12"]
    assert results[0] == results[1]
    out, err, status = results[0]
    assert (out, err.count("\n"), status) == (b"", 1, 2)
    assert err.startswith("boilerstrip: --html: ")


@linux
def test_a_reader_that_stops_stops_the_filter(tmp_path: Path) -> None:
    """What waits is bounded: of a stream that nobody reads on only a few batches are taken in."""
    line = line_of(pad="x" * 10_000, text="")
    with small("--jsonl", "-j", "2") as process:
        assert process.stdin
        handle = process.stdin.fileno()
        os.set_blocking(handle, False)
        taken = 0
        # the pipe itself takes 64 kB: on a busy machine the filter may need some time until it reads
        while select.select([], [handle], [], 5 if taken > 200_000 else 60)[1]:
            # on from where the last write ended: pieces of lines one after the other would be a line without an end
            taken += os.write(handle, (line * 2)[taken % len(line) :])
            assert taken < 20_000_000, "it takes in whatever comes"
        assert taken > 200_000
        process.kill()
        process.communicate(timeout=60)
        assert eventually(lambda: not processes_of(process.pid))


@linux
def test_memory_does_not_grow_with_the_stream() -> None:
    line = line_of(pad="x" * 10_000, text=STORY)
    command = [sys.executable, "-m", "boilerstrip", "--jsonl", "-j", "2"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment(), start_new_session=True, **pipes) as process:
        assert process.stdin
        peaks = []
        for _ in range(3):
            for _ in range(1000):
                process.stdin.write(line)
            process.stdin.flush()
            found = [Path(f"/proc/{pid}/status").read_text() for pid in processes_of(process.pid)]
            peaks.append(max(int(re.findall(r"VmHWM:\s+(\d+) kB", text)[0]) for text in found))
        process.stdin.close()
        assert process.wait(60) == 0
    assert peaks[2] - peaks[0] < 30_000, peaks
    assert peaks[2] < 250_000, peaks


@linux
def test_a_worker_that_is_killed_is_one_line(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with small("--jsonl", "-j", "2", "-o", target) as process:
        assert process.stdin
        process.stdin.write(b"".join(records(80)))
        process.stdin.flush()
        assert eventually(lambda: len(workers_of(process.pid)) == 2)
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
        out, err = process.communicate(b"".join(records(400)), timeout=60)
    assert (out, err.decode()) == (b"", "boilerstrip: a worker process was ended by SIGKILL\n")
    assert process.returncode == 2
    assert not os.listdir(tmp_path)
    assert eventually(lambda: not processes_of(process.pid))


@linux
@pytest.mark.parametrize("way", ["interrupt", "interrupt all", "kill"])
def test_no_process_is_left_behind(tmp_path: Path, way: str) -> None:
    with small("--jsonl", "-j", "2", "-o", tmp_path / "out") as process:
        assert process.stdin
        process.stdin.write(b"".join(records(200)))
        process.stdin.flush()
        assert eventually(lambda: len(workers_of(process.pid)) == 2)
        if way == "interrupt all":  # as a terminal does
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT if way == "interrupt" else signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        assert eventually(lambda: not processes_of(process.pid))
    assert (out, err) == (b"", b"")
    if way != "kill":
        assert process.returncode == 130
        assert os.listdir(tmp_path) == []


@linux
def test_a_closed_pipe_ends_the_workers() -> None:
    with small("--jsonl", "-j", "2") as process:
        assert process.stdin and process.stdout and process.stderr
        # not more than the pipes hold, or both sides wait for each other
        process.stdin.write(b"".join(records(100)))
        process.stdin.flush()
        assert process.stdout.readline()
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.write(b"".join(records(60)) * 10)
        with suppress(BrokenPipeError):
            process.stdin.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""
        assert eventually(lambda: not processes_of(process.pid))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-j", "2"], "--jobs without --jsonl, --parquet or --warc makes no sense"),
        (["--jsonl", "-j", "0"], "argument -j/--jobs: '0' is no number from 1 to 1000"),
        (["--jsonl", "-j", "many"], "argument -j/--jobs: 'many' is no number from 1 to 1000"),
        (["--jsonl", "-j", "2", "--line-buffered"], "--jobs with --line-buffered makes no sense"),
        (["--errors", "x"], "--errors without --jsonl makes no sense"),
        (["--jsonl", "--errors", "-"], "--errors - with the story on standard output too makes no sense"),
        (["--jsonl", "--errors", "-", "--removed", "-", "-o", "x"], "--errors - with --removed - makes no sense"),
        (["--jsonl", "--errors", "x", "-o", "x"], "x: is the output and --errors as well"),
        (["--jsonl", "--errors", "x", "--removed", "x"], "x: is --removed and --errors as well"),
        (["--jsonl", "--errors", "x", "--check"], "--check with --errors makes no sense"),
        (["--jsonl", "--errors", "x", "-i", "y"], "--errors with --in-place makes no sense"),
        (["--resume", "-o", "x"], "--resume without --jsonl makes no sense"),
        (["--jsonl", "--resume"], "--resume: needs -o FILE"),
        (["--jsonl", "--resume", "-o", "-"], "--resume: needs -o FILE"),
        (["--jsonl", "--resume", "-o", "x", "--removed", "-"], "--resume with standard output makes no sense"),
        (["--jsonl", "--resume", "-i", "y"], "--resume with --in-place makes no sense"),
        (["--jsonl", "--resume", "-o", "x", "--line-buffered"], "--resume with --line-buffered makes no sense"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert run(*arguments, stdin=PAGE.encode(), cwd=tmp_path) == (b"", f"boilerstrip: {message}\n", 2)
    assert os.listdir(tmp_path) == []


# Bad lines


def test_bad_lines_go_to_the_errors_and_not_to_the_output(tmp_path: Path) -> None:
    good, bad = line_of(text=PAGE), [b"b\xffd\t1\r\n", b'{"no": "text"}\n', b"[]"]
    data = good + bad[0] + good + bad[1] + b"\n" + bad[2]
    out, err, status = run("--jsonl", "--errors", tmp_path / "bad", stdin=data)
    clean = line_of(text=cleaned(PAGE))
    assert out == clean * 2 + b"\n"
    reasons = ["not JSON: Expecting value at column 1", "no field 'text'", "not a JSON object"]
    named = [f"boilerstrip: -:{at}: {reason}\n" for at, reason in zip((2, 4, 6), reasons, strict=True)]
    assert err == "".join(named) + "boilerstrip: -: 3 bad lines\n"
    assert status == 2
    rows = [json.loads(line) for line in (tmp_path / "bad").read_bytes().splitlines()]
    assert [list(row) for row in rows] == [["file", "line", "error", "data"]] * 3
    assert [(row["file"], row["line"], row["error"]) for row in rows] == [
        ("-", at, reason) for at, reason in zip((2, 4, 6), reasons, strict=True)
    ]
    assert [row["data"].encode("utf-8", "surrogateescape") for row in rows] == [line.rstrip(b"\r\n") for line in bad]


def test_of_many_bad_lines_a_few_are_named_and_all_counted_and_kept(tmp_path: Path) -> None:
    data = b"bad\n" * 1000 + line_of(text=PAGE)
    out, err, status = run("--jsonl", "-j", "2", "--errors", tmp_path / "bad.gz", stdin=data)
    assert (out, status) == (line_of(text=cleaned(PAGE)), 2)
    assert err.splitlines()[-1] == "boilerstrip: -: 1000 bad lines, of which the first 20 are named"
    assert err.count("\n") == 21
    rows = [json.loads(line) for line in gzip.decompress((tmp_path / "bad.gz").read_bytes()).splitlines()]
    assert [row["line"] for row in rows] == list(range(1, 1001))
    assert run("--jsonl", stdin=data)[0] == b"bad\n" * 1000 + out


def test_of_many_notes_a_few_are_shown() -> None:
    err = run("--jsonl", "--brake", "0", stdin=line_of(text=PAGE) * 50)[1]
    assert err.count("\n") == 21
    assert err.endswith("boilerstrip: -: 30 more texts with such a note\n")


# Interrupted runs


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boilerstrip.run, "_BATCH_LINES", 8)
    monkeypatch.setattr(boilerstrip.run, "_MARK_BATCHES", 2)


class Crash(BaseException):
    """The end of the process, as far as one process can play it."""


def crash_at(monkeypatch: pytest.MonkeyPatch, name: str, count: int, *, after: bool) -> None:
    """Let the ``count``-th call of a function of ``os`` be the last."""
    real, calls = getattr(os, name), iter(range(1, 1000))

    def fake(*arguments: object, **named: object) -> object:
        number = next(calls)
        if number == count and not after:
            raise Crash
        result = real(*arguments, **named)
        if number == count:
            raise Crash
        return result

    monkeypatch.setattr(os, name, fake)


def quick(self: Stripper, texts: Iterable[str], *, paragraphs: bool = True) -> Iterator[Explanation]:
    """Stands for the labelling where what matters is what becomes of its results."""
    for text in texts:
        kept, found, _ = text.partition(LETTER)
        end = len(kept) + len(found)
        gone = (Paragraph(found, len(kept), end, Label.SOLICITATION, None, 1.0, ()),) if found else ()
        yield Explanation(kept, gone, gone)


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("end", ["", ".gz", ".xz"])
def test_wherever_a_run_ends_it_goes_on_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    monkeypatch.setattr(Stripper, "explain_many", quick)
    lines = records(70)
    lines[10] = lines[40] = b"bad\n"
    inputs = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    inputs[0].write_bytes(b"".join(lines[:30])[:-1])  # no last line end
    inputs[1].write_bytes(b"".join(lines[30:]))

    def command(folder: Path) -> list[str]:
        outputs = ["-o", folder / f"out{end}", "--removed", folder / f"rest{end}", "--errors", folder / f"bad{end}"]
        return [*map(os.fspath, ["--jsonl", "--resume", *outputs, *inputs])]

    whole = tmp_path / "whole"
    whole.mkdir()
    assert main(command(whole)) == 2
    expected = {path.name: path.read_bytes() for path in whole.iterdir()}
    assert sorted(expected) == [f"bad{end}", f"out{end}", f"rest{end}"]
    assert main(["--jsonl", *map(str, inputs), "-o", str(tmp_path / "out"), "--errors", str(tmp_path / "bad")]) == 2
    plain = (tmp_path / "out").read_bytes()
    unpack = {".gz": gzip.decompress, ".xz": lzma.decompress}.get(end, bytes)
    assert unpack(expected[f"out{end}"]) == plain
    crashes = 0
    for name, after in (("fsync", False), ("replace", False), ("replace", True), ("unlink", False), ("unlink", True)):
        for count in range(1, 60, 1 if not end else 5):
            folder = tmp_path / f"{name} {after} {count}"
            folder.mkdir()
            with monkeypatch.context() as patch:
                crash_at(patch, name, count, after=after)
                try:
                    main(command(folder))
                    break
                except Crash:
                    crashes += 1
            last = (name, after) == ("unlink", True)  # then all is done and the next run is a new one
            capsys.readouterr()
            assert main(command(folder)) == 2
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == expected, (name, count, last)
    assert crashes > (20 if not end else 8)


def output_of(out: Path) -> list[str]:
    return sorted(path.name for path in out.parent.iterdir() if path.name.startswith(out.name))


@linux
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_killed_in_the_middle_and_resumed(tmp_path: Path, jobs: str, name: str) -> None:
    target = tmp_path / name
    lines = records(160)
    command = ["--jsonl", "--resume", "-o", target, "--removed", tmp_path / "rest", "-j", jobs]
    with small(*command) as process:
        assert process.stdin
        process.stdin.write(b"".join(lines[:100]))
        process.stdin.flush()
        journal = tmp_path / f"{name}.resume"
        assert eventually(lambda: journal.exists() and json.loads(journal.read_text())["mark"]["batches"] >= 4)
        process.kill()
        process.communicate(timeout=60)
        assert eventually(lambda: not processes_of(process.pid))
    # killed between the two steps of writing the journal, it leaves the copy that was to replace it
    assert [path for path in output_of(target) if path != f"{name}.resume.tmp"] == [f"{name}.part", f"{name}.resume"]
    with small(*command) as process:
        out, err = process.communicate(b"".join(lines), timeout=60)
    assert (out, err.decode()) == (b"", f"boilerstrip: {target}: going on where the interrupted run was\n")
    assert process.returncode == 0
    data = target.read_bytes()
    assert (gzip.decompress(data) if name.endswith("gz") else data) == stories(160)
    assert run("--jsonl", "--removed", tmp_path / "other", stdin=b"".join(lines))[2] == 0
    assert (tmp_path / "rest").read_bytes() == (tmp_path / "other").read_bytes()
    assert output_of(target) == [name]
    once = tmp_path / f"once {name}"
    with small("--jsonl", "--resume", "-o", once) as process:
        process.communicate(b"".join(lines), timeout=60)
    assert once.read_bytes() == data


@linux
def test_interrupted_by_hand_and_resumed(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_bytes(b"old")
    with small("--jsonl", "--resume", "-o", target) as process:
        assert process.stdin
        process.stdin.write(b"".join(records(100)))
        process.stdin.flush()
        journal = tmp_path / "out.jsonl.resume"
        assert eventually(lambda: journal.exists() and json.loads(journal.read_text())["mark"]["batches"] >= 4)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (err.decode(), process.returncode) == (
        f"boilerstrip: {target}: interrupted; the same command goes on\n",
        130,
    )
    assert target.read_bytes() == b"old"
    with small("--jsonl", "--resume", "-q", "-o", target) as process:
        _, err = process.communicate(b"".join(records(100)), timeout=60)
    assert (err, process.returncode) == (b"", 0)
    assert target.read_bytes() == stories(100)


@pytest.fixture
def broken_off(tmp_path: Path, steps: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command of a run that ended in the middle."""
    path, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_bytes(b"".join(records(100)))
    command = ["--jsonl", "--resume", "-o", str(target), str(path)]
    with monkeypatch.context() as patch:
        crash_at(patch, "fsync", 12, after=False)
        with pytest.raises(Crash):
            main(command)
    assert json.loads((tmp_path / "out.jsonl.resume").read_text())["mark"]["batches"] > 0
    return command


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--strictness", "0.9"], "--strictness 0.5, this one 0.9"),
        (["--keep", "byline"], '--keep [], this one ["byline"]'),
        (["--into", "story"], '--into "text", this one "story"'),
        (["--removed", "rest"], '--removed none, this one "rest"'),
        (["--format", "tsv"], '--format "text", this one "tsv"'),
        (["-e", "latin-1"], '--encoding none, this one "latin-1"'),
    ],
)
def test_other_options_are_no_continuation(
    tmp_path: Path, broken_off: list[str], capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    before = contents(tmp_path)
    capsys.readouterr()
    assert main([*broken_off, *more]) == 2
    err = capsys.readouterr().err
    assert f"out.jsonl: the interrupted run had {said}; to start again, remove " in err
    assert err.count("\n") == 1
    assert contents(tmp_path) == before
    assert main([*broken_off, "-q"]) == 0
    assert (tmp_path / "out.jsonl").read_bytes() == stories(100)


@pytest.mark.parametrize("change", ["one byte", "shorter", "gone", "a line less before"])
def test_another_input_is_no_continuation(
    tmp_path: Path, broken_off: list[str], capsys: pytest.CaptureFixture[str], change: str
) -> None:
    path = tmp_path / "in.jsonl"
    data = path.read_bytes()
    changed = {"one byte": data.replace(b'"id": 3,', b'"id": 4,'), "shorter": data[:2000], "gone": b""}
    path.write_bytes(changed.get(change, data[data.index(b"\n") + 1 :]))
    if change == "gone":
        path.unlink()
    before = contents(tmp_path)
    capsys.readouterr()
    assert main([*broken_off, "-q"]) == 2
    reason = "No such file or directory" if change == "gone" else "is not what the interrupted run has read"
    err = capsys.readouterr().err
    assert err.startswith(f"boilerstrip: {path}: {reason}")
    assert err.count("\n") == 1
    # what is behind the mark may have been cut off: it does not count
    assert contents(tmp_path)["out.jsonl.resume"] == before["out.jsonl.resume"]
    path.write_bytes(data + line_of(id=100, text=STORY))  # more is no other
    assert main([*broken_off, "-q"]) == 0
    assert (tmp_path / "out.jsonl").read_bytes() == stories(100) + line_of(id=100, text=cleaned(STORY))


@pytest.mark.parametrize("change", ["one byte", "shorter", "gone"])
def test_another_output_is_no_continuation(
    tmp_path: Path, broken_off: list[str], capsys: pytest.CaptureFixture[str], change: str
) -> None:
    part = tmp_path / "out.jsonl.part"
    data = part.read_bytes()
    part.write_bytes({"one byte": data.replace(b'"id": 3,', b'"id": 4,'), "shorter": data[:300]}.get(change, b""))
    if change == "gone":
        part.unlink()
    capsys.readouterr()
    assert main([*broken_off, "-q"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"boilerstrip: {part}: is not as the interrupted run left it; to start again, remove ")
    assert err.count("\n") == 1


def test_a_foreign_journal_is_refused(
    tmp_path: Path, broken_off: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "out.jsonl.resume"
    for text in ("", "[]", "{", '{"boilerstrip journal": 99}', "\x00"):
        journal.write_text(text)
        capsys.readouterr()
        assert main(broken_off) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"boilerstrip: {journal}: is no journal of this version; to start again, remove ")
        assert (err.count("\n"), journal.read_text()) == (1, text)


def test_what_looks_like_a_part_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"".join(records(3)))
    part = tmp_path / "out.part"
    part.write_bytes(b"mine")
    assert main(["--jsonl", "--resume", "-o", str(tmp_path / "out"), str(tmp_path / "in.jsonl")]) == 2
    assert capsys.readouterr().err == (
        f"boilerstrip: {part}: is in the way of --resume; remove it if it is not needed\n"
    )
    assert contents(tmp_path)["out.part"] == b"mine"
    assert output_of(tmp_path / "out") == ["out.part"]


@linux
def test_two_runs_do_not_write_the_same_output(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    with small("--jsonl", "--resume", "-o", target) as process:
        assert process.stdin
        process.stdin.write(b"".join(records(60)))
        process.stdin.flush()
        assert eventually(lambda: (tmp_path / "out.jsonl.part").exists())
        time.sleep(0.3)
        _, err, status = run("--jsonl", "--resume", "-o", target, stdin=b"".join(records(60)))
        assert (err, status) == (f"boilerstrip: {target}: another run is writing it\n", 2)
        process.communicate(timeout=60)
    assert target.read_bytes() == stories(60)


@pytest.mark.usefixtures("steps")
def test_an_input_that_cannot_be_read_interrupts_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    for path in (paths[0], paths[2]):
        path.write_bytes(b"".join(records(50)))
    target = tmp_path / "out"
    command = ["--jsonl", "--resume", "-o", str(target), *map(str, paths)]
    assert main(command) == 2
    err = capsys.readouterr().err
    assert err == (
        f"boilerstrip: {paths[1]}: No such file or directory\n"
        f"boilerstrip: {target}: not complete; the same command goes on\n"
    )
    assert not target.exists()
    paths[1].write_bytes(b"".join(records(20)))
    assert main([*command, "-q"]) == 0
    assert target.read_bytes() == stories(50) + stories(20) + stories(50)


def test_resume_writes_what_is_written_without_it(tmp_path: Path) -> None:
    data = b"".join(records(30))
    for name in ("a", "b.gz", "c.xz"):
        assert run("--jsonl", "--resume", "-o", tmp_path / name, stdin=data) == (b"", "", 0)
    assert (tmp_path / "a").read_bytes() == stories(30)
    assert gzip.decompress((tmp_path / "b.gz").read_bytes()) == stories(30)
    assert lzma.decompress((tmp_path / "c.xz").read_bytes()) == stories(30)
    for name in ("d", "e.gz", "f.xz"):
        assert run("--jsonl", "--resume", "-o", tmp_path / name, stdin=b"") == (b"", "", 0)
    assert (tmp_path / "d").read_bytes() == gzip.decompress((tmp_path / "e.gz").read_bytes()) == b""
    assert lzma.decompress((tmp_path / "f.xz").read_bytes()) == b""


def test_resume_needs_a_place_for_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    expected = [(tmp_path / "none" / "x", "No such file or directory"), (tmp_path, "Is a directory")]
    expected.append((tmp_path / "pipe", "not a regular file: --resume needs one"))
    for target, reason in expected:
        out = run("--jsonl", "--resume", "-o", target, stdin=b"")
        assert out == (b"", f"boilerstrip: {target}: {reason}\n", 2)
    assert os.listdir(tmp_path) == ["pipe"]


def test_zstandard_with_processes_and_resume(tmp_path: Path) -> None:
    if sys.version_info < (3, 14):
        pytest.importorskip("zstandard")
    data = b"".join(records(90))
    assert run("--jsonl", "-j", "2", "-o", tmp_path / "a.zst", stdin=data) == (b"", "", 0)
    with small("--jsonl", "--resume", "-o", tmp_path / "b.zst") as process:
        assert process.communicate(data, timeout=60) == (b"", b"")
    for name in ("a.zst", "b.zst"):
        assert b"".join(LineSource(str(tmp_path / name))) == stories(90)


# The progress bar


def on_terminal(*arguments: object, stdin: bytes = b"", stdout: int = subprocess.PIPE) -> tuple[bytes, str]:
    """Standard output, and what a terminal at standard error shows."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "boilerstrip", *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": theirs if stdout < -1 else stdout, "stderr": theirs}
    pieces: list[bytes] = []

    def look() -> None:
        # while the filter runs: a terminal holds a few kilobytes, and who writes more waits until they are read
        with suppress(OSError):  # how Linux says that the other side is closed
            while piece := os.read(ours, 1 << 16):
                pieces.append(piece)

    eyes = threading.Thread(target=look, daemon=True)
    with subprocess.Popen(command, env=environment(), **pipes) as process:
        os.close(theirs)
        eyes.start()
        try:
            out = process.communicate(stdin, timeout=60)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    eyes.join(10)
    os.close(ours)
    shown = b"".join(pieces)
    return out, shown.decode()


def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    pytest.importorskip("tqdm")
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join(records(30)) + b"bad\n")
    for jobs in ("1", "2"):
        out, shown = on_terminal("--jsonl", "-j", jobs, path)
        assert out == stories(30) + b"bad\n"
        last = shown.rstrip("\r\n").rpartition("\r")[2]
        assert "100%" in last
        assert "31 records" in last
        assert re.search(r"B/s", last)
        assert re.search(r"\r[^\n]*boilerstrip: .*in\.jsonl:31: not JSON", shown)
    # the length of a pipe is not known, its speed is
    shown = on_terminal("--jsonl", stdin=b"".join(records(30)))[1]
    assert "30 records" in shown
    assert "%" not in shown


def test_nobody_else_sees_a_progress_bar(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join(records(30)))
    assert on_terminal("--jsonl", "--quiet", path) == (stories(30), "")
    assert run("--jsonl", path)[1] == ""
    shown = on_terminal("--jsonl", path, stdout=-9)[1]
    assert "records" not in shown
    assert shown.replace("\r\n", "\n").encode() == stories(30)


def test_without_its_package_there_is_no_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tqdm.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert on_terminal("--jsonl", stdin=b"".join(records(3))) == (stories(3), "")
