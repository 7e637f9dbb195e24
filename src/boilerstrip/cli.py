"""The filter ``boilerstrip``: article text in, the story out.

Bytes in, bytes out: what stays is written as it was read, whatever its encoding and line ends. Everything that may
go wrong with a file is one line on standard error and exit status 2, after the rest was done.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TextIO

from .jsonl import BYTES_KEPT, Record, json_bytes, parse_line
from .streams import (
    ClosedPipe,
    ReadError,
    Replacement,
    Sink,
    StreamError,
    decode,
    encode,
    open_output,
    plain_encoding,
    read_all,
    read_lines,
    same_file,
    writing,
)

if TYPE_CHECKING:
    from . import Config, Explanation, Stripper

__all__ = ["main"]

_FORMATS = ("text", "jsonl", "tsv")

#: Lines of JSON that are labelled together, and the bytes after which a batch is full all the same: enough for the
#: arrays to pay, little enough that memory does not depend on the length of the file.
_BATCH_LINES, _BATCH_BYTES = 256, 1_000_000

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
  find corpus -name '*.txt' -print0 | xargs -0 boilerstrip --in-place=.orig
  boilerstrip --check article.txt || echo 'something would go'

exit status:
  0  done
  1  with --check: something would go
  2  an error, named on standard error; everything else was done
"""


class _UsageError(Exception):
    """A request that cannot be carried out; the message is one line for a person."""


# ---------------------------------------------------------------------------------------------------------------------
# Arguments.


class _Arguments(argparse.Namespace):
    """The command line, with the types of its parts."""

    files: list[str]
    html: bool
    jsonl: bool
    field: str | None
    into: str | None
    url_field: str | None
    line_buffered: bool
    encoding: str | None
    format: str
    output: str | None
    removed: str | None
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


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print with a usage message before it."""
        raise _UsageError(message)


def _nearest(word: str, known: Iterable[str]) -> str:
    return difflib.get_close_matches(word, list(known), n=1, cutoff=0.0)[0]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number") from None


def _format(word: str) -> str:
    if word not in _FORMATS:
        raise argparse.ArgumentTypeError(f"there is no {word!r}; did you mean {_nearest(word, _FORMATS)!r}?")
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


def _parser() -> _Parser:
    parser = _Parser(
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
    group.add_argument("--field", metavar="NAME", help="with --jsonl: where the text is (default: text)")
    group.add_argument("--into", metavar="NAME", help="with --jsonl: where the story goes (default: the same field)")
    group.add_argument("--url-field", metavar="NAME", help="with --jsonl --html: where the URL is (default: url)")
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


def _parse(parser: _Parser, argv: Sequence[str]) -> _Arguments:
    words = list(argv)
    # argparse would take the FILE after a bare --in-place for its suffix
    stop = words.index("--") if "--" in words else len(words)
    options = ["-i" if word == "--in-place" else word for word in words[:stop]]
    arguments, rest = parser.parse_known_intermixed_args(options, _Arguments())
    if arguments.help or arguments.version:
        return arguments
    if rest:
        known = re.findall(r"--[a-z][a-z-]+", parser.format_help())
        name = rest[0].partition("=")[0]
        raise _UsageError(f"there is no option {name!r}; did you mean {_nearest(name, known)!r}?")
    # what is behind -- is a name, whatever it looks like
    arguments.files = [*arguments.files, *words[stop + 1 :]] or ["-"]
    _refuse_contradictions(arguments)
    _refuse_own_input(arguments)
    return arguments


def _refuse_contradictions(a: _Arguments) -> None:
    in_place = a.in_place is not None
    to_stdout = a.output in (None, "-") and not in_place
    jsonl_only = (("--field", a.field), ("--into", a.into), ("--url-field", a.url_field))
    names = [name for name, value in jsonl_only if value is not None] + ["--line-buffered"] * a.line_buffered
    one_byte = "\n".encode(plain_encoding(a.encoding or "utf-8")) == b"\n"
    refusals = (
        (bool(names) and not a.jsonl, f"{', '.join(names)} without --jsonl"),
        (a.url_field is not None and not a.html, "--url-field without --html"),
        (a.into is not None and a.format != "text", f"--into with --format {a.format}"),
        (in_place and "-" in a.files, "--in-place with standard input"),
        (in_place and a.output is not None, "--in-place with --output"),
        (in_place and a.format != "text", f"--in-place with --format {a.format}"),
        (in_place and a.html and not a.jsonl, "--in-place with --html: text would take the place of the page"),
        (in_place and os.path.basename(a.in_place or "") != (a.in_place or ""), "--in-place: a suffix is no path"),
        (a.check and in_place, "--check with --in-place"),
        (a.check and a.output is not None, "--check with --output"),
        (a.check and a.removed is not None, "--check with --removed"),
        (a.check and a.format != "text", f"--check with --format {a.format}"),
        (a.removed == "-" and to_stdout, "--removed - with the story on standard output too"),
        (a.jsonl and not one_byte, f"--jsonl with --encoding {a.encoding}"),
    )
    for refused, message in refusals:
        if refused:
            raise _UsageError(f"{message} makes no sense" if ":" not in message else message)


def _refuse_own_input(a: _Arguments) -> None:
    """No output may be an input, under whatever name: it would be lost or read for ever."""
    outputs: list[tuple[str, str | int]] = [(path, path) for path in (a.output, a.removed) if path and path != "-"]
    if not a.check and (a.removed == "-" or (a.output in (None, "-") and a.in_place is None)):
        outputs.append(("standard output", 1))
    for name, output in outputs:
        for path in a.files:
            if same_file(0 if path == "-" else path, output):
                raise _UsageError(f"{name}: is also an input; --in-place rewrites a file")
    if len(outputs) == 2 and same_file(outputs[0][1], outputs[1][1]):
        raise _UsageError(f"{outputs[0][0]}: is the output and --removed as well")
    for path in a.files if a.in_place else ():
        if any(same_file(path + (a.in_place or ""), other) for other in a.files):
            raise _UsageError(f"{path + (a.in_place or '')}: is also an input; the backup would replace it")


# ---------------------------------------------------------------------------------------------------------------------
# Messages.


class _Messages:
    """What is said on standard error, and whether any of it was an error."""

    def __init__(self) -> None:
        self.failed = False
        self.quiet = False

    def error(self, text: str) -> None:
        """Say what went wrong."""
        self.failed = True
        self._say(f"boilerstrip: {text}")

    def note(self, text: str) -> None:
        """Say what is no error, unless nobody wants to hear it."""
        if not self.quiet:
            self._say(text)

    @staticmethod
    def _say(text: str) -> None:
        if sys.stderr is not None:
            try:
                # file names may hold anything, and a message is one line
                sys.stderr.write("\\n".join(text.splitlines()) + "\n")
                sys.stderr.flush()
            except OSError:
                _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Send what is left in a broken stream nowhere, so that the interpreter does not stumble over it when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()


# ---------------------------------------------------------------------------------------------------------------------
# From files to outcomes.


class _Outcome(NamedTuple):
    """What became of one text.

    Attributes:
        file: the input that it stood in.
        line: its line with --jsonl, else None.
        before, after: the bytes of the text, or of the line.
        explanation: None where the line was passed through unread.
    """

    file: str
    line: int | None
    before: bytes
    after: bytes
    explanation: Explanation | None


class _Line(NamedTuple):
    """A line of JSON Lines; ``record`` and ``text`` are None where it is blank or bad."""

    number: int
    data: bytes
    mark: bytes = b""
    record: Record | None = None
    text: str | None = None


class _Reader:
    """Reads inputs and has every text decided."""

    def __init__(self, arguments: _Arguments, messages: _Messages, stripper: Stripper) -> None:
        self._html = arguments.html
        self._jsonl = arguments.jsonl
        self._encoding = arguments.encoding
        self._field = "text" if arguments.field is None else arguments.field
        self._into = self._field if arguments.into is None else arguments.into
        self._url_field = "url" if arguments.url_field is None else arguments.url_field
        self._batch = 1 if arguments.line_buffered else _BATCH_LINES
        # finding reasons for every paragraph takes longer than deciding on it
        self._paragraphs = arguments.check or arguments.verbose or arguments.removed is not None or arguments.format != "text"
        self._messages = messages
        self._stripper = stripper

    def outcomes(self, path: str) -> Iterator[_Outcome]:
        """Every text of a file, in order.

        Raises:
            ReadError: the file cannot be read to its end. What could be read came before.
        """
        if self._jsonl:
            return self._lines(path)
        return self._page(path) if self._html else self._text(path)

    def _text(self, path: str) -> Iterator[_Outcome]:
        data = read_all(path)
        try:
            decoded = decode(data, self._encoding or "utf-8")
        except ValueError as error:
            self._messages.error(f"{path}: {error}; passed through")
            yield _Outcome(path, None, data, data, None)
            return
        (explanation,) = self._stripper.explain_many([decoded.text], paragraphs=self._paragraphs)
        yield _Outcome(path, None, data, decoded.encode(explanation.text), explanation)

    def _page(self, path: str) -> Iterator[_Outcome]:
        data = read_all(path)
        explanation = self._explain_html(data.decode(self._encoding, "replace") if self._encoding else data, None)
        # the extracted text is no piece of a file, and the next page's must not begin on its last line
        text = explanation.text if not explanation.text or explanation.text.endswith("\n") else explanation.text + "\n"
        try:
            after = encode(text, plain_encoding(self._encoding or "utf-8"))
        except UnicodeEncodeError as error:
            raise ReadError(path, f"{error.object[error.start]!r} cannot be written in {self._encoding}") from None
        yield _Outcome(path, None, data, after, explanation)

    def _lines(self, path: str) -> Iterator[_Outcome]:
        lines = (self._line(path, number, data) for number, data in enumerate(read_lines(path), 1))
        for batch in _batches(lines, self._batch):
            explanations = self._explain_all([line for line in batch if line.text is not None])
            for line in batch:
                if line.record is None or line.text is None:
                    yield _Outcome(path, line.number, line.data, line.data, None)
                    continue
                explanation = next(explanations)
                after = line.data
                if explanation.text != line.text or self._into != self._field:
                    after = line.mark + line.record.replaced(self._field, self._into, explanation.text)
                yield _Outcome(path, line.number, line.data, after, explanation)

    def _line(self, path: str, number: int, data: bytes) -> _Line:
        if not data.strip():
            return _Line(number, data)
        try:
            decoded = decode(data, self._encoding or "utf-8")
            record = parse_line(decoded.text, decoded.encoding)
            return _Line(number, data, decoded.mark, record, record.text(self._field))
        except ValueError as error:  # LineError is one
            self._messages.error(f"{path}:{number}: {error}")
            return _Line(number, data)

    def _explain_all(self, lines: list[_Line]) -> Iterator[Explanation]:
        if self._html:
            # lone surrogates are no characters of a page, and parsers refuse them
            pages = ((line.record, (line.text or "").encode("utf-8", "replace").decode()) for line in lines)
            return (
                self._explain_html(page, record.optional(self._url_field) if record else None) for record, page in pages
            )
        return self._stripper.explain_many([line.text or "" for line in lines], paragraphs=self._paragraphs)

    def _explain_html(self, page: str | bytes, url: str | None) -> Explanation:
        try:
            return self._stripper.explain_html(page, url=url)
        except ImportError as error:
            raise _UsageError(f"--html: {error}") from None


def _batches(lines: Iterator[_Line], size: int) -> Iterator[list[_Line]]:
    """Lines in lists; where reading fails, those before come first and the failure after them."""
    batch: list[_Line] = []
    filled = 0
    failure = None
    try:
        for line in lines:
            batch.append(line)
            filled += len(line.data)
            if len(batch) >= size or filled >= _BATCH_BYTES:
                yield batch
                batch, filled = [], 0
    except ReadError as error:
        failure = error
    if batch:
        yield batch
    if failure:
        raise failure


# ---------------------------------------------------------------------------------------------------------------------
# From outcomes to bytes.


def _rows(outcome: _Outcome) -> Iterator[dict[str, object]]:
    """A row for each paragraph, the columns in the order in which they are written."""
    if outcome.explanation is None:
        return
    gone = {(paragraph.start, paragraph.end) for paragraph in outcome.explanation.removed}
    place = {"file": outcome.file} if outcome.line is None else {"file": outcome.file, "line": outcome.line}
    for paragraph in outcome.explanation.paragraphs:
        yield {
            **place,
            "start": paragraph.start,
            "end": paragraph.end,
            "label": paragraph.label.value,
            "kind": paragraph.kind.value if paragraph.kind else None,
            "confidence": round(float(paragraph.confidence), 4),
            "kept": (paragraph.start, paragraph.end) not in gone,
            "reasons": [str(reason) for reason in paragraph.reasons],
            "text": paragraph.text,
        }


_TSV_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def _cell(value: object) -> str:
    if isinstance(value, list):
        value = "; ".join(value)
    if isinstance(value, bool):
        value = str(value).lower()
    return "" if value is None else str(value).translate(_TSV_ESCAPES)


def _as_text(outcome: _Outcome, encoding: str) -> bytes:
    del encoding  # the bytes are there already
    return outcome.after


def _as_jsonl(outcome: _Outcome, encoding: str) -> bytes:
    end = "\n".encode(encoding)
    return b"".join(json_bytes(row, encoding) + end for row in _rows(outcome))


def _as_tsv(outcome: _Outcome, encoding: str) -> bytes:
    lines = ("\t".join(map(_cell, row.values())) + "\n" for row in _rows(outcome))
    return "".join(lines).encode(encoding, BYTES_KEPT)


_WRITERS = {"text": _as_text, "jsonl": _as_jsonl, "tsv": _as_tsv}


def _removed(outcome: _Outcome, encoding: str) -> bytes:
    """What was taken out: with --jsonl an object for each paragraph, else their text."""
    gone = outcome.explanation.removed if outcome.explanation else ()
    if outcome.line is None:
        return "".join(f"{paragraph.text}\n" for paragraph in gone).encode(encoding, BYTES_KEPT)
    pieces = []
    for paragraph in gone:
        kind = paragraph.kind.value if paragraph.kind else None
        row = {
            "file": outcome.file,
            "line": outcome.line,
            "label": paragraph.label.value,
            "kind": kind,
            "text": paragraph.text,
        }
        pieces.append(json_bytes(row, encoding) + b"\n")
    return b"".join(pieces)


# ---------------------------------------------------------------------------------------------------------------------
# The three ways to run.


@dataclass(slots=True)
class _Tally:
    """What went of one input."""

    paragraphs: int = 0
    gone: dict[str, int] = field(default_factory=lambda: {"wire": 0, "credits": 0, "solicitation": 0})

    def add(self, outcome: _Outcome) -> None:
        """Count the paragraphs of an outcome."""
        if outcome.explanation:
            self.paragraphs += len(outcome.explanation.paragraphs)
            for paragraph in outcome.explanation.removed:
                self.gone[paragraph.label.value] += 1

    def __str__(self) -> str:
        return f"{sum(self.gone.values())} of {self.paragraphs} paragraphs"


class _Run:
    """The inputs of one call, gone through in one of three ways."""

    def __init__(self, arguments: _Arguments, messages: _Messages, stripper: Stripper) -> None:
        self._arguments = arguments
        self._messages = messages
        self._reader = _Reader(arguments, messages, stripper)
        self._encoding = plain_encoding(arguments.encoding or "utf-8")

    def check(self) -> bool:
        """Say of each input how much would go; whether anything would."""
        some = False
        for path in self._arguments.files:
            tally = _Tally()
            try:
                for outcome in self._reader.outcomes(path):
                    tally.add(outcome)
            except ReadError as error:
                self._messages.error(str(error))
                continue
            some = some or any(tally.gone.values())
            self._messages.note(f"{path}: {tally} would go")
        return some

    def copy(self) -> None:
        """Write what stays of all inputs, one after the other."""
        with ExitStack() as outputs:
            out = outputs.enter_context(open_output(self._arguments.output or "-"))
            removed = self._open_removed(outputs)
            for path in self._arguments.files:
                try:
                    self._copy_one(path, out, removed)
                except ReadError as error:
                    self._messages.error(str(error))

    def rewrite(self) -> None:
        """Write what stays of each input in its own place."""
        with ExitStack() as outputs:
            removed = self._open_removed(outputs)
            for path in self._arguments.files:
                try:
                    self._rewrite_one(path, removed)
                except StreamError as error:
                    if error.where == self._arguments.removed:
                        raise
                    self._messages.error(str(error))

    def _open_removed(self, outputs: ExitStack) -> Sink | None:
        path = self._arguments.removed
        return None if path is None else outputs.enter_context(open_output(path))

    def _copy_one(self, path: str, out: Sink, removed: Sink | None) -> None:
        writer = _WRITERS[self._arguments.format]
        for outcome in self._told(path):
            if outcome.line == 1 and out.inside_line:  # the last line of the file before had no end
                out.write(b"\n")
            out.write(writer(outcome, self._encoding))
            if removed:
                removed.write(_removed(outcome, self._encoding))
            if self._arguments.line_buffered:
                out.flush()
                if removed:
                    removed.flush()

    def _rewrite_one(self, path: str, removed: Sink | None) -> None:
        _refuse_special(path)
        with Replacement(path) as new:
            changed = False
            for outcome in self._told(path):
                changed = changed or outcome.after != outcome.before
                new.sink.write(outcome.after)
                if removed:
                    removed.write(_removed(outcome, self._encoding))
            if changed:
                new.commit(self._arguments.in_place or "")

    def _told(self, path: str) -> Iterator[_Outcome]:
        """The outcomes of a file, with the notes and the count that the user wants to read."""
        tally = _Tally()
        for outcome in self._reader.outcomes(path):
            yield outcome
            tally.add(outcome)
            if outcome.explanation and (outcome.explanation.braked or outcome.explanation.note):
                where = path if outcome.line is None else f"{path}:{outcome.line}"
                note = outcome.explanation.note or "left alone: more would have gone than the brake allows"
                self._messages.note(f"boilerstrip: {where}: {note}")
        if self._arguments.verbose:
            labels = ", ".join(f"{label} {count}" for label, count in tally.gone.items())
            self._messages.note(f"boilerstrip: {path}: {tally} went ({labels})")


def _refuse_special(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from None
    if not stat.S_ISREG(mode):
        raise ReadError(path, "Is a directory" if stat.S_ISDIR(mode) else "not a regular file")


# ---------------------------------------------------------------------------------------------------------------------
# The whole.


def _config(arguments: _Arguments) -> Config:
    from . import Config, ConfigError

    settings: dict[str, object] = {
        "keep": Config().keep.union(*(arguments.keep or ())),
        "drop": frozenset().union(*(arguments.drop or ())),
    }
    for name in ("strictness", "brake", "segmentation"):
        if getattr(arguments, name) is not None:
            settings[name] = getattr(arguments, name)
    try:
        return Config.from_mapping(settings)
    except ConfigError as error:  # its message begins with the setting's name, which is the option's
        raise _UsageError(f"--{error}") from None


def _stripper(arguments: _Arguments) -> Stripper:
    from . import Stripper

    config = _config(arguments)
    try:
        stripper = Stripper(config)
        stripper.explain("")  # now is the time to find the weights damaged
    except (OSError, ValueError) as error:
        raise _UsageError(str(error)) from None
    return stripper


def _run(argv: Sequence[str], messages: _Messages) -> int:
    parser = _parser()
    arguments = _parse(parser, argv)
    messages.quiet = arguments.quiet
    if arguments.help or arguments.version:
        from . import __version__

        with open_output("-") as out:
            out.write((parser.format_help() if arguments.help else f"boilerstrip {__version__}\n").encode())
        return 0
    run = _Run(arguments, messages, _stripper(arguments))
    if arguments.check:
        return int(run.check())
    if arguments.in_place is not None:
        run.rewrite()
    else:
        run.copy()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the filter.

    Args:
        argv: the arguments, those of the process by default.

    Returns:
        The exit status.
    """
    messages = _Messages()
    status = 0
    try:
        status = _run(sys.argv[1:] if argv is None else argv, messages)
    except (_UsageError, StreamError) as error:
        messages.error(str(error))
    except ClosedPipe:
        pass
    except KeyboardInterrupt:
        status = 130
    if not _flushed(messages):
        status = status or 2
    return status if status == 130 else 2 if messages.failed else status


def _flushed(messages: _Messages) -> bool:
    """Empty the buffer of standard output before the interpreter does, which would print a traceback."""
    if sys.stdout is not None:
        try:
            with writing("standard output"):
                sys.stdout.flush()
        except ClosedPipe:
            _discard(sys.stdout)
        except StreamError as error:
            if not messages.failed:
                messages.error(str(error))
            _discard(sys.stdout)
    return not messages.failed
