"""Samples written for the project: from the writers' plain form to ``samples/LANG.jsonl``, and their checks.

    python training/samples.py add FILE...          # plain .txt, or labelled JSON Lines
    python training/samples.py add --drop FILE...   # leave out what the checks find fault with
    python training/samples.py check                # all samples

The plain form: ``### id | lang | genre``, then a paragraph a line, ``wire`` or its kind, a tab, the text.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import corpora
from corpora import CorpusError

from boilerstrip.records import Kind

__all__ = ["Fault", "add", "check", "parse_plain", "read_samples", "sentences", "write_samples"]

#: A sample as it is stored: id, lang, genre and paragraphs of text, label and kind.
Row = dict[str, Any]

_FIELDS = ("id", "lang", "genre", "paragraphs")
_HEAD = re.compile(r"###\s*([^|]+?)\s*\|\s*([a-z]{2,3})\s*\|\s*(.+?)\s*")
_CUT = re.compile(r"(?<=[.!?…。！？])\s*|[\n\r\t|]+")
# Shorter ones are set phrases of a language ("All rights reserved."), which everybody may use. Scripts without
# spaces say as much in half the characters. The same lengths guard the repository against text of real pages.
_LONG, _LONG_UNSPACED = 60, 30


class Fault(NamedTuple):
    """What is wrong with a document, in words for a person."""

    document: str
    message: str

    def __str__(self) -> str:
        return f"{self.document}: {self.message}"


# ---------------------------------------------------------------------------------------------------------------------
# Reading and writing.


def parse_plain(path: Path) -> list[Row]:
    """Read documents in the writers' plain form.

    Raises:
        CorpusError: unreadable, or a line is not of that form.
    """
    rows: list[Row] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: {error}") from None
    for number, line in enumerate(lines, 1):
        where = f"{path}:{number}"
        if line.startswith("###"):
            head = _HEAD.fullmatch(line)
            if head is None:
                raise CorpusError(f"{where}: not '### id | lang | genre'")
            rows.append({"id": head[1], "lang": head[2], "genre": head[3], "paragraphs": []})
        elif line.strip():
            if not rows:
                raise CorpusError(f"{where}: a paragraph before the first '### id | lang | genre'")
            rows[-1]["paragraphs"].append(_plain_paragraph(line, where))
    return rows


def _plain_paragraph(line: str, where: str) -> dict[str, Any]:
    name, tab, text = line.partition("\t")
    name, text = name.strip(), text.strip()
    if not tab or not text:
        raise CorpusError(f"{where}: not a kind, a tab and a text")
    if name == "wire":
        return {"text": text, "label": "wire", "kind": None}
    try:
        kind = Kind(name)
    except ValueError:
        raise CorpusError(f"{where}: unknown kind {name!r}; there are wire, {', '.join(Kind)}") from None
    return {"text": text, "label": str(kind.label), "kind": str(kind)}


def read_rows(path: Path) -> list[Row]:
    """Read samples in either form: JSON Lines by the extension, else plain.

    Raises:
        CorpusError: unreadable or malformed.
    """
    if ".jsonl" not in path.suffixes:
        return parse_plain(path)
    rows: list[Row] = []
    for where, row in corpora.read_rows(path):
        if not all(isinstance(row.get(name), str) for name in ("id", "lang", "genre")):
            raise CorpusError(f"{where}: id, lang or genre is missing")
        rows.append({name: row.get(name) for name in _FIELDS})
    corpora.read_jsonl(path)  # labels and kinds must be known and belong together
    for row in rows:
        row["paragraphs"] = [
            {"text": item["text"].strip(), "label": item["label"], "kind": item.get("kind")}
            for item in row["paragraphs"]
        ]
    return rows


def read_samples(folder: Path) -> list[Row]:
    """All samples of the project.

    Raises:
        CorpusError: unreadable, or a document lies in another language's file.
    """
    rows = []
    for path in sorted(folder.glob("*.jsonl")):
        for row in read_rows(path):
            if row["lang"] != path.stem:
                raise CorpusError(f"{path}: {row['id']} is in {row['lang']!r}")
            rows.append(row)
    return rows


def write_samples(folder: Path, rows: Iterable[Row]) -> None:
    """Write samples, a file a language, sorted by id."""
    by_language: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_language[row["lang"]].append(row)
    folder.mkdir(exist_ok=True)
    for lang, group in by_language.items():
        with corpora.open_text(folder / f"{lang}.jsonl", "wt") as output:
            for row in sorted(group, key=lambda row: row["id"]):
                output.write(json.dumps(row, ensure_ascii=False) + "\n")


# ---------------------------------------------------------------------------------------------------------------------
# Checking.


def sentences(text: str) -> Iterator[str]:
    """The long sentences of a text, without case and punctuation."""
    for part in _CUT.split(text):
        key = re.sub(r"\W+", " ", part).strip().casefold()
        if len(key) >= (_LONG if " " in key else _LONG_UNSPACED):
            yield key


def _form_faults(row: Row) -> Iterator[Fault]:
    if not row["id"].startswith(row["lang"] + "-"):
        yield Fault(row["id"], f"the id does not begin with {row['lang']}-")
    if not row["paragraphs"]:
        yield Fault(row["id"], "no paragraphs")
    for number, item in enumerate(row["paragraphs"], 1):
        text = item["text"]
        if not text.strip():
            yield Fault(row["id"], f"paragraph {number} is empty")
        elif text != text.strip() or len(text.splitlines()) > 1 or "\t" in text:
            yield Fault(row["id"], f"paragraph {number} has a tab, a line break or space at its ends")
        if item["label"] is None or (item["label"] == "wire") != (item.get("kind") is None):
            yield Fault(row["id"], f"paragraph {number} lacks its label or kind")


def _real_texts(folder: Path) -> Iterator[str]:
    """Every text of the real pages in the data folder, as far as it is there."""
    seed = folder / "seed.txt"
    if seed.is_file():
        yield seed.read_text(encoding="utf-8")
    for name in (corpora.COMPLETE, corpora.REBUILT, "gold.jsonl.xz", "pages_text.jsonl.xz"):
        if (folder / name).is_file():
            for _, row in corpora.read_rows(folder / name):
                yield from (item["text"] for item in row.get("paragraphs", ()))
                yield from row.get("gold", ())
                yield from (row[field] for field in ("trafilatura", "trafilatura_recall") if row.get(field))


def check(rows: Sequence[Row], real: Path | None) -> list[Fault]:
    """What is wrong with samples.

    Of two documents that share an id or a sentence, the later one is at fault.

    Args:
        rows: the samples, those that are to stay first.
        real: the data folder, to look for sentences of real pages; ``None`` where there is none.
    """
    faults: list[Fault] = []
    ids: set[str] = set()
    first: dict[str, str] = {}
    for row in rows:
        if row["id"] in ids:
            faults.append(Fault(row["id"], "the id stands twice"))
        ids.add(row["id"])
        faults += _form_faults(row)
        for key in {key for item in row["paragraphs"] for key in sentences(item["text"])}:
            if first.setdefault(key, row["id"]) != row["id"]:
                faults.append(Fault(row["id"], f"shares a sentence with {first[key]}: {key[:80]}"))
    found: set[str] = set()
    for text in _real_texts(real) if real else ():
        found.update(key for key in sentences(text) if key in first)
    for key in sorted(found):
        faults.append(Fault(first[key], f"a sentence of a real page: {key[:80]}"))
    return faults


def add(folder: Path, files: Iterable[Path], real: Path | None, *, drop: bool = False) -> tuple[str, list[Fault]]:
    """Merge documents into the samples; one with the id of a stored one takes its place.

    Args:
        folder: the samples.
        files: plain or JSON Lines.
        real: the data folder or ``None``.
        drop: leave out the documents with faults and add the others.

    Returns:
        A line that says what was done, and the faults. With faults and without ``drop`` nothing is written.

    Raises:
        CorpusError: unreadable or malformed.
    """
    stored = {row["id"]: row for row in read_samples(folder)}
    new = [row for path in files for row in read_rows(path)]
    ids = {row["id"] for row in new}
    faults = check([row for name, row in stored.items() if name not in ids] + new, real)
    if faults and not drop:
        return "nothing was written", faults
    bad = {fault.document for fault in faults}
    good = [row for row in new if row["id"] not in bad]
    same = sum(stored.get(row["id"]) == row for row in good)
    added = sum(row["id"] not in stored for row in good)
    replaced = len(good) - same - added
    write_samples(folder, (stored | {row["id"]: row for row in good}).values())
    return f"{added} added, {replaced} replaced, {same} as before, {len(new) - len(good)} dropped", faults


# ---------------------------------------------------------------------------------------------------------------------
# The command.


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="samples.py", description="Add to the written samples, or check them.")
    parser.add_argument("--folder", type=Path, default=corpora.SAMPLES, help="default: %(default)s")
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add", help="merge files into the samples")
    adding.add_argument("files", nargs="+", type=Path, metavar="FILE")
    adding.add_argument("--drop", action="store_true", help="leave out documents with faults")
    commands.add_parser("check", help="check all samples; exit status 1 with a fault")
    options = parser.parse_args(arguments)
    try:
        real = corpora.data_folder()
        if options.command == "add":
            done, faults = add(options.folder, options.files, real, drop=options.drop)
        else:
            rows = read_samples(options.folder)
            faults = check(rows, real)
            done = f"{len(rows)} documents, {len(faults)} faults"
    except (CorpusError, OSError) as error:
        print(f"samples.py: {error}", file=sys.stderr)
        return 2
    for fault in faults:
        print(fault, file=sys.stderr)
    print(done if real else f"{done}; not compared with real pages, they are not here")
    return 1 if faults and not (options.command == "add" and options.drop) else 0


if __name__ == "__main__":
    sys.exit(main())
