"""Bytes in and out for the filter: compression by extension, encodings that lose nothing, files replaced safely."""

from __future__ import annotations

import codecs
import importlib
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

__all__ = [
    "ClosedPipe",
    "Compression",
    "Decoded",
    "LineSource",
    "ReadError",
    "Replacement",
    "Sink",
    "StreamError",
    "compression_of",
    "decode",
    "encode",
    "keep_owner_and_mode",
    "open_output",
    "plain_encoding",
    "read_all",
    "reason_of",
    "same_file",
    "writing",
]

_STDIN, _STDOUT = "-", "standard output"


class StreamError(Exception):
    """A file that cannot be read or written: ``where`` and ``reason`` make one line for a person."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class ReadError(StreamError):
    """An input that cannot be read; others may still be."""


class ClosedPipe(Exception):
    """Nobody reads the output any more."""


def reason_of(error: BaseException) -> str:
    """What went wrong, without the number and the file name that the system puts around it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


# ---------------------------------------------------------------------------------------------------------------------
# Compression. Modules are loaded when a file needs them.


class Compression(NamedTuple):
    """How to read and write one format, and what its reader raises beside OSError."""

    reader: Callable[[BinaryIO], Any]
    writer: Callable[[BinaryIO], Any]
    errors: tuple[type[BaseException], ...]


def _gz() -> Compression:
    import gzip

    def writer(raw: BinaryIO) -> Any:
        # neither name nor time in the header: same text, same bytes
        return gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0)

    return Compression(lambda raw: gzip.GzipFile(fileobj=raw), writer, (EOFError, zlib.error))


def _xz() -> Compression:
    import lzma

    return Compression(lzma.LZMAFile, lambda raw: lzma.LZMAFile(raw, "wb"), (EOFError, lzma.LZMAError))


def _zst() -> Compression:
    with suppress(ImportError):
        standard: Any = importlib.import_module("compression.zstd")
        return Compression(standard.ZstdFile, lambda raw: standard.ZstdFile(raw, "wb"), (EOFError, standard.ZstdError))
    try:
        package: Any = importlib.import_module("zstandard")
    except ImportError:
        raise OSError(".zst needs Python 3.14 or the package zstandard") from None

    def reader(raw: BinaryIO) -> Any:
        frames: Any = _Frames(raw, package.ZstdDecompressor())
        return io.BufferedReader(frames, 1 << 17)

    def writer(raw: BinaryIO) -> Any:
        return package.ZstdCompressor().stream_writer(raw, closefd=False)

    return Compression(reader, writer, (EOFError, package.ZstdError))


class _Frames(io.RawIOBase):
    """All frames of a zstandard file. The package's own reader stops after one and takes a cut file for a whole one."""

    def __init__(self, raw: BinaryIO, decompressor: Any) -> None:
        self._raw = raw
        self._decompressor = decompressor
        self._frame: Any = None
        self._ready = b""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as one piece of input goes."""
        while not self._ready:
            data = self._frame.unused_data if self._frame is not None and self._frame.eof else b""
            data = data or self._raw.read(1 << 16)
            if not data:
                if self._frame is not None and not self._frame.eof:
                    raise EOFError("Compressed file ended before the end of a frame was reached")
                return 0
            if self._frame is None or self._frame.eof:
                self._frame = self._decompressor.decompressobj()
            self._ready = self._frame.decompress(data)
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count


_COMPRESSIONS: dict[str, Callable[[], Compression]] = {".gz": _gz, ".xz": _xz, ".zst": _zst}


def compression_of(path: str) -> Compression | None:
    """The compression that a name asks for.

    Raises:
        OSError: its package is missing.
    """
    make = _COMPRESSIONS.get(os.path.splitext(path)[1].lower())
    return make() if make else None


# ---------------------------------------------------------------------------------------------------------------------
# Reading.


def _standard(stream: Any) -> BinaryIO:
    # a stream that was closed before the start is None
    if stream is None:
        raise OSError("is closed")
    handle: BinaryIO = stream.buffer
    return handle


@contextmanager
def _reading(path: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """A file and its bytes, decompressed; every failure inside becomes a :class:`ReadError`."""
    errors: tuple[type[BaseException], ...] = (OSError,)
    try:
        if path == _STDIN:
            standard = _standard(sys.stdin)
            yield standard, standard
            return
        with open(path, "rb") as raw:
            compression = compression_of(path)
            if compression is None:
                yield raw, raw
            else:
                errors += compression.errors
                with compression.reader(raw) as handle:
                    yield raw, handle
    except errors as error:
        raise ReadError(path, reason_of(error)) from None


def read_all(path: str) -> bytes:
    """The bytes of a file, or of standard input for ``-``.

    Raises:
        ReadError: it cannot be read or its compression is broken.
    """
    with _reading(path) as (_, handle):
        return handle.read()


class LineSource:
    """The lines of a file, or of standard input for ``-``, with their line ends, as soon as each is there.

    Iterating raises:
        ReadError: it cannot be read or its compression is broken.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._raw: BinaryIO | None = None
        self._position = 0

    @property
    def position(self) -> int:
        """How many bytes of the file, compressed as it is, were read; 0 where that cannot be told."""
        with suppress(OSError, ValueError):  # a pipe; closed at its end
            if self._raw is not None:
                self._position = self._raw.tell()
        return self._position

    def __iter__(self) -> Iterator[bytes]:
        with _reading(self._path) as (raw, handle):
            self._raw = raw
            yield from self._pieces(handle)

    def _pieces(self, handle: BinaryIO) -> Iterator[bytes]:
        return iter(handle)


# ---------------------------------------------------------------------------------------------------------------------
# Encodings.

_MARKS = {
    "utf-8": ((codecs.BOM_UTF8, "utf-8"),),
    "utf-16": ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
    "utf-16-le": ((codecs.BOM_UTF16_LE, "utf-16-le"),),
    "utf-16-be": ((codecs.BOM_UTF16_BE, "utf-16-be"),),
    "utf-32": ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
    "utf-32-le": ((codecs.BOM_UTF32_LE, "utf-32-le"),),
    "utf-32-be": ((codecs.BOM_UTF32_BE, "utf-32-be"),),
}
# Python's codecs of these names write a byte order mark of their own before every piece.
_PLAIN = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text that was read from bytes, and how it becomes bytes again.

    Attributes:
        text: the characters, without a byte order mark.
        mark: the byte order mark, which stays whatever becomes of the first line.
        encoding: the encoding without a mark.
    """

    text: str
    mark: bytes
    encoding: str

    def encode(self, text: str) -> bytes:
        """``text`` as the bytes that it was read from, behind the mark."""
        return self.mark + encode(text, self.encoding)


def plain_encoding(encoding: str) -> str:
    """The encoding's canonical name, that of the form without a byte order mark.

    >>> plain_encoding("UTF8"), plain_encoding("utf-16")
    ('utf-8', 'utf-16-le')
    """
    name = codecs.lookup(encoding).name
    return _PLAIN.get(name, name)


def _errors(encoding: str) -> str:
    # single bytes cannot be put aside in encodings of larger units; what is odd there are lone surrogates
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def encode(text: str, encoding: str) -> bytes:
    r"""``text`` as bytes, those that could not be decoded as they were.

    >>> encode(decode(b"caf\xe9", "utf-8").text, "utf-8")
    b'caf\xe9'
    """
    return text.encode(encoding, _errors(encoding))


def decode(data: bytes, encoding: str) -> Decoded:
    """``data`` as text that can be written back byte for byte.

    Raises:
        ValueError: the encoding cannot give every byte back.
    """
    name = codecs.lookup(encoding).name
    mark, plain = b"", _PLAIN.get(name, name)
    for known, under in _MARKS.get("utf-8" if name == "utf-8-sig" else name, ()):
        if data.startswith(known):
            mark, plain = known, under
            break
    try:
        text = data[len(mark) :].decode(plain, _errors(plain))
        # True of UTF-8 by construction; some codecs read two forms as one character.
        whole = plain == "utf-8" or encode(text, plain) == data[len(mark) :]
    except UnicodeError:
        whole = False
    if not whole:
        raise ValueError(f"cannot be read as {encoding} without loss")
    return Decoded(text, mark, plain)


# ---------------------------------------------------------------------------------------------------------------------
# Writing.


def same_file(first: str | int, second: str | int) -> bool:
    """Whether two paths or descriptors are one regular file, through links of any sort."""
    try:
        one, other = os.stat(first), os.stat(second)
    except OSError:  # what is not there yet is the same only under the same name
        names = [os.path.realpath(path) for path in (first, second) if isinstance(path, str)]
        return len(names) == 2 and names[0] == names[1]
    return stat.S_ISREG(one.st_mode) and os.path.samestat(one, other)


class Sink:
    """A binary stream to write to, whose failures name it.

    Attributes:
        inside_line: whether the last byte written does not end a line.
    """

    def __init__(self, handle: BinaryIO, where: str) -> None:
        self._handle = handle
        self._where = where
        self.inside_line = False

    def write(self, data: bytes) -> None:
        """Write ``data``."""
        if data:
            with writing(self._where):
                if isinstance(self._handle, io.RawIOBase):  # standard output of python -u, which may take a part only
                    rest = memoryview(data)
                    while rest:
                        rest = rest[self._handle.write(rest) or 0 :]
                else:
                    self._handle.write(data)
            self.inside_line = not data.endswith(b"\n")

    def flush(self) -> None:
        """Hand on what was written."""
        with writing(self._where):
            self._handle.flush()


@contextmanager
def writing(where: str) -> Iterator[None]:
    """Name what failed: a closed pipe as such, everything else as a :class:`StreamError`."""
    try:
        yield
    except BrokenPipeError:
        raise ClosedPipe from None
    except (OSError, ValueError) as error:
        raise StreamError(where, reason_of(error)) from None


def keep_owner_and_mode(path: str, before: os.stat_result) -> None:
    """Give a file the owner and the mode of the one whose place it takes."""
    if hasattr(os, "chown"):
        with suppress(OSError):  # only root may give files away
            os.chown(path, before.st_uid, before.st_gid)
    os.chmod(path, stat.S_IMODE(before.st_mode))


class Replacement:
    """A file that takes the place of ``path`` when it is complete, and leaves no trace otherwise.

    It is written in the same folder and renamed. Where ``path`` is a symbolic link, the file behind it is replaced.
    A context manager; without :meth:`commit` nothing happens.

    Attributes:
        sink: where to write.
        raw: the file itself, for who writes a format that takes no compression around it.
        where: the name that it will go by.

    Raises:
        StreamError: the folder cannot be written to.
    """

    def __init__(self, path: str) -> None:
        self.where = path
        self._path = os.path.realpath(path)
        self._temporary = ""
        with writing(path):
            if os.path.isdir(self._path):
                raise OSError("Is a directory")
            compression = compression_of(path)
            self.raw: BinaryIO = self._create()
            self._handle = compression.writer(self.raw) if compression else self.raw
        self.sink = Sink(self._handle, path)

    def _create(self) -> BinaryIO:
        folder = os.path.dirname(self._path)
        for number in range(1000):
            self._temporary = os.path.join(folder, f".boilerstrip-{os.getpid()}-{number}.tmp")
            with suppress(FileExistsError):
                # the mode of a new file is what the user's mask makes of 666, which mkstemp would not respect
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
                return os.fdopen(os.open(self._temporary, flags, 0o666), "wb")
        raise OSError("no free name for a temporary file")

    def commit(self, suffix: str = "") -> None:
        """Complete the file and put it in its place.

        Args:
            suffix: where it is not empty, the file that was there stays under its name with this added.
        """
        with writing(self.where):
            if self._handle is not self.raw:
                self._handle.close()
            self.raw.flush()
            os.fsync(self.raw.fileno())
            self.raw.close()
            with suppress(FileNotFoundError):
                keep_owner_and_mode(self._temporary, os.stat(self._path))
            if suffix:
                self._back_up(self._path + suffix)
            os.replace(self._temporary, self._path)
        self._temporary = ""

    def _back_up(self, backup: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(backup)
        try:
            os.link(self._path, backup)
        except OSError:  # a file system without hard links
            with open(self._path, "rb") as original, open(backup, "xb") as copy:
                while piece := original.read(1 << 20):
                    copy.write(piece)

    def __enter__(self) -> Replacement:
        return self

    def __exit__(self, *_: object) -> None:
        if self._temporary:
            _abandon(self._handle, self.raw)
            with suppress(OSError):
                os.unlink(self._temporary)


@contextmanager
def open_output(path: str) -> Iterator[Sink]:
    """A sink for ``path``, or for standard output for ``-``.

    A file is there when everything was written, and only then. Devices and pipes are written to directly: to
    rename a file to ``/dev/null`` would be a bad surprise.

    Raises:
        StreamError: it cannot be written.
    """
    if path == "-":
        with writing(_STDOUT):
            sink = Sink(_standard(sys.stdout), _STDOUT)
        yield sink
        sink.flush()
    elif os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        with _direct(path) as sink:
            yield sink
    else:
        with Replacement(path) as replacement:
            yield replacement.sink
            replacement.commit()


@contextmanager
def _direct(path: str) -> Iterator[Sink]:
    with writing(path):
        compression = compression_of(path)
        raw: BinaryIO = open(path, "wb")  # noqa: SIM115  closed below
        handle = compression.writer(raw) if compression else raw
    try:
        yield Sink(handle, path)
        with writing(path):
            handle.close()
            raw.close()
    finally:
        _abandon(handle, raw)


def _abandon(*handles: BinaryIO) -> None:
    """Close what may have failed already, and say nothing of it."""
    for handle in handles:
        with suppress(OSError, ValueError):
            handle.close()
