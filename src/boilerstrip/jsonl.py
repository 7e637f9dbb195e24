"""One line of JSON Lines: find a field's text and put another one in its place, every other byte as it was.

A line is never written anew from parsed values: that would change numbers (``1.10``, ``1e400``), drop repeated
names and undo escapes. The new value is spliced into the source of the line instead.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["BYTES_KEPT", "ESCAPED", "LineError", "Record", "json_bytes", "parse_line"]

#: Names of the error handlers for writing: what an encoding cannot hold becomes ``\\uXXXX``, which JSON reads back.
#: ``BYTES_KEPT`` does so too, but gives back the bytes that reading with ``surrogateescape`` has put aside.
ESCAPED, BYTES_KEPT = "boilerstrip.escaped", "boilerstrip.bytes-kept"

# Numbers stay strings: their values are not needed, and int() refuses those of more than 4,300 digits.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_SPACE = re.compile(r"[ \t\r\n]*")


class LineError(ValueError):
    """A line that is not what was announced; the message is the reason, for a person."""


class _Member(NamedTuple):
    """Where a value stands in the line, and the gap with the colon between its name and it."""

    gap: str
    start: int
    end: int


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    # one character a call, as a handler must answer with one type
    return json.dumps(error.object[error.start])[1:-1], error.start + 1


def _bytes_kept(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        point = ord(error.object[error.start])
        if 0xDC80 <= point <= 0xDCFF:
            return bytes([point - 0xDC00]), error.start + 1
    return _escaped(error)


codecs.register_error(ESCAPED, _escaped)
codecs.register_error(BYTES_KEPT, _bytes_kept)


def json_bytes(value: object, encoding: str) -> bytes:
    r"""``value`` as JSON in ``encoding``; what the encoding cannot hold is escaped.

    >>> json_bytes({"place": "Čadca"}, "latin-1")
    b'{"place": "\\u010cadca"}'
    """
    return json.dumps(value, ensure_ascii=False).encode(encoding, ESCAPED)


@dataclass(frozen=True, slots=True)
class Record:
    """A line that holds a JSON object.

    Attributes:
        source: the line as it was read, line end included.
        encoding: how its characters become bytes again.
        members: by name, the last of several with the same name, as every common reader has it.
        comma: what stands between two members.
        tail: where the last value ends.
    """

    source: str
    encoding: str
    members: dict[str, _Member]
    comma: str
    tail: int

    def text(self, name: str) -> str:
        """The text of a field.

        Raises:
            LineError: no such field, or no string in it.
        """
        if name not in self.members:
            raise LineError(f"no field {name!r}")
        member = self.members[name]
        literal = self.source[member.start : member.end]
        if literal[0] != '"':
            raise LineError(f"field {name!r} is {'null' if literal == 'null' else 'not a string'}")
        text: str = _DECODER.decode(literal)
        kept_bytes = _count_kept_bytes(literal)
        if kept_bytes and kept_bytes != _count_kept_bytes(text):
            # both look the same once they are read, and only one of them could be written as it was
            raise LineError(f"field {name!r} mixes undecodable bytes with escapes of lone surrogates")
        return text

    def optional(self, name: str) -> str | None:
        """The text of a field, ``None`` where there is none."""
        try:
            return self.text(name)
        except LineError:
            return None

    def replaced(self, field: str, into: str, text: str) -> bytes:
        """The line with ``text`` in the field ``into``, written as ``field`` is written.

        Args:
            field: the field that ``text`` was made from.
            into: where it goes: the same field, another one, or a new one at the end.
            text: the new value.
        """
        model = self.members[field]
        literal = self.source[model.start : model.end]
        if text != _DECODER.decode(literal):
            # escapes stay escapes: a line of ASCII is ASCII for somebody who reads it so
            literal = json.dumps(text, ensure_ascii=literal.isascii())
        if into in self.members:
            before, end = self.source[: self.members[into].start], self.members[into].end
        else:
            name = json.dumps(into, ensure_ascii=literal.isascii())
            before, end = f"{self.source[: self.tail]}{self.comma}{name}{model.gap}", self.tail
        raw = _count_kept_bytes(self.source[model.start : model.end]) > 0
        value = literal.encode(self.encoding, BYTES_KEPT if raw else ESCAPED)
        return before.encode(self.encoding, BYTES_KEPT) + value + self.source[end:].encode(self.encoding, BYTES_KEPT)


def _count_kept_bytes(text: str) -> int:
    return 0 if text.isascii() else sum("\udc80" <= char <= "\udcff" for char in text)


def parse_line(source: str, encoding: str = "utf-8") -> Record:
    """Find the members of the object on a line.

    Raises:
        LineError: no JSON, or no object.

    >>> parse_line('{"id": 1.10, "text": "A story."}').replaced("text", "clean", "A story.")
    b'{"id": 1.10, "text": "A story.", "clean": "A story."}'
    """
    try:
        return _parse(source, encoding)
    except json.JSONDecodeError as error:
        raise LineError(f"not JSON: {error.msg} at column {error.pos + 1}") from None
    except RecursionError:
        raise LineError("nested too deeply") from None


def _parse(source: str, encoding: str) -> Record:
    at = _skip(source, 0)
    if source[at : at + 1] != "{":
        _DECODER.decode(source)
        raise LineError("not a JSON object")
    members: dict[str, _Member] = {}
    comma, tail = "", at + 1
    at = _skip(source, tail)
    while source[at : at + 1] != "}" or members:
        if source[at : at + 1] != '"':
            raise json.JSONDecodeError("a name in double quotes is missing", source, at)
        if len(members) == 1 and not comma:
            comma = source[tail:at]
        name, name_end = _DECODER.raw_decode(source, at)
        at = _skip(source, name_end)
        if source[at : at + 1] != ":":
            raise json.JSONDecodeError("a colon is missing", source, at)
        start = _skip(source, at + 1)
        _, tail = _DECODER.raw_decode(source, start)
        members[name] = _Member(source[name_end:start], start, tail)
        at = _skip(source, tail)
        if source[at : at + 1] == "}":
            break
        if source[at : at + 1] != ",":
            raise json.JSONDecodeError("a comma or a closing brace is missing", source, tail)
        at = _skip(source, at + 1)
    if _skip(source, at + 1) != len(source):
        raise json.JSONDecodeError("something stands after the object", source, _skip(source, at + 1))
    if not comma:
        comma = ", " if any(member.gap != ":" for member in members.values()) else ","
    return Record(source, encoding, members, comma, tail)


def _skip(source: str, at: int) -> int:
    match = _SPACE.match(source, at)
    return match.end() if match else at
