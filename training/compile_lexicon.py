"""Compile the lexicons in ``src/boilerstrip/lexicon/data`` into the table that the package loads.

Run it after correcting a lexicon; a test fails while the table and the files differ.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from boilerstrip.lexicon.source import LexiconError, read_folder
from boilerstrip.lexicon.table import compile_entries

FOLDER = Path(__file__).resolve().parent.parent / "src" / "boilerstrip" / "lexicon"


def main() -> int:
    try:
        entries = read_folder(FOLDER / "data")
    except LexiconError as error:
        print(f"compile_lexicon: {error}", file=sys.stderr)
        return 2
    arrays = compile_entries(entries)
    target = FOLDER / "compiled.npz"
    # Hashes do not compress, and the filter's start waits for this file: stored as it is, packed by wheel and git.
    np.savez(target, allow_pickle=False, **arrays)
    print(f"{len(entries)} phrases in {len(arrays['languages'])} languages, {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
