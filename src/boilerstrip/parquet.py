"""Parquet files in and out: one column of text replaced or added, all others and the schema as they were.

A row group is read in small pieces and written as one row group, unless it is so large that its memory would not be
bounded: then it becomes several. pyarrow is loaded when a file needs it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .streams import ReadError, StreamError, reason_of

__all__ = ["MissingPackage", "Piece", "RowSource", "RowWriter"]

#: Rows read together at most, and the bytes of text after which a piece is full all the same.
_ROWS, _BYTES = 256, 1_000_000
#: Bytes of Arrow data after which a row group is written although the one it comes from goes on.
_GROUP_BYTES = 64_000_000
#: Bytes of a column that are read at once; without this a whole column of a row group is.
_BUFFER = 1 << 20


class MissingPackage(Exception):
    """There is no pyarrow."""


def _pyarrow() -> tuple[Any, Any, Any]:
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise MissingPackage("--parquet needs the package pyarrow (extra parquet)") from None
    return pyarrow, pyarrow.parquet, pyarrow.compute


@contextmanager
def _reading(path: str) -> Iterator[None]:
    arrow, _, _ = _pyarrow()
    try:
        yield
    except UnicodeDecodeError:
        raise ReadError(path, "a text is not UTF-8") from None
    except (OSError, arrow.ArrowException) as error:
        raise ReadError(path, " ".join(reason_of(error).split())) from None


class Piece(NamedTuple):
    """Some rows of a file.

    Attributes:
        batch: the rows, all columns.
        first: number of the first row; the first of a file is 1.
        texts, urls: of the columns; ``urls`` is empty where there is no such column.
        ends_group: whether the row group ends here.
        position: how far the file is read, of its size in bytes.
    """

    batch: Any
    first: int
    texts: list[str | None]
    urls: list[str | None]
    ends_group: bool
    position: int


class RowSource:
    """The rows of a Parquet file.

    Args:
        path: the file.
        field: the column with the texts.
        url_field: the column with addresses, if any are wanted.

    Raises:
        MissingPackage: there is no pyarrow.
        ReadError: it is no Parquet file, or has no such column of text.
    """

    def __init__(self, path: str, field: str, url_field: str | None) -> None:
        _, parquet, _ = _pyarrow()
        self._path = path
        self._field = field
        with _reading(path):
            with open(path, "rb"):  # pyarrow's words for a missing file are many
                pass
            self._file = parquet.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
            self.schema = self._file.schema_arrow
            self.codecs = self._codecs()
        self._size = sum(group["size"] for group in self._groups()) or 1
        count = self.schema.names.count(field)
        if count != 1:
            raise ReadError(path, f"{count or 'no'} column{'s' * (count > 1)} {field!r}")
        if not _is_text(self.schema.field(field).type):
            raise ReadError(path, f"column {field!r} is {self.schema.field(field).type}, not text")
        has_urls = url_field is not None and self.schema.names.count(url_field) == 1
        self._url_field = url_field if has_urls and _is_text(self.schema.field(url_field).type) else None

    def _groups(self) -> list[dict[str, int]]:
        found = (self._file.metadata.row_group(at) for at in range(self._file.num_row_groups))
        return [{"rows": group.num_rows, "size": group.total_byte_size} for group in found]

    def _codecs(self) -> dict[str, str]:
        """The compression of each column, by its path."""
        if not self._file.num_row_groups:
            return {}
        group = self._file.metadata.row_group(0)
        columns = (group.column(at) for at in range(group.num_columns))
        return {
            column.path_in_schema: "NONE" if column.compression == "UNCOMPRESSED" else column.compression
            for column in columns
        }

    def __iter__(self) -> Iterator[Piece]:
        with _reading(self._path):
            size, done, first = os.path.getsize(self._path), 0, 1
            for at, group in enumerate(self._groups()):
                left = group["rows"]
                for batch in self._file.iter_batches(_ROWS, row_groups=[at], use_threads=False):
                    for part in self._parts(batch):
                        left -= part.num_rows
                        share = (done + group["size"] * (1 - left / group["rows"])) / self._size
                        texts, urls = self._texts(part, self._field), self._texts(part, self._url_field)
                        yield Piece(part, first, texts, urls, left == 0, int(size * share))
                        first += part.num_rows
                done += group["size"]

    def _parts(self, batch: Any) -> Iterator[Any]:
        """A batch in slices of so many bytes of text, or of one row."""
        _, _, compute = _pyarrow()
        lengths = compute.binary_length(_plain(batch.column(self._field))).to_pylist()
        begin = filled = 0
        for at, length in enumerate(lengths):
            if at > begin and filled + (length or 0) > _BYTES:
                yield batch.slice(begin, at - begin)
                begin, filled = at, 0
            filled += length or 0
        yield batch.slice(begin)

    def _texts(self, batch: Any, field: str | None) -> list[str | None]:
        texts: list[str | None] = _plain(batch.column(field)).to_pylist() if field else []
        return texts

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _is_text(kind: Any) -> bool:
    arrow, _, _ = _pyarrow()
    types = arrow.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    is_view = getattr(types, "is_string_view", lambda kind: False)
    return bool(types.is_string(kind) or types.is_large_string(kind) or is_view(kind))


def _plain(column: Any) -> Any:
    """A column of text as Arrow's plainest: offsets and bytes."""
    arrow, _, _ = _pyarrow()
    return column.cast(arrow.large_string())


class RowWriter:
    """Writes rows with their texts replaced, or in a column more.

    Args:
        handle: the binary stream to write to.
        where: its name.
        source: the first of the files that the rows come from. All must have its schema.
        field: the column that the texts come from.
        into: the column that they go into.

    Raises:
        ReadError: ``into`` is a column of something else.
    """

    def __init__(self, handle: Any, where: str, source: RowSource, field: str, into: str) -> None:
        arrow, parquet, _ = _pyarrow()
        self._where = where
        self._schema = source.schema
        self._into = into
        kind = source.schema.field(field).type
        codecs = dict(source.codecs)
        if into not in source.schema.names:
            self._new = source.schema.append(arrow.field(into, kind))
            codecs[into] = codecs.get(field, "SNAPPY")
        else:
            if not _is_text(source.schema.field(into).type):
                raise ReadError(where, f"column {into!r} is {source.schema.field(into).type}, not text")
            self._new = source.schema
        self._held: list[Any] = []
        self._bytes = 0
        with self._writing():
            self._writer = parquet.ParquetWriter(handle, self._new, compression=codecs or "SNAPPY")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        arrow, _, _ = _pyarrow()
        try:
            yield
        except (OSError, arrow.ArrowException) as error:
            raise StreamError(self._where, " ".join(reason_of(error).split())) from None

    def check(self, path: str, source: RowSource) -> None:
        """See that a further file fits.

        Raises:
            ReadError: it has other columns.
        """
        if not source.schema.equals(self._schema):
            raise ReadError(path, "has other columns than the file before")

    def write(self, piece: Piece, texts: list[str | None]) -> None:
        """Write a piece with these texts.

        Raises:
            StreamError: it cannot be written.
        """
        arrow, _, _ = _pyarrow()
        with self._writing():
            kind = self._new.field(self._into).type
            column = arrow.array(texts, type=arrow.large_string()).cast(kind)
            at = self._new.get_field_index(self._into)
            columns = list(piece.batch.columns)
            columns[at : at + 1] = [column]
            self._held.append(arrow.RecordBatch.from_arrays(columns, schema=self._new))
            # a slice counts its own share only
            self._bytes += self._held[-1].nbytes
            if piece.ends_group or self._bytes >= _GROUP_BYTES:
                self._write_group()

    def _write_group(self) -> None:
        arrow, _, _ = _pyarrow()
        table = arrow.Table.from_batches(self._held, schema=self._new)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._held, self._bytes = [], 0

    def close(self) -> None:
        """Complete the file.

        Raises:
            StreamError: it cannot be written.
        """
        with self._writing():
            if self._held:
                self._write_group()
            self._writer.close()
