"""What the tests of the adapters share: engines that may be missing, articles, and the examples of docs/scale.md."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from stories import APPEALS, LETTER, RIGHTS, STORIES

import boilerstrip

__all__ = ["ARTICLES", "environment", "needed", "run_example"]

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "scale.md"


def needed(module: str) -> ModuleType:
    """An engine's module; without it the tests of the module that asks are skipped, or fail where all must run."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if os.environ.get("BOILERSTRIP_ENGINES"):
            raise
        pytest.skip(f"{error.name} is not installed: tox run -e engines has it", allow_module_level=True)


def _articles() -> list[str]:
    """Articles with and without leftovers, each different, and texts that are hardly articles."""
    texts = ["\n", " \t", RIGHTS, "One line", "a\x00b\nc\x0cd\u2028e", "🙂 ok\r\n\r\n" + LETTER + "\r\n", "\ufeffx\n"]
    for at, (name, appeal) in enumerate(APPEALS.items()):
        story = STORIES[name.partition("-")[0]]
        texts.append("\n".join(story))
        texts.append("\n\n".join([*story, *appeal, LETTER, RIGHTS]))
        texts.append("\n".join([f"By Ellen Marchetti {at}", *story, LETTER, *appeal]))
        texts.append("\r\n".join([*appeal, *story[1:]]))
    return texts


#: Texts for the engines.
ARTICLES = _articles()


def environment(**more: str) -> dict[str, str]:
    """The environment for another interpreter that shall find the package under test."""
    path = os.pathsep.join(filter(None, [str(Path(boilerstrip.__file__).parent.parent), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, **more}


def run_example(heading: str, folder: Path, **more: str) -> None:
    """Run the Python example of a section of docs/scale.md, word for word, as a program in ``folder``."""
    section = _PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (example,) = re.findall(r"^```python\n(.*?)^```$", section, re.M | re.S)
    program = folder / "example.py"
    program.write_text(example, encoding="utf-8")
    command = [sys.executable, program.name]
    done = subprocess.run(
        command, cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
