"""Write ``labels.jsonl.xz``: the labels of the real documents as hashes of their paragraphs, without any text.

python training/labels.py [--data FILE] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import corpora
from corpora import COLLECTIONS, CorpusError

_FIELDS = ("id", "lang", "site", "url", "extractor")


def labels_row(row: dict[str, Any], where: str) -> dict[str, Any]:
    """A line of the labels file from a line of the labelled documents.

    Raises:
        CorpusError: a field is missing, or the page is not of a known collection at its known commit.
    """
    try:
        origin = {name: row["origin"][name] for name in ("repository", "commit", "path")}
        kept: dict[str, Any] = {name: row[name] for name in _FIELDS}
    except (KeyError, TypeError):
        raise CorpusError(f"{where}: one of {', '.join(_FIELDS)}, origin is missing") from None
    if (origin["repository"], origin["commit"]) not in {(item.repository, item.commit) for item in COLLECTIONS}:
        raise CorpusError(f"{where}: {origin['repository']} at {origin['commit'][:12]} is not in corpora.COLLECTIONS")
    return kept | {"origin": origin}


def make_labels(data: Path) -> list[dict[str, Any]]:
    """All lines of the labels file.

    Raises:
        CorpusError: unreadable or malformed.
    """
    documents = corpora.read_jsonl(data)  # checks what read_rows does not
    return [
        labels_row(row, where)
        | {"paragraphs": [corpora.mark_code(sample.text, sample.label, sample.kind) for sample in document.paragraphs]}
        for (where, row), document in zip(corpora.read_rows(data), documents, strict=True)
    ]


def _complete_data() -> Path:
    folder = corpora.data_folder()
    if folder is None:
        raise CorpusError("no data folder: set BOILERSTRIP_DATA or give --data FILE")
    return folder / corpora.COMPLETE


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="labels.py", description="Write the labels as hashes of paragraphs.")
    parser.add_argument("--data", type=Path, metavar="FILE", help="labelled documents (default: the data folder's)")
    parser.add_argument("--output", type=Path, metavar="FILE", default=corpora.LABELS, help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        rows = make_labels(options.data or _complete_data())
        with corpora.open_text(options.output, "wt") as output:
            for row in rows:
                output.write(json.dumps(row, ensure_ascii=False) + "\n")
    except (CorpusError, OSError) as error:
        print(f"labels.py: {error}", file=sys.stderr)
        return 2
    paragraphs = sum(len(row["paragraphs"]) for row in rows)
    print(f"{len(rows)} documents, {paragraphs} paragraphs, {options.output.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
