"""Pages out of WARC files (ISO 28500), through warcio, imported on first use; as lines of JSON for the filter."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from io import BufferedReader
from typing import Any, BinaryIO, NamedTuple

from .html import decoded
from .streams import LineSource, ReadError

__all__ = ["WarcError", "WarcPage", "WarcSource", "read_pages"]

#: Content types of pages; a response that names none may be one.
_TYPES = frozenset(("", "text/html", "application/xhtml+xml"))


class WarcError(ValueError):
    """A file that is no WARC file or is damaged, or a package that is missing; the message is one line."""


class WarcPage(NamedTuple):
    """A page as it was fetched.

    Attributes:
        url: its address.
        date: when it was fetched, as the record has it (``2024-03-07T09:00:00Z``), else ``""``.
        html: its bytes, decoded from transfer and content encodings.
    """

    url: str
    date: str
    html: bytes


class _Whole:
    """A file that is read. That it ends too early is an error, which warcio would not notice."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes."""
        try:
            data: bytes = self._file.read1(size)  # read would throw away what came before the break
        except EOFError:
            raise OSError("it ends too early") from None
        return data


def read_pages(source: BinaryIO) -> Iterator[WarcPage]:
    """The pages of a WARC file, in order: responses with status 200 whose content is HTML.

    Args:
        source: the file, plain or compressed by gzip; read once from beginning to end.

    Raises:
        WarcError: no WARC file, damaged, or warcio is not installed. Pages before the damage were given.
    """
    try:
        from warcio.archiveiterator import ArchiveIterator
        from warcio.exceptions import ArchiveLoadFailed
    except ImportError:
        raise WarcError("--warc needs the package warcio: pip install 'boilerstrip[warc]'") from None
    some, whole = False, True  # there was a record; the last one had all the bytes that it announces
    try:
        file: Any = source if hasattr(source, "peek") else BufferedReader(source)
        if file.peek(2)[:2] == b"\x1f\x8b":
            file = gzip.GzipFile(fileobj=file)
        for record in ArchiveIterator(_Whole(file)):
            some = True
            if not _is_page(record):
                continue
            url = record.rec_headers.get_header("WARC-Target-URI") or ""
            html = record.content_stream().read()
            whole = not getattr(record.raw_stream, "limit", 0)
            if not whole:
                break
            yield WarcPage(url.strip("<>"), record.rec_headers.get_header("WARC-Date") or "", html)
    except (ArchiveLoadFailed, ValueError, OSError, EOFError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise WarcError(f"damaged or no WARC file: {reason[:100] or type(error).__name__}") from None
    if not whole or not some:
        raise WarcError("damaged: it ends within a record" if some else "no WARC file: it has no records")


def _is_page(record: Any) -> bool:
    if record.rec_type != "response" or record.http_headers is None:
        return False
    kind = (record.http_headers.get_header("Content-Type") or "").partition(";")[0].strip().lower()
    return record.http_headers.get_statuscode() == "200" and kind in _TYPES


class WarcSource(LineSource):
    """The pages of a WARC file as lines of JSON with ``url``, ``date`` and the page in ``text``.

    Iterating raises:
        ReadError: no WARC file, damaged, or warcio is not installed.
    """

    def _pieces(self, handle: BinaryIO) -> Iterator[bytes]:
        try:
            for page in read_pages(handle):
                row = {"url": page.url, "date": page.date, "text": decoded(page.html)}
                yield json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        except WarcError as error:
            raise ReadError(self._path, str(error)) from None
