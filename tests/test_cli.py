"""The filter, run as users run it: bytes on standard output, messages on standard error, the exit status."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import select
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

import boilerstrip
from boilerstrip import Config, Stripper
from boilerstrip.jsonl import LineError, parse_line
from boilerstrip.streams import decode

SOURCE = str(Path(boilerstrip.__file__).parent.parent)
LETTER = "Subscribe to our newsletter"
RIGHTS = "All rights reserved."
BODY = [
    "Harbour town reopens its old tram line after forty years",
    "The first tram left the depot at six in the morning, with the mayor at the handle and a brass band on the rear "
    "platform, and it reached the fish market eleven minutes later.",
    "Residents had waited since 1984, when the rails were covered with asphalt to make room for a bypass that was "
    "never finished and that nobody in the old quarter had asked for.",
    "“My grandmother rode it to school and now I ride it to work,” said Ines Halloran, a baker who lives two stops "
    "from the water and opens her shop at five.",
    "The council expects some four thousand passengers a day and will decide in spring whether the line is to be "
    "extended to the hospital on the hill.",
]
GERMAN = [
    "Straßenbahn fährt nach vierzig Jahren wieder zum Hafen",
    "Der erste Wagen verließ das Depot um sechs Uhr früh, mit der Bürgermeisterin an der Kurbel und einer Kapelle auf "
    "der hinteren Plattform, und erreichte den Fischmarkt elf Minuten später.",
    "Die Anwohner hatten seit 1984 gewartet, als die Gleise für eine Umgehungsstraße überteert wurden, die nie fertig "
    "geworden ist und um die in der Altstadt niemand gebeten hatte.",
]
STORY = "\n".join(BODY) + "\n"
PAGE = "\n".join([*BODY, LETTER, RIGHTS]) + "\n"
HTML = (
    "<html><head><title>Tram</title><meta charset='utf-8'></head><body><article><h1>{}</h1>{}</article></body></html>"
).format(BODY[0], "".join(f"<p>{line}</p>" for line in [*BODY[1:], LETTER, RIGHTS]))


def environment(**more: str) -> dict[str, str]:
    search = os.pathsep.join(filter(None, [SOURCE, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": search, "PYTHONUNBUFFERED": "", **more}


def run(*arguments: object, stdin: bytes = b"", cwd: Path | None = None, **more: str) -> tuple[bytes, str, int]:
    """Standard output, standard error and exit status of the filter."""
    command = [sys.executable, "-m", "boilerstrip", *(os.fspath(a) if isinstance(a, Path) else a for a in arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, env=environment(**more), timeout=120)
    return done.stdout, done.stderr.decode(errors="surrogateescape"), done.returncode


def cleaned(text: str, **settings: object) -> str:
    return Stripper(Config(**settings)).explain(text).text


def line_of(**fields: object) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.txt"
    path.write_bytes(PAGE.encode())
    return path


def test_the_samples_are_worth_testing_with() -> None:
    """Otherwise the comparisons with the library below would hold for a filter that does nothing."""
    text = cleaned(PAGE)
    assert text != PAGE
    assert LETTER not in text
    assert RIGHTS not in text
    assert BODY[1] in text


# Reading and writing text


def test_standard_input_to_standard_output() -> None:
    assert run(stdin=PAGE.encode()) == (cleaned(PAGE).encode(), "", 0)


def test_dash_is_standard_input_among_files(page: Path) -> None:
    german = "\n".join(GERMAN) + "\n"
    out = run(page, "-", page, stdin=german.encode())
    assert out == ((cleaned(PAGE) + cleaned(german) + cleaned(PAGE)).encode(), "", 0)


def test_options_may_stand_between_and_behind_files(page: Path) -> None:
    assert run(page, "--keep", "subscription", page, "-q") == (
        cleaned(PAGE, keep=["wire", "subscription"]).encode() * 2,
        "",
        0,
    )


def test_names_behind_two_dashes_are_files(tmp_path: Path) -> None:
    (tmp_path / "--check").write_bytes(PAGE.encode())
    (tmp_path / "--in-place").write_bytes(PAGE.encode())
    assert run("--", "--check", "--in-place", cwd=tmp_path) == (cleaned(PAGE).encode() * 2, "", 0)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_line_ends_stay(end: str) -> None:
    text = PAGE.replace("\n", end)
    out, err, status = run(stdin=text.encode())
    assert (out, err, status) == (cleaned(text).encode(), "", 0)
    assert out.count(end.encode()) >= 4


@pytest.mark.parametrize("text", ["", "\n\n", BODY[1], PAGE.rstrip("\n"), f"{LETTER}\n{STORY}".rstrip("\n")])
def test_odd_ends_of_a_text(text: str) -> None:
    assert run(stdin=text.encode()) == (cleaned(text).encode(), "", 0)


def test_undecodable_bytes_pass_through() -> None:
    data = PAGE.encode().replace(b"baker", b"b\xe9k\xff\xc3r").replace(b"five.", b"five\xed\xa0\x80.")
    out, err, status = run(stdin=data)
    assert out == cleaned(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    assert b"b\xe9k\xff\xc3r" in out
    assert b"five\xed\xa0\x80." in out
    assert LETTER.encode() not in out
    assert (err, status) == ("", 0)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "UTF8", "utf-16-le", "utf-16-be", "cp037"])
def test_encodings(encoding: str) -> None:
    text = "\n".join([*GERMAN, LETTER, ""])
    assert run("--encoding", encoding, stdin=text.encode(encoding)) == (cleaned(text).encode(encoding), "", 0)
    assert LETTER not in cleaned(text)


def test_undecodable_bytes_of_other_encodings_pass_through() -> None:
    data = "\n".join([*GERMAN, LETTER, ""]).encode("cp1252").replace(b"Uhr", b"\x81hr")
    out, err, status = run("-e", "cp1252", stdin=data)
    assert b"um sechs \x81hr fr\xfch" in out
    assert LETTER.encode() not in out
    assert (err, status) == ("", 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("flavour", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-be"])
def test_a_byte_order_mark_stays_though_its_line_goes(encoding: str, flavour: str) -> None:
    if encoding[:6].rstrip("-") != flavour[:6].rstrip("-"):
        pytest.skip("another encoding")
    text = f"{LETTER}\n{STORY}"
    mark = "\ufeff".encode(flavour)
    assert run("--encoding", encoding, stdin=mark + text.encode(flavour)) == (
        mark + cleaned(text).encode(flavour),
        "",
        0,
    )


def test_no_byte_order_mark_is_added() -> None:
    assert run("--encoding", "utf-8-sig", stdin=PAGE.encode())[0] == cleaned(PAGE).encode()


@pytest.mark.parametrize(
    ("encoding", "data"), [("cp932", b"\x87\x90 " + PAGE[:200].encode()), ("utf-16-le", b"a\x00b")]
)
def test_what_an_encoding_cannot_give_back_is_passed_through_with_an_error(encoding: str, data: bytes) -> None:
    data += f"\n{LETTER}\n".encode()
    out, err, status = run("--encoding", encoding, stdin=data + b"x" * (len(data) % 2 == 0))
    assert out[: len(data)] == data
    assert (err, status) == (f"boilerstrip: -: cannot be read as {encoding} without loss; passed through\n", 2)


# Output files


def test_output_file(page: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    umask = os.umask(0o027)
    try:
        assert run(page, "-o", target) == (b"", "", 0)
    finally:
        os.umask(umask)
    assert target.read_bytes() == cleaned(PAGE).encode()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["out.txt", "page.txt"]


def test_output_replaces_a_file_and_keeps_its_mode_and_links(page: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "out.txt", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o604)
    link.symlink_to(target)
    assert run(page, "--output", link) == (b"", "", 0)
    assert link.is_symlink()
    assert target.read_bytes() == cleaned(PAGE).encode()
    assert stat.S_IMODE(target.stat().st_mode) == 0o604


@pytest.mark.parametrize("option", ["-o", "--removed"])
@pytest.mark.parametrize("link", ["same", "symbolic", "hard"])
def test_an_output_is_never_an_input(page: Path, tmp_path: Path, option: str, link: str) -> None:
    other = tmp_path / "other.txt"
    if link == "symbolic":
        other.symlink_to(page)
    elif link == "hard":
        os.link(page, other)
    else:
        other = tmp_path / "x" / ".." / "page.txt"
        (tmp_path / "x").mkdir()
    out, err, status = run(page, option, other)
    assert (out, err, status) == (b"", f"boilerstrip: {other}: is also an input; --in-place rewrites a file\n", 2)
    assert page.read_bytes() == PAGE.encode()


def test_redirected_input_is_no_output_either(page: Path) -> None:
    with page.open("rb") as stdin, page.open("ab") as stdout:
        command = [sys.executable, "-m", "boilerstrip", "--jsonl"]
        done = subprocess.run(
            command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=environment(), timeout=60
        )
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    with page.open("rb") as stdin:
        command = [sys.executable, "-m", "boilerstrip", "-o", str(page)]
        done = subprocess.run(command, stdin=stdin, capture_output=True, env=environment(), timeout=60)
    assert (done.returncode, done.stderr) == (
        2,
        f"boilerstrip: {page}: is also an input; --in-place rewrites a file\n".encode(),
    )
    assert page.read_bytes() == PAGE.encode()


def test_output_and_removed_must_differ(page: Path, tmp_path: Path) -> None:
    assert run(page, "-o", tmp_path / "x", "--removed", tmp_path / "x")[1:] == (
        f"boilerstrip: {tmp_path / 'x'}: is the output and --removed as well\n",
        2,
    )
    assert not (tmp_path / "x").exists()


def test_output_folder_missing_or_a_folder(page: Path, tmp_path: Path) -> None:
    missing = tmp_path / "none" / "out.txt"
    assert run(page, "-o", missing) == (b"", f"boilerstrip: {missing}: No such file or directory\n", 2)
    assert run(page, "-o", tmp_path) == (b"", f"boilerstrip: {tmp_path}: Is a directory\n", 2)
    assert run(page, "--removed", missing) == (b"", f"boilerstrip: {missing}: No such file or directory\n", 2)
    assert os.listdir(tmp_path) == ["page.txt"]


def test_pipes_are_written_to_and_not_replaced(page: Path, tmp_path: Path) -> None:
    """Stands for devices too: a test that names /dev/null destroys it for the whole machine when it fails as root."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # open for both directions, so that neither side waits for the other; the text fits into the pipe's buffer
    both = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        assert run(page, "-o", pipe) == (b"", "", 0)
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert os.read(both, 1 << 16) == cleaned(PAGE).encode()
    finally:
        os.close(both)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [[], ["-V"], ["-h"], ["--format", "jsonl"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_full_disk(page: Path, arguments: list[str], unbuffered: str) -> None:
    files = [] if arguments in (["-V"], ["-h"]) else [str(page)] * 200
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "boilerstrip", *arguments, *files]
        where = environment(PYTHONUNBUFFERED=unbuffered)
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=where, timeout=120)
    assert (done.stderr, done.returncode) == (b"boilerstrip: standard output: No space left on device\n", 2)


@pytest.mark.parametrize("option", ["-o", "--removed"])
def test_a_named_output_that_cannot_be_completed_leaves_the_old_one(page: Path, tmp_path: Path, option: str) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"old")
    # a limit on the size of files stands for a full disk
    script = 'ulimit -f 1; exec "$@"'
    command = [sys.executable, "-m", "boilerstrip", option, str(target), *[str(page)] * 200]
    done = subprocess.run(["sh", "-c", script, "sh", *command], capture_output=True, env=environment(), timeout=120)
    assert (done.stderr.decode(), done.returncode) == (f"boilerstrip: {target}: File too large\n", 2)
    assert target.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["out", "page.txt"]


def test_removed_text(page: Path, tmp_path: Path) -> None:
    rest = tmp_path / "rest.txt"
    out, err, status = run(page, "--removed", rest)
    assert (out, err, status) == (cleaned(PAGE).encode(), "", 0)
    gone = Stripper().explain(PAGE).removed
    assert rest.read_bytes() == "".join(f"{paragraph.text}\n" for paragraph in gone).encode()
    assert LETTER in rest.read_text().splitlines()


def test_removed_of_json_lines(tmp_path: Path) -> None:
    rest = tmp_path / "rest.jsonl"
    data = line_of(text=STORY) + line_of(text=PAGE)
    run("--jsonl", "--removed", rest, stdin=data)
    expected = [
        {"file": "-", "line": number, "label": p.label.value, "kind": p.kind and p.kind.value, "text": p.text}
        for number, text in ((1, STORY), (2, PAGE))
        for p in Stripper().explain(text).removed
    ]
    assert [json.loads(line) for line in rest.read_text().splitlines()] == expected
    assert list(expected[-1]) == ["file", "line", "label", "kind", "text"]


# Errors


def test_errors_are_one_line_and_the_rest_is_done(page: Path, tmp_path: Path) -> None:
    out, err, status = run(tmp_path / "none", tmp_path, page)
    assert out == cleaned(PAGE).encode()
    assert (
        err == f"boilerstrip: {tmp_path / 'none'}: No such file or directory\nboilerstrip: {tmp_path}: Is a directory\n"
    )
    assert status == 2


def test_a_name_with_a_line_feed_is_one_line_all_the_same(tmp_path: Path) -> None:
    assert run(tmp_path / "a\nb")[1:] == (f"boilerstrip: {tmp_path}/a\\nb: No such file or directory\n", 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keep", "bylin"], "--keep: there is no label or kind 'bylin'; did you mean 'byline'?"),
        (["--drop", "wire,fotos"], "--drop: there is no label or kind 'fotos'; did you mean 'photo'?"),
        (["--strictness", "2"], "--strictness must be a number from 0 to 1, not 2.0"),
        (["--strictness", "nan"], "--strictness must be a number from 0 to 1, not nan"),
        (["--brake", "much"], "argument --brake: 'much' is not a number"),
        (["--segmentation", "line"], "--segmentation: there is no 'line'; did you mean 'lines'?"),
        (["--format", "tvs"], "argument --format: there is no 'tvs'; did you mean 'tsv'?"),
        (["--encoding", "utf9"], "argument -e/--encoding: there is no text encoding 'utf9'; did you mean 'utf-8'?"),
        (["--encoding", "rot13"], "argument -e/--encoding: there is no text encoding 'rot13'; did you mean"),
        (["--strictnes", "1"], "there is no option '--strictnes'; did you mean '--strictness'?"),
        (["--removed"], "argument --removed: expected one argument"),
        (["-q", "-v"], "argument -v/--verbose: not allowed with argument -q/--quiet"),
        (["--field", "body"], "--field without --jsonl makes no sense"),
        (["--into", "body"], "--into without --jsonl makes no sense"),
        (["--line-buffered"], "--line-buffered without --jsonl makes no sense"),
        (["--jsonl", "--url-field", "u"], "--url-field without --html makes no sense"),
        (["--jsonl", "--into", "b", "--format", "tsv"], "--into with --format tsv makes no sense"),
        (["--jsonl", "--encoding", "utf-16"], "--jsonl with --encoding utf-16 makes no sense"),
        (["-i"], "--in-place with standard input makes no sense"),
        (["-i", "x", "-"], "--in-place with standard input makes no sense"),
        (["-i", "x", "-o", "y"], "--in-place with --output makes no sense"),
        (["-i", "x", "--format", "tsv"], "--in-place with --format tsv makes no sense"),
        (["-i", "x", "--html"], "--in-place with --html: text would take the place of the page"),
        (["--in-place=/tmp/x", "x"], "--in-place: a suffix is no path"),
        (["--check", "-i", "x"], "--check with --in-place makes no sense"),
        (["--check", "-o", "x"], "--check with --output makes no sense"),
        (["--check", "--removed", "x"], "--check with --removed makes no sense"),
        (["--check", "--format", "tsv"], "--check with --format tsv makes no sense"),
        (["--removed", "-"], "--removed - with the story on standard output too makes no sense"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: list[str], message: str) -> None:
    out, err, status = run(*arguments, stdin=PAGE.encode(), cwd=tmp_path)
    assert (out, status) == (b"", 2)
    assert err.startswith(f"boilerstrip: {message}")
    assert err.count("\n") == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("closed", "message"), [("stdin", "-: is closed"), ("stdout", "standard output: is closed")])
def test_streams_that_were_closed_before(closed: str, message: str) -> None:
    script = f"exec {sys.executable} -m boilerstrip {'<&-' if closed == 'stdin' else '>&-'}"
    done = subprocess.run(
        ["sh", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, env=environment(), timeout=60
    )
    assert (done.stderr.decode(), done.returncode) == (f"boilerstrip: {message}\n", 2)


def test_closed_standard_error_keeps_the_status(tmp_path: Path) -> None:
    script = f"exec {sys.executable} -m boilerstrip {tmp_path} 2>&-"
    done = subprocess.run(["sh", "-c", script], capture_output=True, env=environment(), timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 2)


# Pipes and signals


def test_closed_pipe_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_bytes(line_of(text=STORY) * 2000)
    script = f"{sys.executable} -m boilerstrip --jsonl {path}; echo $? >&2"
    done = subprocess.run(["sh", "-c", f"({script}) | head -1"], capture_output=True, env=environment(), timeout=120)
    assert (done.stdout, done.stderr) == (line_of(text=cleaned(STORY)), b"0\n")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"], ["--jsonl", "--line-buffered"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_closed_pipe_at_the_end(arguments: list[str], unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "boilerstrip", *arguments]
    data = line_of(text=PAGE) if "--jsonl" in arguments else PAGE.encode()
    where = environment(PYTHONUNBUFFERED=unbuffered)
    done = subprocess.run(command, input=data, stdout=writing, stderr=subprocess.PIPE, env=where, timeout=60)
    os.close(writing)
    assert (done.stderr, done.returncode) == (b"", 0)


def started(*arguments: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "boilerstrip", *arguments]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment())


def answer(stream: IO[bytes] | None) -> bytes:
    """The next line of a process that has a minute for it."""
    assert stream
    assert select.select([stream], [], [], 60)[0], "no answer"
    return stream.readline()


def test_line_buffered_answers_each_line_and_interrupt_is_quiet() -> None:
    with started("--jsonl", "--line-buffered") as process:
        assert process.stdin
        assert process.stdout
        for text in (PAGE, STORY):
            process.stdin.write(line_of(text=text))
            process.stdin.flush()
            assert answer(process.stdout) == line_of(text=cleaned(text))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == (b"", b"", 130)


def test_line_buffered_hands_on_what_was_removed_too(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    both = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    with started("--jsonl", "--line-buffered", "--removed", str(pipe)) as process:
        try:
            assert process.stdin
            process.stdin.write(line_of(text=PAGE))
            process.stdin.flush()
            assert answer(process.stdout) == line_of(text=cleaned(PAGE))
            assert select.select([both], [], [], 20)[0], "nothing handed on"
            rows = os.read(both, 1 << 16).splitlines()
        finally:
            process.communicate(timeout=60)
            os.close(both)
    assert [json.loads(row)["text"] for row in rows] == [p.text for p in Stripper().explain(PAGE).removed]


def test_interrupt_leaves_no_half_file(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_bytes(b"old")
    with started("--jsonl", "--line-buffered", "-o", str(target)) as process:
        assert process.stdin
        process.stdin.write(line_of(text=PAGE))
        process.stdin.flush()
        for _ in range(600):
            if any(path.stat().st_size for path in tmp_path.glob(".boilerstrip-*")):
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert os.listdir(tmp_path) == ["out.jsonl"]
    assert target.read_bytes() == b"old"


# JSON Lines


def test_other_bytes_of_a_line_stay() -> None:
    line = (
        '{"id": 1.10,"big":123456789012345678901234567890, "e" :1e400, "nan": NaN, "dup": 1, "dup": 2,'
        ' "lone": "\\ud800", "long": '
        + "7" * 5000
        + ', "esc": "\\u00e9\\/", "text":  TEXT , "z": {"text": [1.0,  -0.0]}, "é": null}  \r\n'
    )
    before, after = (line.replace("TEXT", json.dumps(text, ensure_ascii=False)) for text in (PAGE, cleaned(PAGE)))
    assert run("--jsonl", stdin=before.encode()) == (after.encode(), "", 0)


def test_untouched_lines_and_blank_lines_are_as_they_were() -> None:
    text = cleaned(STORY)
    assert cleaned(text) == text
    odd = json.dumps(text).replace("t", "\\u0074").encode()
    data = b'\n{"text":%s ,"n":1E5}\n  \r\n\t{"text": "Nearly 3\\/4 of the voters came, the mayor said."}' % odd
    assert run("--jsonl", stdin=data) == (data, "", 0)


def test_field_and_into() -> None:
    data = b'{"body": %s, "url": "u"}\n' % json.dumps(PAGE).encode()
    clean = json.dumps(cleaned(PAGE)).encode()
    assert run("--jsonl", "--field", "body", stdin=data)[0] == b'{"body": %s, "url": "u"}\n' % clean
    assert run("--jsonl", "--field", "body", "--into", "url", stdin=data)[0] == data.replace(b'"u"', clean)
    added = data[:-2] + b', "story": ' + clean + b"}\n"
    assert run("--jsonl", "--field", "body", "--into", "story", stdin=data) == (added, "", 0)


def test_a_text_that_does_not_change_is_copied_as_it_is_written() -> None:
    literal = json.dumps(cleaned(STORY)).replace("t", "\\u0074").encode()
    data = b'{"text": %s}\n' % literal
    assert run("--jsonl", "--into", "b", stdin=data)[0] == b'{"text": %s, "b": %s}\n' % (literal, literal)


def test_a_new_field_is_spaced_as_its_line_is() -> None:
    literal = json.dumps(BODY[1]).encode()
    data = b'{"a":1,"text":%s}\n{"text":%s}\n{"text": %s}\n' % (literal, literal, literal)
    clean = json.dumps(cleaned(BODY[1])).encode()
    expected = b'{"a":1,"text":%s,"b":%s}\n{"text":%s,"b":%s}\n{"text": %s, "b": %s}\n'
    assert run("--jsonl", "--into", "b", stdin=data)[0] == expected % ((literal, clean) * 3)


def test_of_several_members_with_the_name_the_last_counts() -> None:
    data = b'{"text": "first", "text": %s}\n' % json.dumps(PAGE).encode()
    assert run("--jsonl", stdin=data)[0] == b'{"text": "first", "text": %s}\n' % json.dumps(cleaned(PAGE)).encode()


@pytest.mark.parametrize("ascii_only", [True, False])
def test_escapes_stay_escapes(ascii_only: bool) -> None:
    text = "\n".join([*GERMAN, LETTER, ""])
    lines = [json.dumps({"text": value}, ensure_ascii=ascii_only).encode() for value in (text, cleaned(text))]
    assert run("--jsonl", stdin=lines[0])[0] == lines[1]


def test_lone_surrogates_and_undecodable_bytes_in_the_text() -> None:
    escaped = json.dumps(PAGE, ensure_ascii=False).replace("baker", "b\\ud83dker \\udc80").encode()
    raw = json.dumps(PAGE, ensure_ascii=False).encode().replace(b"baker", b"b\xffker")
    out, err, status = run("--jsonl", stdin=b'{"text": %s}\n{"x": "\xfe", "text": %s}\n' % (escaped, raw))
    first, second = out.splitlines()
    assert b"said Ines Halloran, a b\\ud83dker \\udc80 who" in first
    assert b"said Ines Halloran, a b\xffker who" in second
    assert second.startswith(b'{"x": "\xfe", "text": ')
    assert LETTER.encode() not in out
    assert (err, status) == ("", 0)


def test_what_an_encoding_does_not_have_stays_an_escape() -> None:
    data = ('{"text": "é \\u20ac ' + PAGE.replace("“", "").replace("”", "").replace("\n", "\\n") + '"}\n').encode(
        "latin-1"
    )
    out, err, status = run("--jsonl", "-e", "latin-1", stdin=data)
    assert out.startswith(b'{"text": "\xe9 \\u20ac Harbour')
    assert LETTER.encode() not in out
    assert (err, status) == ("", 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "a"', "not JSON: a comma or a closing brace is missing at column 13"),
        (b"{text: 1}", "not JSON: a name in double quotes is missing at column 2"),
        (b'{"text" "a"}', "not JSON: a colon is missing at column 9"),
        (b'{"text": "a",}', "not JSON: a name in double quotes is missing at column 14"),
        (b'{"text": "a"} x', "not JSON: something stands after the object at column 15"),
        (b'{"text": tru}', "not JSON: Expecting value at column 10"),
        (b'{"text": "a\tb"}', "not JSON: Invalid control character at at column 12"),
        (b"hello", "not JSON: Expecting value at column 1"),
        (b'["text"]', "not a JSON object"),
        (b"12", "not a JSON object"),
        (b"{}", "no field 'text'"),
        (b'{"Text": "a"}', "no field 'text'"),
        (b'{"text": null}', "field 'text' is null"),
        (b'{"text": 1}', "field 'text' is not a string"),
        (b'{"text": ["a"]}', "field 'text' is not a string"),
        (b'{"text": "\xff\\udcff"}', "field 'text' mixes undecodable bytes with escapes of lone surrogates"),
        pytest.param(
            b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b', "text": ""}', "nested too deeply", id="nested too deeply"
        ),
    ],
)
def test_bad_lines_are_named_and_passed_through(line: bytes, reason: str) -> None:
    out, err, status = run("--jsonl", stdin=line_of(text=PAGE) + line + b"\r\n" + line_of(text=PAGE))
    good = line_of(text=cleaned(PAGE))
    assert out == good + line + b"\r\n" + good
    assert (err, status) == (f"boilerstrip: -:2: {reason}\n", 2)


def test_bad_lines_have_no_row_in_a_report() -> None:
    out, err, status = run("--jsonl", "--format", "jsonl", stdin=b"[]\n" + line_of(text=STORY))
    assert {json.loads(line)["line"] for line in out.splitlines()} == {2}
    assert (err, status) == ("boilerstrip: -:1: not a JSON object\n", 2)


def test_more_lines_than_a_batch_keep_their_order() -> None:
    lines = [line_of(id=number, text=PAGE if number % 3 else STORY) for number in range(600)]
    lines[300] = b"bad\n"
    out, err, status = run("--jsonl", stdin=b"".join(lines))
    clean = {text: cleaned(text) for text in (PAGE, STORY)}
    expected = [line_of(id=number, text=clean[PAGE if number % 3 else STORY]) for number in range(600)]
    expected[300] = b"bad\n"
    assert out == b"".join(expected)
    assert (err, status) == ("boilerstrip: -:301: not JSON: Expecting value at column 1\n", 2)


def test_a_file_without_a_last_line_end_does_not_run_into_the_next(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(line_of(text=STORY)[:-1])
    line = line_of(text=cleaned(STORY))
    assert run("--jsonl", tmp_path / "a", tmp_path / "none", tmp_path / "b")[0] == line + line[:-1]
    assert run("--jsonl", tmp_path / "a", tmp_path / "none")[0] == line[:-1]


def test_a_byte_order_mark_before_the_first_line_stays() -> None:
    assert run("--jsonl", stdin=b"\xef\xbb\xbf" + line_of(text=PAGE))[0] == b"\xef\xbb\xbf" + line_of(
        text=cleaned(PAGE)
    )


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)


@given(
    fields=st.dictionaries(st.text().filter("text".__ne__), VALUES, max_size=4),
    text=st.text(),
    new=st.text(),
    into=st.sampled_from(["text", "story"]),
    ascii_only=st.booleans(),
)
def test_any_line_differs_in_one_value_alone(
    fields: dict[str, object], text: str, new: str, into: str, ascii_only: bool
) -> None:
    before = {**fields, "text": text}
    record = parse_line(json.dumps(before, ensure_ascii=ascii_only))
    assert record.text("text") == text
    after = json.loads(record.replaced("text", into, new).decode("utf-8", "surrogatepass"))
    assert json.dumps(after) == json.dumps({**before, into: new})


@given(st.text(alphabet='{}[]",:\\u0d8 1e-.nNtrufals\n') | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_line_is_an_object_or_an_error(source: str) -> None:
    try:
        value = json.loads(source)
    except ValueError:
        value = None
    if isinstance(value, dict):
        assert set(parse_line(source).members) == set(value)
    else:
        with pytest.raises(LineError):
            parse_line(source)


@given(
    st.binary(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "shift_jis", "iso2022_jp", "gb18030"]),
)
def test_any_bytes_are_given_back_or_refused(data: bytes, encoding: str) -> None:
    try:
        decoded = decode(data, encoding)
    except ValueError:
        assert encoding not in ("utf-8", "utf-8-sig", "cp1252")
    else:
        assert decoded.encode(decoded.text) == data


# HTML


def test_html(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(HTML.encode())
    text = Stripper().explain_html(HTML.encode()).text
    assert BODY[1] in text
    assert run("--html", path, "-", stdin=HTML.encode()) == (f"{text.rstrip()}\n".encode() * 2, "", 0)


def test_html_in_a_named_encoding() -> None:
    page = HTML.replace("<meta charset='utf-8'>", "").replace("baker", "bäcker").replace("“", "").replace("”", "")
    out, err, status = run("--html", "--encoding", "cp1252", stdin=page.encode("cp1252"))
    assert "a bäcker who".encode("cp1252") in out
    assert (err, status) == ("", 0)


def test_html_that_the_encoding_cannot_hold_is_an_error() -> None:
    page = HTML.replace("baker", "b&#x4e00;ker").replace("“", "").replace("”", "")
    assert run("--html", "-e", "cp1252", stdin=page.encode("cp1252")) == (
        b"",
        "boilerstrip: -: '一' cannot be written in cp1252\n",
        2,
    )


def test_html_in_json_lines() -> None:
    data = line_of(link="https://example.org/a", text=HTML) + line_of(text=HTML)
    out, err, status = run("--jsonl", "--html", "--into", "story", "--url-field", "link", stdin=data)
    rows = [json.loads(line) for line in out.splitlines()]
    stripper = Stripper()
    assert rows[0] == {
        "link": "https://example.org/a",
        "text": HTML,
        "story": stripper.explain_html(HTML, url="https://example.org/a").text,
    }
    assert rows[1] == {"text": HTML, "story": stripper.explain_html(HTML).text}
    assert (err, status) == ("", 0)


def test_html_with_lone_surrogates_is_no_failure() -> None:
    data = json.dumps({"text": HTML.replace("baker", "b\ud800ker")}).encode() + b"\n"
    out, err, status = run("--jsonl", "--html", stdin=data)
    assert "said Ines Halloran" in json.loads(out)["text"]
    assert (err, status) == ("", 0)


# Compression


def pack(name: str, data: bytes) -> bytes:
    return gzip.compress(data) if name.endswith("gz") else lzma.compress(data)


def unpack(name: str, data: bytes) -> bytes:
    return gzip.decompress(data) if name.lower().endswith("gz") else lzma.decompress(data)


@pytest.mark.parametrize("name", ["a.gz", "a.xz", "A.GZ"])
def test_compressed_in_and_out(tmp_path: Path, name: str) -> None:
    path, target = tmp_path / name, tmp_path / f"out.{name}"
    path.write_bytes(pack(name.lower(), PAGE.encode()))
    assert run(path) == (cleaned(PAGE).encode(), "", 0)
    assert run(path, "-o", target, "--removed", tmp_path / "rest.xz") == (b"", "", 0)
    assert unpack(name, target.read_bytes()) == cleaned(PAGE).encode()
    assert LETTER in lzma.decompress((tmp_path / "rest.xz").read_bytes()).decode()


def test_compressed_output_is_the_same_every_time(page: Path, tmp_path: Path) -> None:
    run(page, "-o", tmp_path / "a.gz")
    run(page, "-o", tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert (tmp_path / "a.gz").read_bytes()[4:8] == bytes(4)


@pytest.mark.parametrize("name", ["a.gz", "a.xz"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign"])
def test_broken_compression_is_an_error(page: Path, tmp_path: Path, name: str, damage: str) -> None:
    whole = bytearray(pack(name, PAGE.encode()))
    if damage == "flipped":
        whole[len(whole) // 2] ^= 0xFF
        whole[-12] ^= 0xFF
    path = tmp_path / name
    path.write_bytes({"cut": bytes(whole[:-20]), "flipped": bytes(whole), "foreign": b"no such thing"}[damage])
    out, err, status = run(path, page)
    assert (out, status) == (cleaned(PAGE).encode(), 2)
    assert err.startswith(f"boilerstrip: {path}: ")
    assert err.count("\n") == 1


def test_lines_before_the_break_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    noise = os.urandom(200_000).hex()
    data = gzip.compress(line_of(text=STORY) * 3 + line_of(text=noise))
    path.write_bytes(data[: len(data) // 2])
    out, err, status = run("--jsonl", path)
    assert out.startswith(line_of(text=cleaned(STORY)) * 3)
    assert err.startswith(f"boilerstrip: {path}: ")
    assert (err.count("\n"), status) == (1, 2)
    before = path.read_bytes()
    assert run("--jsonl", "-i", path)[2] == 2
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.jsonl.gz"]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python has zstd")
def test_zstandard_without_its_package_is_an_error(page: Path, tmp_path: Path) -> None:
    (tmp_path / "block").mkdir()
    (tmp_path / "block" / "zstandard.py").write_text("raise ImportError")
    path = tmp_path / "a.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd")
    search = os.pathsep.join([str(tmp_path / "block"), SOURCE])
    message = ".zst needs Python 3.14 or the package zstandard"
    assert run(path, page, PYTHONPATH=search) == (cleaned(PAGE).encode(), f"boilerstrip: {path}: {message}\n", 2)
    assert run(page, "-o", path, PYTHONPATH=search) == (b"", f"boilerstrip: {path}: {message}\n", 2)


def test_zstandard(page: Path, tmp_path: Path) -> None:
    if sys.version_info < (3, 14):
        pytest.importorskip("zstandard")
    path, frames, cut = (tmp_path / name for name in ("a.zst", "frames.zst", "cut.zst"))
    assert run(page, "--keep", "credits,solicitation", "-o", path) == (b"", "", 0)
    assert run(path) == (cleaned(PAGE).encode(), "", 0)
    frames.write_bytes(path.read_bytes() * 2)
    assert run(frames) == (cleaned(PAGE * 2).encode(), "", 0)
    cut.write_bytes(frames.read_bytes()[:-20])
    assert run(cut)[2] == 2
    assert run("-i", path) == (b"", "", 0)
    assert run(path, "--keep", "credits,solicitation") == (cleaned(PAGE).encode(), "", 0)


# Reports


def test_report_as_json_lines(page: Path) -> None:
    out, err, status = run("--format", "jsonl", page)
    explanation = Stripper().explain(PAGE)
    expected = [
        {
            "file": str(page),
            "start": p.start,
            "end": p.end,
            "label": p.label.value,
            "kind": p.kind and p.kind.value,
            "confidence": round(float(p.confidence), 4),
            "kept": p not in explanation.removed,
            "reasons": [str(reason) for reason in p.reasons],
            "text": p.text,
        }
        for p in explanation.paragraphs
    ]
    rows = [json.loads(line) for line in out.decode().splitlines()]
    assert rows == expected
    assert list(rows[0]) == list(expected[0])
    assert [row["kept"] for row in rows if row["text"] in (LETTER, RIGHTS, BODY[1])] == [True, False, False]
    assert (err, status) == ("", 0)


def test_report_as_tsv_with_escapes() -> None:
    text = f"{BODY[1]}\tC:\\temp\n\n{LETTER}\n"
    out, err, status = run("--jsonl", "--format", "tsv", stdin=b"\n" + line_of(text=text))
    explanation = Stripper().explain(text)
    rows = [line.split("\t") for line in out.decode().split("\n")[:-1]]
    assert [row[:2] for row in rows] == [["-", "2"]] * 2
    for row, p in zip(rows, explanation.paragraphs, strict=True):
        kept = "false" if p in explanation.removed else "true"
        assert row[2:6] == [str(p.start), str(p.end), p.label.value, p.kind.value if p.kind else ""]
        assert (float(row[6]), row[7]) == (round(float(p.confidence), 4), kept)
        assert row[8] == "; ".join(map(str, p.reasons))
    assert rows[0][9] == BODY[1] + "\\tC:\\\\temp"
    assert (rows[1][7], rows[1][9]) == ("false", LETTER)
    assert (err, status) == ("", 0)


def test_paragraphs_of_several_lines_are_one_row() -> None:
    text = "The tram ran again\r\nafter forty years.\r\n\r\nNobody had\r\nexpected it.\r\n"
    out = run("--format", "tsv", "--segmentation", "blocks", stdin=text.encode())[0].decode()
    assert [row.split("\t")[-1] for row in out.splitlines()] == [
        "The tram ran again\\r\\nafter forty years.",
        "Nobody had\\r\\nexpected it.",
    ]


def test_reports_of_undecodable_bytes() -> None:
    data = BODY[1].encode() + b" \xff\n"
    assert run("--format", "jsonl", stdin=data)[0].endswith(b' \\udcff"}\n')
    assert run("--format", "tsv", stdin=data)[0].endswith(b" \xff\n")


# What goes


def test_keep_adds_to_wire_and_drop_is_stronger() -> None:
    data = PAGE.encode()
    out = run("--keep", "subscription", stdin=data)[0].decode()
    assert out == cleaned(PAGE, keep=["wire", "subscription"])
    assert (LETTER in out, RIGHTS in out, BODY[1] in out) == (True, False, True)
    out = run("--keep", "subscription, credits", "--keep", "related", stdin=data)[0].decode()
    assert (LETTER in out, RIGHTS in out, BODY[1] in out) == (True, True, True)
    out = run("--keep", "solicitation,credits", "--drop", "rights", "--drop=subscription", stdin=data)[0].decode()
    assert (LETTER in out, RIGHTS in out, BODY[1] in out) == (False, False, True)


@pytest.mark.parametrize("strictness", ["0", "0.25", "1"])
def test_strictness(strictness: str) -> None:
    text = "\n".join([*BODY, "Ines Halloran", "More on this", LETTER, "Tram returns to the coast", RIGHTS])
    assert run("--strictness", strictness, stdin=text.encode())[0].decode() == cleaned(
        text, strictness=float(strictness)
    )


def test_brake_leaves_a_text_alone_and_says_so(page: Path) -> None:
    out, err, status = run("--brake", "0", page)
    assert (out, status) == (PAGE.encode(), 0)
    assert err.startswith(f"boilerstrip: {page}: ")
    assert err.count("\n") == 1
    assert run("--brake", "0", "-q", page) == (PAGE.encode(), "", 0)
    assert run("--jsonl", "--brake", "0", stdin=b"\n" + line_of(text=PAGE))[1].startswith("boilerstrip: -:2: ")


def test_verbose_counts_what_went(page: Path) -> None:
    gone = [p.label.value for p in Stripper().explain(PAGE).removed]
    counts = ", ".join(f"{label} {gone.count(label)}" for label in ("wire", "credits", "solicitation"))
    total = len(Stripper().explain(PAGE).paragraphs)
    line = f"boilerstrip: {{}}: {len(gone)} of {total} paragraphs went ({counts})\n"
    assert run("-v", page, "-", stdin=PAGE.encode())[1:] == (line.format(page) + line.format("-"), 0)


# In place


def test_in_place_keeps_mode_and_leaves_nothing_behind(page: Path, tmp_path: Path) -> None:
    page.chmod(0o604)
    assert run("-i", page) == (b"", "", 0)
    assert page.read_bytes() == cleaned(PAGE).encode()
    assert stat.S_IMODE(page.stat().st_mode) == 0o604
    assert os.listdir(tmp_path) == ["page.txt"]


def test_in_place_before_a_file_takes_no_suffix(page: Path, tmp_path: Path) -> None:
    assert run("--in-place", page) == (b"", "", 0)
    assert page.read_bytes() == cleaned(PAGE).encode()
    assert os.listdir(tmp_path) == ["page.txt"]


def test_in_place_with_a_backup(page: Path, tmp_path: Path) -> None:
    data = PAGE.replace("\n", "\r\n").encode().replace(b"baker", b"b\xffker")
    page.write_bytes(data)
    (tmp_path / "page.txt.orig").write_bytes(b"an older backup")
    before = page.stat().st_ino
    assert run("--in-place=.orig", page) == (b"", "", 0)
    assert (tmp_path / "page.txt.orig").read_bytes() == data
    assert page.read_bytes() == cleaned(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    assert page.stat().st_ino != before
    assert sorted(os.listdir(tmp_path)) == ["page.txt", "page.txt.orig"]


def test_in_place_does_not_touch_what_does_not_change(tmp_path: Path) -> None:
    paths = [tmp_path / "a.txt", tmp_path / "a.jsonl", tmp_path / "a.gz"]
    text = cleaned(STORY).encode()
    paths[0].write_bytes(text)
    paths[1].write_bytes(line_of(n=1.10, text=text.decode()))
    paths[2].write_bytes(gzip.compress(text, compresslevel=1))
    before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in paths]
    assert run("--in-place=.bak", paths[0], paths[2]) == (b"", "", 0)
    assert run("--in-place=.bak", "--jsonl", paths[1]) == (b"", "", 0)
    assert [(path.stat().st_ino, path.stat().st_mtime_ns) for path in paths] == before
    assert sorted(os.listdir(tmp_path)) == ["a.gz", "a.jsonl", "a.txt"]


def test_in_place_follows_a_symbolic_link(page: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("page.txt")
    assert run("-i", link) == (b"", "", 0)
    assert link.is_symlink()
    assert page.read_bytes() == cleaned(PAGE).encode()


def test_in_place_of_a_hard_link_leaves_the_other_name_alone(page: Path, tmp_path: Path) -> None:
    os.link(page, tmp_path / "other")
    assert run("-i", page) == (b"", "", 0)
    assert (tmp_path / "other").read_bytes() == PAGE.encode()
    assert page.read_bytes() == cleaned(PAGE).encode()


@pytest.mark.parametrize("name", ["a.gz", "a.xz"])
def test_in_place_of_compressed_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    data = pack(name, PAGE.encode())
    path.write_bytes(data)
    assert run("--in-place=~", path) == (b"", "", 0)
    assert unpack(name, path.read_bytes()) == cleaned(PAGE).encode()
    assert (tmp_path / f"{name}~").read_bytes() == data


def test_in_place_of_json_lines_with_a_bad_line(tmp_path: Path) -> None:
    path, rest = tmp_path / "a.jsonl", tmp_path / "rest.jsonl"
    path.write_bytes(b"bad\n" + line_of(text=PAGE))
    assert run("--jsonl", "-i", path, "--removed", rest)[1:] == (
        f"boilerstrip: {path}:1: not JSON: Expecting value at column 1\n",
        2,
    )
    assert path.read_bytes() == b"bad\n" + line_of(text=cleaned(PAGE))
    assert LETTER in [json.loads(line)["text"] for line in rest.read_text().splitlines()]


def test_in_place_errors_are_named_and_the_rest_is_done(page: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    names = [tmp_path / "none" / "x", tmp_path, tmp_path / "pipe"]
    reasons = ["No such file or directory", "Is a directory", "not a regular file"]
    err = "".join(f"boilerstrip: {name}: {reason}\n" for name, reason in zip(names, reasons, strict=True))
    assert run("-i", *names, page) == (b"", err, 2)
    assert page.read_bytes() == cleaned(PAGE).encode()
    assert sorted(os.listdir(tmp_path)) == ["page.txt", "pipe"]


def test_a_backup_that_cannot_be_made_leaves_the_file_alone(page: Path, tmp_path: Path) -> None:
    (tmp_path / "page.txt.bak").mkdir()
    out, err, status = run("--in-place=.bak", page)
    assert (out, status) == (b"", 2)
    assert err.startswith(f"boilerstrip: {page}: ")
    assert page.read_bytes() == PAGE.encode()
    assert sorted(os.listdir(tmp_path)) == ["page.txt", "page.txt.bak"]


def test_a_backup_never_replaces_another_input(page: Path, tmp_path: Path) -> None:
    other = tmp_path / "page.txt.bak"
    other.write_bytes(PAGE.encode())
    _, err, status = run("--in-place=.bak", page, other)
    assert (err, status) == (f"boilerstrip: {other}: is also an input; the backup would replace it\n", 2)
    assert (page.read_bytes(), other.read_bytes()) == (PAGE.encode(), PAGE.encode())


# Check


def test_check_changes_nothing_and_exits_with_1(page: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean.txt"
    clean.write_bytes(cleaned(STORY).encode())
    explanation, rest = Stripper().explain(PAGE), Stripper().explain(cleaned(STORY))
    assert not rest.removed
    lines = [
        f"{page}: {len(explanation.removed)} of {len(explanation.paragraphs)} paragraphs would go\n",
        f"{clean}: 0 of {len(rest.paragraphs)} paragraphs would go\n",
    ]
    assert run("--check", page, clean) == (b"", "".join(lines), 1)
    assert run("--check", clean) == (b"", lines[1], 0)
    assert run("--check", "-q", page) == (b"", "", 1)
    assert run("--check", "--keep", "credits,solicitation", page)[2] == 0
    assert page.read_bytes() == PAGE.encode()
    assert sorted(os.listdir(tmp_path)) == ["clean.txt", "page.txt"]


def test_check_with_an_error_exits_with_2(page: Path, tmp_path: Path) -> None:
    out, err, status = run("--check", tmp_path / "none", page)
    assert err.startswith(f"boilerstrip: {tmp_path / 'none'}: No such file or directory\n{page}: ")
    assert (out, status) == (b"", 2)
    assert run("--check", "--jsonl", stdin=line_of(text=PAGE) + b"[]\n")[2] == 2


def test_check_of_json_lines_counts_all_lines() -> None:
    explanation = Stripper().explain(PAGE)
    line = f"-: {2 * len(explanation.removed)} of {2 * len(explanation.paragraphs)} paragraphs would go\n"
    assert run("--check", "--jsonl", stdin=line_of(text=PAGE) * 2) == (b"", line, 1)


# The program


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(option: str) -> None:
    assert run(option) == (f"boilerstrip {boilerstrip.__version__}\n".encode(), "", 0)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_shows_pipes(option: str) -> None:
    out, err, status = run(option)
    assert "| boilerstrip --jsonl" in out.decode()
    assert "--in-place=SUFFIX" in out.decode()
    assert (err, status) == (b"".decode(), 0)


def test_main_is_a_function_of_its_arguments(page: Path, tmp_path: Path) -> None:
    code = "import sys; from boilerstrip.cli import main; sys.exit(main(['-o', sys.argv[1], sys.argv[2]]))"
    command = [sys.executable, "-c", code, str(tmp_path / "out"), str(page)]
    assert subprocess.run(command, env=environment(), timeout=60).returncode == 0
    assert (tmp_path / "out").read_bytes() == cleaned(PAGE).encode()


def test_nothing_is_read_from_the_working_folder(
    page: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code = (
        "import os, sys\n"
        "from boilerstrip.cli import main\n"
        "folder, seen = os.getcwd(), []\n"
        "kinds = ('open', 'os.listdir', 'os.scandir')\n"
        "sys.addaudithook(lambda event, values: seen.append(values[0]) if event in kinds else None)\n"
        "main(['page.txt', '-o', sys.argv[1]])\n"
        "names = [p for p in seen if isinstance(p, str)]\n"
        "print(sorted({p for p in names if os.path.dirname(os.path.join(folder, p)) == folder}))\n"
    )
    outside = tmp_path_factory.mktemp("outside") / "out"
    # -P keeps the interpreter itself from looking for modules there
    command = (
        [sys.executable, "-P", "-c", code, str(outside)]
        if sys.version_info >= (3, 11)
        else [sys.executable, "-c", code, str(outside)]
    )
    assert page.exists()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=environment(), timeout=60)
    assert (done.stdout, done.stderr) == (b"['page.txt']\n", b"")


def test_text_alone_loads_nothing_heavy() -> None:
    code = (
        "import sys; from boilerstrip.cli import main; main([])\n"
        "heavy = ('trafilatura', 'lxml', 'sklearn', 'scipy')\n"
        "sys.stderr.write(repr([name for name in heavy if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, env=environment(), timeout=60)
    assert done.stderr == b"[]"
