"""The ways of the filter through its inputs: copying, rewriting in place, checking, and going on after an interruption.

Inputs are read into tasks, tasks are done here or in other processes (:mod:`boilerstrip.work`), and what comes of them
is written in order.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .arguments import Arguments, UsageError
from .messages import Messages, Progress
from .parallel import Mapper
from .streams import LineSource, ReadError, Replacement, Sink, StreamError, open_output, read_all
from .work import Done, Lines, Rows, Settings, Task, Whole

if TYPE_CHECKING:
    from .parquet import Piece, RowSource, RowWriter
    from .resume import Mark, ResumableOutputs, Trail

__all__ = ["Run"]

#: Lines of JSON that are labelled together, and the bytes after which a batch is full all the same: enough for the
#: arrays to pay, little enough that memory does not depend on the length of the file. Pages take so long each that
#: the processes would wait for one another at the end of larger batches.
_BATCH_LINES, _BATCH_PAGES, _BATCH_BYTES = 256, 64, 1_000_000
#: Batches between two marks of --resume: some seconds' work is lost at most. The marks stand where the input says,
#: not the clock, so that an interrupted run gives the same bytes as one that was not.
_MARK_BATCHES = 16
#: Bad lines of one input that are named each; of further ones only the number is said.
_NAMED = 20

# ---------------------------------------------------------------------------------------------------------------------
# From files to tasks.


class _Tag(NamedTuple):
    """What is to be remembered of a task, or of a place between tasks, while it is done elsewhere.

    Attributes:
        path: the input.
        position: how many of its bytes were read.
        first: whether this is the first task of the input.
        last: whether this is no task but the end of the input, and ``failure``, why it came early.
        mark: how far the inputs are read, where it is time for a mark.
        piece: the rows of a Parquet file.
    """

    path: str
    position: int = 0
    first: bool = False
    last: bool = False
    failure: ReadError | None = None
    mark: Mark | None = None
    piece: Piece | None = None


_Tasks = Iterator[tuple[_Tag, Task | None]]


class _Feed:
    """Reads inputs and makes tasks of them.

    Args:
        arguments: the command line.
        settings: what goes with it.
        trail: what was read before, with --resume.
        accept: sees each Parquet file before it is read, and may refuse it with a :class:`ReadError`.
    """

    def __init__(
        self,
        arguments: Arguments,
        settings: Settings,
        trail: Trail | None = None,
        accept: Callable[[str, RowSource], None] | None = None,
    ) -> None:
        self._arguments = arguments
        self._settings = settings
        self._trail = trail
        self._accept = accept
        self._lines_together = 1 if arguments.line_buffered else _BATCH_PAGES if arguments.html else _BATCH_LINES

    def all(self, paths: Sequence[str]) -> _Tasks:
        """The tasks of all inputs. One that cannot be read to its end says so at its end.

        Raises:
            StreamError: the inputs are not those of the interrupted run.
        """
        for path in paths:
            yield from self.of(path)
        if self._trail:
            self._trail.end(paths[-1])

    def of(self, path: str) -> _Tasks:
        """The tasks of an input, and its end."""
        failure = None
        try:
            if self._arguments.parquet:
                yield from self._rows(path)
            elif self._arguments.jsonl:
                yield from self._lines(path)
            else:
                yield _Tag(path, first=True), Whole(path, read_all(path))
        except ReadError as error:
            failure = error
        if not self._trail or not self._trail.behind:
            yield _Tag(path, last=True, failure=failure), None
        elif failure:
            raise failure

    def _lines(self, path: str) -> _Tasks:
        source = _line_source(path, self._arguments.warc)
        number = 1
        for lines in self._batched(source):
            if self._trail is None:
                yield _Tag(path, source.position, first=number == 1), Lines(path, number, lines)
            elif self._trail.step(path, number, lines):
                mark = self._trail.mark()
                yield _Tag(path, source.position, first=number == 1, mark=mark), Lines(path, number, lines)
            number += len(lines)

    def _batched(self, source: LineSource) -> Iterator[list[bytes]]:
        """Lines in lists; where reading fails, those before come first and the failure after them."""
        batch: list[bytes] = []
        filled = 0
        failure = None
        try:
            for line in source:
                batch.append(line)
                filled += len(line)
                if len(batch) >= self._lines_together or filled >= _BATCH_BYTES:
                    yield batch
                    batch, filled = [], 0
        except ReadError as error:
            failure = error
        if batch:
            yield batch
        if failure:
            raise failure

    def _rows(self, path: str) -> _Tasks:
        url_field = self._settings.url_field if self._arguments.html else None
        with closing(_row_source(path, self._settings.field, url_field)) as source:
            if self._accept:
                self._accept(path, source)
            for piece in source:
                tag = _Tag(path, piece.position, first=piece.first == 1, piece=piece)
                yield tag, Rows(path, piece.first, piece.texts, piece.urls)


def _line_source(path: str, warc: bool) -> LineSource:
    if not warc:
        return LineSource(path)
    from .warc import WarcSource

    return WarcSource(path)


def _row_source(path: str, field: str, url_field: str | None = None) -> RowSource:
    from .parquet import MissingPackage, RowSource

    try:
        return RowSource(path, field, url_field)
    except MissingPackage as error:
        raise UsageError(str(error)) from None


# ---------------------------------------------------------------------------------------------------------------------
# The three ways to run.


@dataclass(slots=True)
class _Tally:
    """What was found in one input."""

    paragraphs: int = 0
    gone: dict[str, int] = field(default_factory=lambda: {"wire": 0, "credits": 0, "solicitation": 0})
    problems: int = 0
    notes: int = 0

    def add(self, done: Done) -> None:
        """Count what came of a task."""
        self.paragraphs += done.paragraphs
        for label, count in done.gone.items():
            self.gone[label] += count
        self.problems += len(done.problems)
        self.notes += len(done.notes)

    def __str__(self) -> str:
        return f"{sum(self.gone.values())} of {self.paragraphs} paragraphs"


class _Told:
    """Tells the user of what comes of tasks, as it comes."""

    def __init__(self, arguments: Arguments, messages: Messages, progress: Progress) -> None:
        self._arguments = arguments
        self._messages = messages
        self._progress = progress
        self.tally = _Tally()

    def of(self, tag: _Tag, done: Done) -> None:
        """Tell of a task."""
        for number, reason in done.problems[: max(0, _NAMED - self.tally.problems)]:
            self._messages.error(f"{_place(tag.path, number)}: {reason}")
        for number, note in done.notes[: max(0, _NAMED - self.tally.notes)]:
            if not self._arguments.check:
                self._messages.note(f"boilerstrip: {_place(tag.path, number)}: {note}")
        self.tally.add(done)
        # further ones are not said and count all the same
        self._messages.failed = self._messages.failed or bool(done.problems)
        self._progress.at(tag.position, done.records)

    def end(self, tag: _Tag) -> _Tally:
        """Tell of the end of an input; what was found in it."""
        tally, self.tally = self.tally, _Tally()
        self._progress.file_done(tag.path)
        if tally.problems > 1:
            named = f", of which the first {_NAMED} are named" if tally.problems > _NAMED else ""
            self._messages.error(f"{tag.path}: {tally.problems} bad lines{named}")
        if tally.notes > _NAMED and not self._arguments.check:
            self._messages.note(f"boilerstrip: {tag.path}: {tally.notes - _NAMED} more texts with such a note")
        if tag.failure:
            self._messages.error(str(tag.failure))
        elif self._arguments.verbose and not self._arguments.check:
            labels = ", ".join(f"{label} {count}" for label, count in tally.gone.items())
            self._messages.note(f"boilerstrip: {tag.path}: {tally} went ({labels})")
        return tally


def _place(path: str, number: int | None) -> str:
    return path if number is None else f"{path}:{number}"


class Run:
    """The inputs of one call, gone through in one of several ways."""

    def __init__(
        self, arguments: Arguments, messages: Messages, settings: Settings, mapper: Mapper[Task, Done]
    ) -> None:
        self._arguments = arguments
        self._messages = messages
        self._settings = settings
        self._mapper = mapper

    @contextmanager
    def _told(self) -> Iterator[_Told]:
        a = self._arguments
        # a bar and a text on the same terminal would be in each other's way
        apart = a.check or a.in_place is not None or a.output not in (None, "-") or not _to_terminal()
        with self._messages.progress(a.files, wanted=apart and (a.jsonl or a.parquet)) as progress:
            yield _Told(a, self._messages, progress)

    def check(self) -> bool:
        """Say of each input how much would go; whether anything would."""
        some = False
        feed = _Feed(self._arguments, self._settings)
        with self._told() as told:
            for tag, done in self._mapper.map(feed.all(self._arguments.files)):
                if done:
                    told.of(tag, done)
                if tag.last:
                    tally = told.end(tag)
                    if not tag.failure:
                        some = some or any(tally.gone.values())
                        self._messages.note(f"{tag.path}: {tally} would go")
        return some

    def copy(self) -> None:
        """Write what stays of all inputs, one after the other."""
        feed = _Feed(self._arguments, self._settings)
        with self._told() as told, ExitStack() as outputs:
            sinks = [self._open(outputs, path) for path in (self._arguments.output or "-", *self._others())]
            for tag, done in self._mapper.map(feed.all(self._arguments.files)):
                if done:
                    _write(tag, done, *sinks)
                    told.of(tag, done)
                    if self._arguments.line_buffered:
                        for sink in filter(None, sinks):
                            sink.flush()
                if tag.last:
                    told.end(tag)

    def _others(self) -> tuple[str | None, str | None]:
        return self._arguments.removed, self._arguments.errors

    def _open(self, outputs: ExitStack, path: str | None) -> Sink | None:
        return None if path is None else outputs.enter_context(open_output(path))

    def resume(self) -> None:
        """Write what stays of all inputs, from where an interrupted run was.

        An input that cannot be read interrupts the run: others may make up for it before it goes on.
        """
        from .resume import Mark, ResumableOutputs, Trail

        a = self._arguments
        names = [a.output or "", *filter(None, self._others())]
        with self._told() as told, ResumableOutputs(names, self._all_settings()) as outputs:
            self._recall(outputs, told)
            if outputs.complete:
                return
            sinks = [outputs.sinks[name] if name else None for name in (a.output, *self._others())]
            trail = Trail(outputs.mark, _MARK_BATCHES)
            try:
                for tag, done in self._mapper.map(_Feed(a, self._settings, trail).all(a.files)):
                    if done:
                        _write(tag, done, *sinks)
                        told.of(tag, done)
                    if tag.mark:
                        outputs.set_mark(Mark(tag.mark.batches, tag.mark.digest, self._memory(told)))
                    if tag.last:
                        told.end(tag)
                        if tag.failure:
                            raise UsageError(f"{a.output}: not complete; the same command goes on")
            except KeyboardInterrupt:
                self._messages.note(f"boilerstrip: {a.output}: interrupted; the same command goes on")
                raise
            outputs.commit(Mark(trail.batches, trail.digest, self._memory(told)))

    def _all_settings(self) -> dict[str, object]:
        """Whatever decides on the bytes, by the name under which the user knows it."""
        from . import __version__
        from .resume import weights_digest

        a, its = self._arguments, self._settings
        config = its.config
        return {
            "version": __version__,
            "weights": weights_digest(),
            "inputs": a.files,
            "--removed": a.removed,
            "--errors": a.errors,
            "--html": a.html,
            "--warc": a.warc,
            "--encoding": a.encoding,
            "--field": its.field,
            "--into": its.into,
            "--url-field": its.url_field,
            "--format": its.format,
            "--verbose": a.verbose,
            "--keep": sorted(config.keep - {"wire"}),
            "--drop": sorted(config.drop),
            "--strictness": config.strictness,
            "--brake": config.brake,
            "--segmentation": config.segmentation,
        }

    def _memory(self, told: _Told) -> dict[str, object]:
        return {"failed": self._messages.failed, "tally": asdict(told.tally)}

    def _recall(self, outputs: ResumableOutputs, told: _Told) -> None:
        memory = outputs.mark.memory
        self._messages.failed = self._messages.failed or memory.get("failed", False)
        told.tally = _Tally(**memory.get("tally", {}))
        if outputs.complete:
            self._messages.note(f"boilerstrip: {self._arguments.output}: was complete")
        elif outputs.continued:
            self._messages.note(f"boilerstrip: {self._arguments.output}: going on where the interrupted run was")

    def rewrite(self) -> None:
        """Write what stays of each input in its own place."""
        a = self._arguments
        with self._told() as told, ExitStack() as outputs:
            removed = self._open(outputs, a.removed)
            for path in a.files:
                try:
                    if a.parquet:
                        self._rewrite_rows(path, removed, told)
                    else:
                        self._rewrite_one(path, removed, told)
                except StreamError as error:
                    if error.where == a.removed:
                        raise
                    self._messages.error(str(error))

    def _rewrite_one(self, path: str, removed: Sink | None, told: _Told) -> None:
        _refuse_special(path)
        with Replacement(path) as new:
            changed = False
            for tag, done in self._mapper.map(_Feed(self._arguments, self._settings).of(path)):
                if done:
                    changed = changed or done.changed
                    _write(tag, done, new.sink, removed)
                    told.of(tag, done)
                elif told.end(tag) and tag.failure:
                    return
            if changed:
                new.commit(self._arguments.in_place or "")

    def _rewrite_rows(self, path: str, removed: Sink | None, told: _Told) -> None:
        _refuse_special(path)
        with Replacement(path) as new:
            changed, complete = self._write_rows(new, [path], removed, told)
            if changed and complete:
                new.commit(self._arguments.in_place or "")

    def copy_rows(self) -> None:
        """Write what stays of all inputs into one Parquet file."""
        a = self._arguments
        with self._told() as told, ExitStack() as outputs:
            removed = self._open(outputs, a.removed)
            with Replacement(a.output or "") as new:
                self._write_rows(new, a.files, removed, told)
                new.commit()

    def _write_rows(
        self, new: Replacement, paths: Sequence[str], removed: Sink | None, told: _Told
    ) -> tuple[bool, bool]:
        """Write Parquet; whether anything is different from what was read, and whether all was read."""
        changed, complete = self._settings.into != self._settings.field, True
        rows = _RowOutput(new, self._settings)
        for tag, done in self._mapper.map(_Feed(self._arguments, self._settings, accept=rows.accept).all(paths)):
            if done and tag.piece:
                changed = changed or done.changed
                rows.write(tag.piece, done)
                _write(tag, done, None, removed)
                told.of(tag, done)
            if tag.last:
                complete = complete and not tag.failure
                told.end(tag)
        rows.close()
        return changed, complete


class _RowOutput:
    """A Parquet file that takes its form from the first input that can be read."""

    def __init__(self, new: Replacement, settings: Settings) -> None:
        self._new = new
        self._settings = settings
        self._writer: RowWriter | None = None

    def accept(self, path: str, source: RowSource) -> None:
        """See that an input fits.

        Raises:
            ReadError: it does not.
        """
        from .parquet import RowWriter

        if self._writer is None:
            its = self._settings
            self._writer = RowWriter(self._new.raw, self._new.where, source, its.field, its.into)
        self._writer.check(path, source)

    def write(self, piece: Piece, done: Done) -> None:
        """Write a piece."""
        if self._writer:
            self._writer.write(piece, done.texts)

    def close(self) -> None:
        """Complete the file.

        Raises:
            StreamError: there was no input to take its form from.
        """
        if self._writer is None:
            raise StreamError(self._new.where, "is not written, as no input could be read")
        self._writer.close()


def _write(tag: _Tag, done: Done, out: Sink | None, removed: Sink | None, errors: Sink | None = None) -> None:
    if out:
        if tag.first and done.output and out.inside_line:  # the last line of the file before had no end
            out.write(b"\n")
        out.write(done.output)
    if removed:
        removed.write(done.removed)
    if errors:
        errors.write(done.errors)


def _to_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _refuse_special(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from None
    if not stat.S_ISREG(mode):
        raise ReadError(path, "Is a directory" if stat.S_ISDIR(mode) else "not a regular file")
