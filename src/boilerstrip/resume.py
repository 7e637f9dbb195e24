"""Runs that can be broken off and continued: the outputs as far as they are certain, and a journal that says how far.

While a run lasts, ``OUT.part`` holds the output and ``OUT.resume`` the journal. From time to time a *mark* is made: the
outputs are completed up to a point (a compressed one with a whole member, so that it can be cut off there), brought to
the disk, and the journal is replaced by one that names their lengths and digests, and the digest of the input that they
were made from. What is behind the last mark does not count and is cut off when the run goes on.

Nothing is believed that can be checked. The settings must be the same, the input is read again and its digest
compared, and so are the outputs. Where something differs the run is refused and no file is touched.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any, BinaryIO, cast

from .installed import read_installed
from .streams import Sink, StreamError, compression_of, keep_owner_and_mode, reason_of, writing

__all__ = ["JOURNAL", "PART", "Mark", "ResumableOutputs", "Trail", "weights_digest"]

PART, JOURNAL = ".part", ".resume"
#: Version of the journal; one of another version is refused.
_FORMAT = 1
_PIECE = 1 << 20


def _new_digest() -> Any:
    return blake2b(digest_size=32)


def _digest_of_nothing() -> str:
    value: str = _new_digest().hexdigest()
    return value


def weights_digest() -> str:
    """A digest of the weights that the package comes with."""
    digest = _new_digest()
    for name in ("weights.npz", "page.npz"):
        digest.update(read_installed(name))
    value: str = digest.hexdigest()
    return value


@dataclass(slots=True)
class Mark:
    """How far a run has come.

    Attributes:
        batches: how many were read and written.
        digest: of the input so far.
        memory: what else the run wants to know again, as JSON has it.
    """

    batches: int = 0
    digest: str = field(default_factory=_digest_of_nothing)
    memory: dict[str, Any] = field(default_factory=dict)


class Trail:
    """The inputs as far as they are read, batch by batch.

    Args:
        done: how far the interrupted run had come.
        every: batches between two marks.

    Attributes:
        batches: how many were read.
    """

    def __init__(self, done: Mark, every: int) -> None:
        self._done = done
        self._every = every
        self._digest = _new_digest()
        self.batches = 0

    @property
    def behind(self) -> bool:
        """Whether the interrupted run had come further."""
        return self.batches < self._done.batches

    @property
    def digest(self) -> str:
        """Of all that was read."""
        value: str = self._digest.hexdigest()
        return value

    def step(self, path: str, first: int, lines: Sequence[bytes]) -> bool:
        """Whether the next batch, from line ``first`` of a file, is still to be done.

        Raises:
            StreamError: what was done already is something else.
        """
        new = not self.behind
        self.batches += 1
        self._digest.update(f"{path}\0{first}\0{len(lines)}\0".encode("utf-8", "surrogateescape"))
        for line in lines:
            self._digest.update(line)
        if not new and not self.behind and self.digest != self._done.digest:
            raise _other_input(path)
        return new

    def mark(self) -> Mark | None:
        """How far it is, where a mark is due."""
        return None if self.batches % self._every else Mark(self.batches, self.digest)

    def end(self, path: str) -> None:
        """Come to the end of the inputs, of which ``path`` is the last.

        Raises:
            StreamError: the interrupted run had come further.
        """
        if self.behind:
            raise _other_input(path)


def _other_input(path: str) -> StreamError:
    return StreamError(path, "is not what the interrupted run has read; it cannot be continued")


class _Part:
    """An output that is not complete yet. It looks like a binary stream to write to."""

    def __init__(self, path: str) -> None:
        self.where = path
        self.final = os.path.realpath(path)
        self.name = self.final + PART
        self._raw: BinaryIO | None = None
        self._packed: Any = None
        self._digest = _new_digest()
        self._length = 0

    def check(self) -> None:
        """Find out early what would be found out late.

        Raises:
            StreamError: it is no place for a file, or its compression is missing.
        """
        with writing(self.where):
            if os.path.isdir(self.final):
                raise OSError("Is a directory")
            if os.path.exists(self.final) and not os.path.isfile(self.final):
                raise OSError("not a regular file: --resume needs one")
            compression_of(self.final)

    def open(self, *, lock: bool) -> None:
        """Open the file, whatever is in it.

        Raises:
            StreamError: it cannot be opened, or another process has it open.
        """
        with writing(self.where):
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._raw = cast(BinaryIO, os.fdopen(os.open(self.name, flags, 0o666), "r+b"))
        if lock and not (_locked(self._raw) and self._in_place()):
            raise StreamError(self.where, "another run is writing it")

    def _in_place(self) -> bool:
        """Whether the open file still goes by its name: another run may have completed it before this one locked it."""
        try:
            return self._raw is not None and os.path.samestat(os.fstat(self._raw.fileno()), os.stat(self.name))
        except OSError:
            return False

    def go_on(self, length: int, digest: str) -> None:
        """Take ``length`` bytes for written and forget the rest.

        Raises:
            StreamError: they are not those that were written.
        """
        assert self._raw is not None
        with writing(self.where):
            found = self._read(self._raw, length)
        if found != digest:
            raise StreamError(self.name, f"is not as the interrupted run left it; {_start_again(self.final)}")
        with writing(self.where):
            self._raw.seek(length)
            self._raw.truncate()

    def _read(self, raw: BinaryIO, length: int) -> str:
        self._digest, self._length = _new_digest(), 0
        while self._length < length and (piece := raw.read(min(_PIECE, length - self._length))):
            self._digest.update(piece)
            self._length += len(piece)
        return "" if self._length < length else self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        """Write ``data``, compressed if the name asks for it."""
        if self._packed is None and (compression := compression_of(self.final)):
            self._packed = compression.writer(cast(BinaryIO, _Through(self)))
        if self._packed is None:
            self.write_raw(data)
        else:
            self._packed.write(data)
        return len(data)

    def write_raw(self, data: bytes) -> None:
        """Write ``data`` as it is."""
        assert self._raw is not None
        self._raw.write(data)
        self._digest.update(data)
        self._length += len(data)

    def flush(self) -> None:
        """Hand on what was written, as far as compression lets go of it."""
        assert self._raw is not None
        self._raw.flush()

    def cut(self) -> dict[str, object]:
        """Complete what was written and bring it to the disk; how much it is."""
        assert self._raw is not None
        with writing(self.where):
            if self._packed is not None:
                self._packed.close()
                self._packed = None
            self._raw.flush()
            os.fsync(self._raw.fileno())
        return {"length": self._length, "digest": self._digest.hexdigest()}

    def end(self) -> dict[str, object]:
        """The last cut."""
        if not self._length and compression_of(self.final):
            with writing(self.where):
                self.write(b"")  # even nothing has a form when it is compressed
        return self.cut()

    def move(self, length: int, digest: str) -> None:
        """Put the complete file in its place, unless it is there already.

        Raises:
            StreamError: it is neither here nor there.
        """
        for name in (self.name, self.final):
            with suppress(OSError), open(name, "rb") as raw:
                if self._read(raw, length) == digest and not raw.read(1):
                    break
        else:
            raise StreamError(self.where, f"was complete and is no more; {_start_again(self.final)}")
        if name == self.name:
            with writing(self.where):
                with suppress(FileNotFoundError):
                    keep_owner_and_mode(self.name, os.stat(self.final))
                os.replace(self.name, self.final)

    def close(self) -> None:
        """Close the file as it is."""
        if self._raw is not None:
            with suppress(OSError, ValueError):
                self._raw.close()


class _Through:
    """What a compressor writes to."""

    def __init__(self, part: _Part) -> None:
        self._part = part

    def write(self, data: bytes) -> int:
        """Write ``data``."""
        self._part.write_raw(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing: the mark does it."""


class ResumableOutputs:
    """The outputs of a run; a context manager that leaves them, and the journal, for another time if it is broken off.

    Args:
        paths: the outputs, the main one first.
        settings: whatever decides on the bytes that are written, as JSON has it. A run is continued only under the
            same settings.

    Attributes:
        mark: how far the run had come.
        continued: whether there was anything.
        complete: whether all was written, and only the files are to be moved to their places.
        sinks: where to write, by path.

    Raises:
        StreamError: the run cannot be continued, or the files cannot be written.
    """

    def __init__(self, paths: Sequence[str], settings: Mapping[str, object]) -> None:
        self._settings = dict(settings)
        self._parts = {path: _Part(path) for path in paths}
        main = self._parts[paths[0]]
        self._where = main.where
        self._final = main.final
        self._journal = main.final + JOURNAL
        self.mark = Mark()
        self.continued = False
        self.complete = False
        self.sinks: dict[str, Sink] = {}

    def __enter__(self) -> ResumableOutputs:
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _open(self) -> None:
        for part in self._parts.values():
            part.check()
        journal = self._read_journal()
        if journal is None:
            for part in self._parts.values():
                if os.path.lexists(part.name):
                    raise StreamError(part.name, "is in the way of --resume; remove it if it is not needed")
            journal = self._write_journal(self._beginning())
        missing = [part for part in self._parts.values() if not os.path.exists(part.name)]
        for number, part in enumerate(self._parts.values()):
            part.open(lock=number == 0)
        # now that nobody else writes, the journal is what it is
        journal = self._read_journal() or self._write_journal(self._beginning())
        self.mark = Mark(**journal["mark"])
        self.complete = journal["complete"]
        self.continued = self.mark.batches > 0 or self.complete
        if self.complete:
            self._remove_empty(missing)
            self._move(journal)
            return
        for path, part in self._parts.items():
            part.go_on(**journal["outputs"][path])
            self.sinks[path] = Sink(cast(BinaryIO, part), path)
            self.sinks[path].inside_line = path in self.mark.memory.get("inside line", ())

    def _remove_empty(self, parts: Sequence[_Part]) -> None:
        """Take away what only opening has made."""
        for part in parts:
            with suppress(OSError):
                if not os.path.getsize(part.name):
                    os.unlink(part.name)

    def _beginning(self) -> dict[str, Any]:
        nothing = {"length": 0, "digest": _digest_of_nothing()}
        return self._entry(Mark(), dict.fromkeys(self._parts, nothing), complete=False)

    def _entry(self, mark: Mark, outputs: Mapping[str, Mapping[str, object]], *, complete: bool) -> dict[str, Any]:
        return {
            "boilerstrip journal": _FORMAT,
            "settings": self._settings,
            "mark": asdict(mark),
            "outputs": {path: dict(its) for path, its in outputs.items()},
            "complete": complete,
        }

    def _read_journal(self) -> dict[str, Any] | None:
        try:
            with open(self._journal, encoding="utf-8") as handle:
                journal: dict[str, Any] = json.load(handle)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StreamError(self._journal, reason_of(error)) from None
        except ValueError:
            journal = {}
        if not isinstance(journal, dict) or journal.get("boilerstrip journal") != _FORMAT:
            raise StreamError(self._journal, f"is no journal of this version; {_start_again(self._final)}")
        self._compare(journal["settings"])
        return journal

    def _compare(self, before: Mapping[str, object]) -> None:
        now = json.loads(json.dumps(self._settings))
        for name in [*now, *(name for name in before if name not in now)]:
            old, new = before.get(name), now.get(name)
            if old != new:
                said = f"the interrupted run had {name} {_shown(old)}, this one {_shown(new)}"
                raise StreamError(self._where, f"{said}; {_start_again(self._final)}")

    def _write_journal(self, journal: dict[str, Any]) -> dict[str, Any]:
        temporary = self._journal + ".tmp"
        with writing(self._where):
            with open(temporary, "w", encoding="utf-8") as handle:
                json.dump(journal, handle)
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(temporary, self._journal)
            _sync_folder(os.path.dirname(self._journal))
        return journal

    def set_mark(self, mark: Mark) -> None:
        """Make certain what was written so far.

        Raises:
            StreamError: the files cannot be written.
        """
        self._write_journal(self._entry(self._remembering(mark), self._cut(), complete=False))

    def _cut(self) -> dict[str, dict[str, object]]:
        return {path: part.cut() for path, part in self._parts.items()}

    def _remembering(self, mark: Mark) -> Mark:
        inside = [path for path, sink in self.sinks.items() if sink.inside_line]
        return Mark(mark.batches, mark.digest, {**mark.memory, "inside line": inside})

    def commit(self, mark: Mark) -> None:
        """Put the complete outputs in their places and remove the journal.

        Raises:
            StreamError: the files cannot be written.
        """
        outputs = {path: part.end() for path, part in self._parts.items()}
        # once this is written, whoever comes next only moves the files
        journal = self._write_journal(self._entry(self._remembering(mark), outputs, complete=True))
        self._move(journal)

    def _move(self, journal: Mapping[str, Any]) -> None:
        for path, part in self._parts.items():
            part.move(**journal["outputs"][path])
        for folder in {os.path.dirname(part.final) for part in self._parts.values()}:
            _sync_folder(folder)
        with writing(self._where):
            os.unlink(self._journal)

    def __exit__(self, *_: object) -> None:
        for part in self._parts.values():
            part.close()


def _start_again(final: str) -> str:
    return f"to start again, remove {final + JOURNAL} and {final + PART}"


def _shown(value: object) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _locked(raw: BinaryIO) -> bool:
    """Whether this process alone has the file now. Where there is no such lock, it is believed."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        # of the process, not of the open file: a child of a killed run has no part in it
        fcntl.lockf(raw, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: str) -> None:
    with suppress(OSError):  # some systems cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
