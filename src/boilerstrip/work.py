"""What the filter does with a batch of texts: bytes in, bytes out, the same in every process.

A task holds what was read and a result what is to be written, so that both can travel. Nothing here reads or writes
files or says anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .jsonl import BYTES_KEPT, Record, json_bytes, parse_line
from .parallel import TaskError
from .streams import ReadError, decode, encode, plain_encoding

if TYPE_CHECKING:
    from . import Config, Explanation, Stripper

__all__ = ["FORMATS", "Done", "Lines", "Rows", "Settings", "Task", "Whole", "Work", "start"]

FORMATS = ("text", "jsonl", "tsv")


class Whole(NamedTuple):
    """A file that is one text or one page."""

    file: str
    data: bytes


class Lines(NamedTuple):
    """Lines of a file of JSON Lines, with their line ends; ``first`` is the number of the first of them."""

    file: str
    first: int
    lines: list[bytes]


class Rows(NamedTuple):
    """Texts of a column, and the addresses beside them if they are pages; ``first`` is the number of the first row."""

    file: str
    first: int
    texts: list[str | None]
    urls: list[str | None]


Task = Whole | Lines | Rows


class Settings(NamedTuple):
    """What decides on the bytes that are written.

    Attributes:
        config: settings of the stripper.
        html: the texts are pages.
        encoding: of bytes in and out; ``None`` is UTF-8, or what a page says.
        field, into, url_field: of JSON Lines and Rows: where the text is, where the story goes, where the address is.
        format: one of ``FORMATS``.
        paragraphs: whether paragraphs are to be counted.
        removed: whether what is taken out is wanted.
        errors: whether bad lines are wanted apart; otherwise they stay among the others.
    """

    config: Config
    html: bool = False
    encoding: str | None = None
    field: str = "text"
    into: str = "text"
    url_field: str = "url"
    format: str = "text"
    paragraphs: bool = False
    removed: bool = False
    errors: bool = False


@dataclass(slots=True)
class Done:
    """What became of a task.

    Attributes:
        records: texts, lines or rows in it.
        output, removed, errors: the bytes to write.
        texts: of Rows, what stands in the column afterwards.
        changed: whether anything is different from what was read.
        paragraphs: how many there were, and ``gone``, how many were taken out, by label; both 0 where not wanted.
        problems: what could not be done and was passed through, by line number (``None`` for a whole file).
        notes: what is no error, likewise.
    """

    records: int = 0
    output: bytes = b""
    removed: bytes = b""
    errors: bytes = b""
    texts: list[str | None] = field(default_factory=list)
    changed: bool = False
    paragraphs: int = 0
    gone: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[int | None, str]] = field(default_factory=list)
    notes: list[tuple[int | None, str]] = field(default_factory=list)

    def add(self, explanation: Explanation, line: int | None) -> None:
        """Count what went of a text and note what there is to say of it."""
        self.paragraphs += len(explanation.paragraphs)
        for paragraph in explanation.removed:
            self.gone[paragraph.label.value] = self.gone.get(paragraph.label.value, 0) + 1
        if explanation.braked or explanation.note:
            self.notes.append((line, explanation.note or "left alone: more would have gone than the brake allows"))


class _Line(NamedTuple):
    """A line of JSON Lines; ``record`` and ``text`` are None where it is blank, and where it is bad, with a reason."""

    data: bytes
    mark: bytes = b""
    record: Record | None = None
    text: str | None = None
    reason: str = ""


class Work:
    """Does tasks under fixed settings.

    Raises:
        OSError, ValueError: the weights are damaged or missing.
    """

    def __init__(self, settings: Settings) -> None:
        from . import Stripper

        self._settings = settings
        self._stripper: Stripper = Stripper(settings.config)
        self._stripper.explain("")  # now is the time to find the weights damaged
        # finding reasons for every paragraph takes longer than deciding on it
        self._with_paragraphs = settings.paragraphs or settings.removed or settings.format != "text"
        self._encoding = plain_encoding(settings.encoding or "utf-8")

    def __call__(self, task: Task) -> Done:
        """Do a task.

        Raises:
            ReadError: a page's text cannot be written in the encoding that was asked for.
            TaskError: a package is missing.
        """
        if isinstance(task, Lines):
            return self._lines(task)
        if isinstance(task, Rows):
            return self._rows(task)
        return self._page(task) if self._settings.html else self._text(task)

    def _text(self, task: Whole) -> Done:
        done = Done(records=1, output=task.data)
        try:
            decoded = decode(task.data, self._settings.encoding or "utf-8")
        except ValueError as error:
            done.problems.append((None, f"{error}; passed through"))
            return done
        (explanation,) = self._stripper.explain_many([decoded.text], paragraphs=self._with_paragraphs)
        done.output = self._written(decoded.encode(explanation.text), task.file, None, explanation)
        self._finish(done, task.file, None, explanation)
        done.changed = done.output != task.data
        return done

    def _page(self, task: Whole) -> Done:
        encoding = self._settings.encoding
        explanation = self._explain_html(task.data.decode(encoding, "replace") if encoding else task.data, None)
        # the extracted text is no piece of a file, and the next page's must not begin on its last line
        text = explanation.text if not explanation.text or explanation.text.endswith("\n") else explanation.text + "\n"
        try:
            after = encode(text, self._encoding)
        except UnicodeEncodeError as error:
            character = error.object[error.start]
            raise ReadError(task.file, f"{character!r} cannot be written in {encoding}") from None
        done = Done(records=1, output=self._written(after, task.file, None, explanation), changed=True)
        self._finish(done, task.file, None, explanation)
        return done

    def _lines(self, task: Lines) -> Done:
        lines = [self._line(data) for data in task.lines]
        explanations = self._explain_all([(line.text, line.record) for line in lines if line.text is not None])
        done = Done(records=len(lines))
        written, removed, errors = [], [], []
        for number, line in enumerate(lines, task.first):
            if line.record is None or line.text is None:
                if line.reason:
                    done.problems.append((number, line.reason))
                if line.reason and self._settings.errors:
                    errors.append(self._error(task.file, number, line))
                elif self._settings.format == "text":
                    written.append(line.data)
                continue
            explanation = next(explanations)
            after = self._replaced(line, line.record, explanation.text)
            done.changed = done.changed or after != line.data
            written.append(self._written(after, task.file, number, explanation))
            done.add(explanation, number)
            if self._settings.removed:
                removed.append(_removed(task.file, number, explanation, self._encoding))
        done.output, done.removed, done.errors = b"".join(written), b"".join(removed), b"".join(errors)
        return done

    def _line(self, data: bytes) -> _Line:
        if not data.strip():
            return _Line(data)
        try:
            decoded = decode(data, self._settings.encoding or "utf-8")
            record = parse_line(decoded.text, decoded.encoding)
            return _Line(data, decoded.mark, record, record.text(self._settings.field))
        except ValueError as error:  # LineError is one
            return _Line(data, reason=str(error))

    def _replaced(self, line: _Line, record: Record, text: str) -> bytes:
        field, into = self._settings.field, self._settings.into
        if text == line.text and into == field:
            return line.data
        return line.mark + record.replaced(field, into, text)

    def _error(self, file: str, number: int, line: _Line) -> bytes:
        """A bad line as an object. What is not in the encoding becomes lone surrogates, from which it can be had."""
        text = line.data.rstrip(b"\r\n").decode(self._encoding, "surrogateescape")
        row = {"file": file, "line": number, "error": line.reason, "data": text}
        return json_bytes(row, self._encoding) + b"\n"

    def _rows(self, task: Rows) -> Done:
        held = [at for at, text in enumerate(task.texts) if text is not None]
        urls = task.urls or [None] * len(task.texts)
        explanations = self._explain_all([(task.texts[at] or "", urls[at]) for at in held])
        done = Done(records=len(task.texts), texts=list(task.texts))
        written, removed = [], []
        for at in held:
            explanation = next(explanations)
            number = task.first + at
            done.texts[at] = explanation.text
            done.changed = done.changed or explanation.text != task.texts[at]
            if self._settings.format != "text":
                written.append(self._written(b"", task.file, number, explanation))
            done.add(explanation, number)
            if self._settings.removed:
                removed.append(_removed(task.file, number, explanation, self._encoding))
        done.output, done.removed = b"".join(written), b"".join(removed)
        return done

    def _explain_all(self, texts: list[tuple[str, Record | str | None]]) -> Iterator[Explanation]:
        """The explanations of texts; beside each its record or its address, if it is a page."""
        if self._settings.html:
            return (self._explain_html(page, self._url(beside)) for page, beside in texts)
        return self._stripper.explain_many((text for text, _ in texts), paragraphs=self._with_paragraphs)

    def _url(self, beside: Record | str | None) -> str | None:
        return beside.optional(self._settings.url_field) if isinstance(beside, Record) else beside

    def _explain_html(self, page: str | bytes, url: str | None) -> Explanation:
        try:
            return self._stripper.explain_html(page, url=url)
        except ImportError as error:
            raise TaskError(f"--html: {error}") from None

    def _written(self, after: bytes, file: str, line: int | None, explanation: Explanation) -> bytes:
        if self._settings.format == "jsonl":
            return _as_jsonl(file, line, explanation, self._encoding)
        if self._settings.format == "tsv":
            return _as_tsv(file, line, explanation, self._encoding)
        return after

    def _finish(self, done: Done, file: str, line: int | None, explanation: Explanation) -> None:
        done.add(explanation, line)
        if self._settings.removed:
            done.removed = _removed(file, line, explanation, self._encoding)


def start(settings: Settings) -> Work:
    """Get ready to work, in a process of its own."""
    return Work(settings)


# ---------------------------------------------------------------------------------------------------------------------
# Reports.


def _rows(file: str, line: int | None, explanation: Explanation) -> Iterator[dict[str, object]]:
    """A row for each paragraph, the columns in the order in which they are written."""
    gone = {(paragraph.start, paragraph.end) for paragraph in explanation.removed}
    place: dict[str, object] = {"file": file} if line is None else {"file": file, "line": line}
    for paragraph in explanation.paragraphs:
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


def _as_jsonl(file: str, line: int | None, explanation: Explanation, encoding: str) -> bytes:
    end = "\n".encode(encoding)
    return b"".join(json_bytes(row, encoding) + end for row in _rows(file, line, explanation))


def _as_tsv(file: str, line: int | None, explanation: Explanation, encoding: str) -> bytes:
    lines = ("\t".join(map(_cell, row.values())) + "\n" for row in _rows(file, line, explanation))
    return "".join(lines).encode(encoding, BYTES_KEPT)


def _removed(file: str, line: int | None, explanation: Explanation, encoding: str) -> bytes:
    """What was taken out: of records an object for each paragraph, else their text."""
    if line is None:
        return "".join(f"{paragraph.text}\n" for paragraph in explanation.removed).encode(encoding, BYTES_KEPT)
    pieces = []
    for paragraph in explanation.removed:
        kind = paragraph.kind.value if paragraph.kind else None
        row = {"file": file, "line": line, "label": paragraph.label.value, "kind": kind, "text": paragraph.text}
        pieces.append(json_bytes(row, encoding) + b"\n")
    return b"".join(pieces)
