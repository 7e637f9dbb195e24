"""The command line of the filter: options, their help, and requests that contradict themselves."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn

from .streams import plain_encoding, same_file
from .work import FORMATS

__all__ = ["Arguments", "Parser", "UsageError", "make_parser", "parse"]

_DESCRIPTION = """\
Takes article text and writes the story: credits, appeals, newsletter lines, menus and
the like are left out. Without FILE, or where FILE is -, standard input is read. FILEs
that end in .gz, .xz or .zst are decompressed, outputs of such names compressed.
"""

_EPILOG = """\
examples:
  curl -s https://example.org/story | boilerstrip --html > story.txt
  pdftotext report.pdf - | boilerstrip --removed rest.txt | wc -w
  zcat pages.jsonl.gz | boilerstrip --jsonl --into story | jq -r .story
  tail -f feed.jsonl | boilerstrip --jsonl --line-buffered | consumer
  boilerstrip --keep byline,date --format tsv article.txt | grep -w false
  boilerstrip --jsonl -j 8 --resume pages.jsonl.zst -o stories.jsonl.zst --errors bad.jsonl
  find corpus -name '*.txt' -print0 | xargs -0 boilerstrip --in-place=.orig
  boilerstrip --check article.txt || echo 'something would go'

exit status:
  0  done
  1  with --check: something would go
  2  an error, named on standard error; everything else was done
"""


class UsageError(Exception):
    """A request that cannot be carried out; the message is one line for a person."""


class Arguments(argparse.Namespace):
    """The command line, with the types of its parts."""

    files: list[str]
    html: bool
    jsonl: bool
    parquet: bool
    warc: bool
    field: str | None
    into: str | None
    url_field: str | None
    line_buffered: bool
    encoding: str | None
    format: str
    output: str | None
    removed: str | None
    errors: str | None
    resume: bool
    jobs: int
    in_place: str | None
    check: bool
    keep: list[list[str]] | None
    drop: list[list[str]] | None
    strictness: float | None
    brake: float | None
    segmentation: str | None
    quiet: bool
    verbose: bool
    version: bool
    help: bool


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print with a usage message before it."""
        raise UsageError(message)


def _nearest(word: str, known: Iterable[str]) -> str:
    import difflib

    return difflib.get_close_matches(word, list(known), n=1, cutoff=0.0)[0]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number") from None


def _count(word: str) -> int:
    if not word.isascii() or not word.isdigit() or not 1 <= int(word) <= 1000:
        raise argparse.ArgumentTypeError(f"{word!r} is no number from 1 to 1000")
    return int(word)


def _format(word: str) -> str:
    if word not in FORMATS:
        raise argparse.ArgumentTypeError(f"there is no {word!r}; did you mean {_nearest(word, FORMATS)!r}?")
    return word


def _is_text_encoding(word: str) -> bool:
    try:
        "".encode(word)
    except (LookupError, ValueError):
        return False
    return True


def _encoding(word: str) -> str:
    if not _is_text_encoding(word):
        from encodings.aliases import aliases

        known = {name.replace("_", "-") for name in aliases.values() if _is_text_encoding(name)}
        near = _nearest(word.lower().replace("_", "-"), sorted(known))
        raise argparse.ArgumentTypeError(f"there is no text encoding {word!r}; did you mean {near!r}?")
    return word


def _names(word: str) -> list[str]:
    return [name for part in word.split(",") if (name := part.strip())]


def make_parser() -> Parser:
    parser = Parser(
        prog="boilerstrip",
        usage="boilerstrip [OPTION ...] [FILE ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        # with a width of its own it does not load shutil, and all its compressions, to ask for the terminal's
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=96),
        allow_abbrev=False,
        add_help=False,  # its printing hides errors
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="what to read; - is standard input")
    _add_input(parser.add_argument_group("input"))
    _add_output(parser.add_argument_group("output"))
    _add_running(parser.add_argument_group("large inputs"))
    _add_decision(parser.add_argument_group("what goes"))
    messages = parser.add_mutually_exclusive_group()
    messages.add_argument("-q", "--quiet", action="store_true", help="errors are the only messages")
    messages.add_argument(
        "-v", "--verbose", action="store_true", help="say how many paragraphs of each label went, for each FILE"
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    parser.add_argument("-h", "--help", action="store_true", help="print this help and exit")
    return parser


def _add_input(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--html", action="store_true", help="the input is HTML; its text is extracted first")
    group.add_argument("--jsonl", action="store_true", help="the input is JSON Lines: one object with a text each")
    group.add_argument("--parquet", action="store_true", help="the input is Parquet: one column holds the texts")
    group.add_argument("--warc", action="store_true", help="the input is WARC: a line of JSON for each page")
    group.add_argument("--field", metavar="NAME", help="field or column that the text is in (default: text)")
    group.add_argument("--into", metavar="NAME", help="field or column that the story goes into (default: the same)")
    group.add_argument("--url-field", metavar="NAME", help="with --html: field or column of the URL (default: url)")
    group.add_argument("--line-buffered", action="store_true", help="with --jsonl: write each line once it is read")
    group.add_argument(
        "-e",
        "--encoding",
        metavar="NAME",
        type=_encoding,
        help="of input and output (default: utf-8; of HTML, what the page says). Undecodable bytes pass through",
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--format",
        metavar="FORMAT",
        type=_format,
        default="text",
        help="text: the story (default); jsonl, tsv: a row for each paragraph: file, line (with --jsonl), start, end, "
        "label, kind, confidence, kept, reasons, text",
    )
    group.add_argument("-o", "--output", metavar="FILE", help="write there, once all is done; never over an input")
    group.add_argument("--removed", metavar="FILE", help="write there what was taken out")
    group.add_argument("-i", dest="in_place", action="store_const", const="", help="the same as --in-place")
    group.add_argument(
        "--in-place",
        dest="in_place",
        metavar="SUFFIX",
        help="rewrite each FILE; with --in-place=SUFFIX the original stays under its name and SUFFIX. "
        "Files in which nothing changes are not touched",
    )
    group.add_argument("--check", action="store_true", help="write nothing; exit with 1 where something would go")


def _add_running(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-j",
        "--jobs",
        metavar="N",
        type=_count,
        default=1,
        help="with --jsonl, --parquet: share the work among N processes (default: 1); the output is the same",
    )
    group.add_argument(
        "--errors",
        metavar="FILE",
        help="with --jsonl: write bad lines there, each in an object that names the error, and not to the output",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="with --jsonl -o FILE: if this is interrupted, the same command goes on where it was",
    )


def _add_decision(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--keep",
        metavar="NAME[,NAME]",
        type=_names,
        action="append",
        help="labels (credits, solicitation) or kinds (byline, photo, related, ...) that stay beside wire; repeatable",
    )
    group.add_argument(
        "--drop",
        metavar="NAME[,NAME]",
        type=_names,
        action="append",
        help="labels or kinds that go although --keep names them; repeatable",
    )
    group.add_argument("--strictness", metavar="X", type=_number, help="how readily a paragraph goes, 0 to 1")
    group.add_argument(
        "--brake", metavar="X", type=_number, help="a text that would lose more than this share is left alone, 0 to 1"
    )
    group.add_argument("--segmentation", metavar="HOW", help="auto, lines, or blocks for hard-wrapped text")


def parse(parser: Parser, argv: Sequence[str]) -> Arguments:
    words = list(argv)
    # argparse would take the FILE after a bare --in-place for its suffix
    stop = words.index("--") if "--" in words else len(words)
    options = ["-i" if word == "--in-place" else word for word in words[:stop]]
    arguments, rest = parser.parse_known_intermixed_args(options, Arguments())
    if arguments.help or arguments.version:
        return arguments
    if rest:
        known = re.findall(r"--[a-z][a-z-]+", parser.format_help())
        name = rest[0].partition("=")[0]
        raise UsageError(f"there is no option {name!r}; did you mean {_nearest(name, known)!r}?")
    # what is behind -- is a name, whatever it looks like
    arguments.files = [*arguments.files, *words[stop + 1 :]] or ["-"]
    _refuse_contradictions(arguments)
    _refuse_own_input(arguments)
    if arguments.warc:  # from here on its pages are lines of JSON
        arguments.jsonl = arguments.html = True
    return arguments


def _refuse_contradictions(a: Arguments) -> None:
    for refused, message in (*_refused_inputs(a), *_refused_outputs(a), *_refused_runs(a)):
        if refused:
            raise UsageError(f"{message} makes no sense" if ":" not in message else message)


def _refused_inputs(a: Arguments) -> Iterator[tuple[bool, str]]:
    records = a.jsonl or a.parquet or a.warc
    names = [name for name, value in (("--field", a.field), ("--into", a.into), ("--url-field", a.url_field)) if value]
    names += ["--line-buffered"] * a.line_buffered
    one_byte = "\n".encode(plain_encoding(a.encoding or "utf-8")) == b"\n"
    yield bool(names) and not records, f"{', '.join(names)} without --jsonl"
    yield a.url_field is not None and not a.html, "--url-field without --html"
    yield a.into is not None and a.format != "text", f"--into with --format {a.format}"
    yield a.jsonl and not one_byte, f"--jsonl with --encoding {a.encoding}"
    yield a.parquet and a.jsonl, "--parquet with --jsonl"
    for name, given in (
        ("--jsonl", a.jsonl), ("--parquet", a.parquet), ("--encoding", a.encoding), ("--field", a.field),
        ("--url-field", a.url_field), ("--in-place", a.in_place is not None), ("--resume", a.resume),
    ):  # fmt: skip
        yield a.warc and bool(given), f"--warc with {name}"
    yield a.parquet and a.line_buffered, "--parquet with --line-buffered"
    yield a.parquet and a.encoding is not None, "--parquet with --encoding"
    yield a.parquet and "-" in a.files, "--parquet: standard input cannot be read, only files"


def _refused_outputs(a: Arguments) -> Iterator[tuple[bool, str]]:
    in_place = a.in_place is not None
    to_stdout = a.output in (None, "-") and not in_place
    yield in_place and "-" in a.files, "--in-place with standard input"
    yield in_place and a.output is not None, "--in-place with --output"
    yield in_place and a.format != "text", f"--in-place with --format {a.format}"
    yield in_place and a.html and not a.jsonl and not a.parquet, (
        "--in-place with --html: text would take the place of the page"
    )
    yield in_place and os.path.basename(a.in_place or "") != (a.in_place or ""), "--in-place: a suffix is no path"
    yield a.check and in_place, "--check with --in-place"
    for name, path in (("--output", a.output), ("--removed", a.removed), ("--errors", a.errors)):
        yield a.check and path is not None, f"--check with {name}"
    yield a.check and a.format != "text", f"--check with --format {a.format}"
    for name, path in (("--removed", a.removed), ("--errors", a.errors)):
        yield path == "-" and to_stdout, f"{name} - with the story on standard output too"
    yield a.errors == a.removed == "-", "--errors - with --removed -"
    yield a.parquet and a.format == "text" and to_stdout and not a.check, "--parquet: needs -o FILE"


def _refused_runs(a: Arguments) -> Iterator[tuple[bool, str]]:
    yield a.jobs > 1 and not (a.jsonl or a.parquet or a.warc), "--jobs without --jsonl, --parquet or --warc"
    yield a.jobs > 1 and a.line_buffered, "--jobs with --line-buffered"
    yield a.errors is not None and not (a.jsonl or a.warc), "--errors without --jsonl"
    yield a.errors is not None and a.in_place is not None, "--errors with --in-place"
    yield a.resume and not a.jsonl, "--resume without --jsonl"
    yield a.resume and a.line_buffered, "--resume with --line-buffered"
    yield a.resume and a.in_place is not None, "--resume with --in-place"
    yield a.resume and a.output in (None, "-"), "--resume: needs -o FILE"
    yield a.resume and "-" in (a.removed, a.errors), "--resume with standard output"


def _refuse_own_input(a: Arguments) -> None:
    """No output may be an input, under whatever name: it would be lost or read for ever. Nor may two be one."""
    story = None if a.check or a.in_place is not None else a.output or "-"
    roles = [("the output", story), ("--removed", a.removed), ("--errors", a.errors)]
    outputs: list[tuple[str, str, str | int]] = [
        (role, "standard output", 1) if path == "-" else (role, path, path) for role, path in roles if path
    ]
    for _, name, output in outputs:
        for path in a.files:
            if same_file(0 if path == "-" else path, output):
                raise UsageError(f"{name}: is also an input; --in-place rewrites a file")
    for at, (role, name, output) in enumerate(outputs):
        for other, its_name, its in outputs[:at]:
            if same_file(output, its):
                raise UsageError(f"{name if its == 1 else its_name}: is {other} and {role} as well")
    for path in a.files if a.in_place else ():
        if any(same_file(path + (a.in_place or ""), other) for other in a.files):
            raise UsageError(f"{path + (a.in_place or '')}: is also an input; the backup would replace it")
