"""The documents say what is there: every example is run, every option, kind and module is named."""

from __future__ import annotations

import ast
import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import boilerstrip
from boilerstrip import Kind, Label
from boilerstrip.lexicon import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(boilerstrip.__file__).parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
named = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def commands(text: str) -> list[tuple[str, str]]:
    """Commands of the console blocks with the output shown below them; ``> `` goes on with a command."""
    found: list[tuple[str, str]] = []
    for block in blocks(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            lines = part.splitlines()
            last = next((at for at, line in enumerate(lines[1:], 1) if not line.startswith("> ")), len(lines))
            command = "\n".join([lines[0], *(line[2:] for line in lines[1:last])])
            found.append((command, "\n".join(lines[last:])))
    return found


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples, in which ``boilerstrip`` and ``python3`` are those under test."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "bin").mkdir()
    for name, module in (("boilerstrip", "-m boilerstrip "), ("python3", "")):
        script = tmp_path / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n', encoding="utf-8")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    return tmp_path


@named
def test_python_examples(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, _ = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert failed == 0


@named
def test_console_examples(page: Path, shell: Path) -> None:
    for command, shown in commands(page.read_text(encoding="utf-8")):
        done = subprocess.run(
            ["sh", "-c", command], cwd=shell, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False
        )
        # how many spaces and tabs make a column does not matter
        assert done.stdout.decode().split() == shown.split(), command


def test_there_are_examples_to_run() -> None:
    assert ">>> from boilerstrip import" in read("README.md")
    assert len(commands(read("README.md"))) >= 6 and len(commands(read("docs/cli.md"))) >= 5


@named
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_ci_runs_the_second_command_of_the_readme_and_the_engines() -> None:
    first, second = blocks(read("README.md").split("## As a filter")[0], "sh")
    assert first.strip().endswith(".venv/bin/boilerstrip examples/article.txt")
    assert read(".ci/run").splitlines()[-2:] == [second.strip(), ".venv/bin/tox run -qq -e engines"]


def test_the_readme_shows_the_example_as_it_is_labelled() -> None:
    lines = read("examples/article.txt").splitlines()
    table = read("README.md").split("## Two commands")[0]
    shown = re.findall(r"^\| (✓?) ?\| (.*) \| ([a-z, ]*) \|$", table, re.M)[1:]  # the heading is the first
    found = boilerstrip.label("\n".join(lines))
    assert len(shown) == len(lines) == len(found)
    for (mark, text, verdict), paragraph in zip(shown, found, strict=True):
        assert paragraph.text.startswith(text.strip("~ ").removesuffix(" ..."))
        assert verdict == ", ".join(filter(None, [paragraph.label.value, paragraph.kind and paragraph.kind.value]))
        assert bool(mark) is (paragraph.label is Label.WIRE) is not text.startswith("~~")


def test_every_option_of_the_filter_is_explained() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "boilerstrip", "--help"], capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])},
    ).stdout  # fmt: skip
    options = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", shown.split("examples:")[0]))
    assert {"--jsonl", "--in-place", "-o", "--segmentation"} <= options
    page = read("docs/cli.md")
    assert [name for name in sorted(options) if not re.search(rf"`{name}[ =`]", page)] == []


def test_every_option_of_the_training_scripts_is_explained() -> None:
    page = read("docs/training.md")
    for name in ("train", "evaluate", "corpora", "samples"):
        source = (ROOT / "training" / f"{name}.py").read_text(encoding="utf-8")
        options = re.findall(r'\badd(?:_argument)?\(\s*"(--[a-z-]+)"(?!.*SUPPRESS)', source)
        assert options and [option for option in options if f"{option}`" not in page and f"{option} " not in page] == []


def test_every_label_kind_and_section_is_explained() -> None:
    labels, lexicons = read("docs/labels.md"), read("docs/lexicons.md")
    assert [label.value for label in Label if f"## `{label.value}`" not in labels] == []
    assert [kind.value for kind in Kind if f"| `{kind.value}` |" not in labels] == []
    assert [name for name in SECTIONS if f"`{name}`" not in lexicons] == []


def test_the_number_of_languages_is_right() -> None:
    count = len(list((PACKAGE / "lexicon" / "data").glob("*.txt")))
    for name in ("README.md", "CHANGELOG.md", "docs/architecture.md"):
        numbers = re.findall(r"(\d+)\s+languages", read(name))
        assert numbers and set(numbers) == {str(count)}, name


def imports_of(path: Path) -> set[str]:
    """Modules of ours that a module imports, by the names of the table."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found.update(name.split(".")[0] for name in names if name and name.islower())
    return found


def test_the_table_of_modules_is_true() -> None:
    rows = re.findall(r"^\| (`[^|]*`) \| [^|]* \| ([^|]*) \|$", read("docs/architecture.md"), re.M)
    table = {name: imports for names, imports in rows for name in re.findall(r"`([^`]*)`", names)}
    modules = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    assert {name for name in modules if not name.endswith("__init__.py")} == set(table)
    above: set[str] = set()
    for name, words in table.items():
        said = above if words == "all above" else set(re.findall(r"[a-z]+", words)) - {"nothing"}
        if "the public package" not in words:
            found = imports_of(PACKAGE / name)
            assert found <= said and (found == said or words == "all above"), name
        above.add(name.split("/")[0].removesuffix(".py"))
