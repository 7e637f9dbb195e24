"""What is installed: the wheel is complete, small, and runs by itself."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import boilerstrip

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "boilerstrip"
#: DESIGN: the weights have at most 3 MB in the wheel.
WEIGHTS_LIMIT = 3_000_000


def python(code: str, path: Path) -> str:
    """What a new interpreter prints that looks for packages in ``path`` first."""
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run(command, cwd=path, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that nothing is left in the repository."""
    pytest.importorskip("setuptools", minversion="70.1")  # older ones need another package to make wheels
    copy, target = tmp_path_factory.mktemp("copy") / "boilerstrip", tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(target)!r})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = target.glob("*.whl")
    return path


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    wanted = {
        path.relative_to(ROOT / "src").as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert any(name.endswith("LICENSE") for name in archive.namelist())
        assert archive.getinfo("boilerstrip/weights.npz").compress_size <= WEIGHTS_LIMIT
    assert held == wanted
    assert {"boilerstrip/py.typed", "boilerstrip/lexicon/compiled.npz", "boilerstrip/lexicon/data/fr.txt"} <= held


def test_the_wheel_runs_by_itself(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    assert Path(python("import boilerstrip; print(boilerstrip.__file__)", tmp_path)).is_relative_to(tmp_path)
    command = [sys.executable, "-m", "boilerstrip", str(ROOT / "examples" / "article.txt")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[0] == "The night ferry sails again" and done.stdout.count(b"\n") == 5


def test_metadata_of_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        text = archive.read(name).decode()
        points = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
    lines = text.splitlines()
    assert f"Version: {boilerstrip.__version__}" in lines and "Requires-Python: >=3.10" in lines
    required = [line for line in lines if line.startswith("Requires-Dist:") and "extra" not in line]
    assert [line.split()[1].partition(">")[0] for line in required] == ["numpy", "tqdm", "trafilatura"]
    assert "boilerstrip = boilerstrip.cli:main" in points


def test_what_the_core_imports_is_required() -> None:
    """Nothing but NumPy and the standard library is imported when the package is."""
    code = "import sys; old = set(sys.modules); import boilerstrip, boilerstrip.cli; print(*set(sys.modules) - old)"
    loaded = {name.partition(".")[0] for name in python(code, SOURCE.parent).split()}
    foreign = {name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert foreign - {"cython_runtime"} == {"boilerstrip", "numpy"}  # the former is a part of older NumPys


def test_the_version_has_its_place_in_the_changes() -> None:
    assert f"\n## {boilerstrip.__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_test_dependencies_are_covered() -> None:
    """What the training tests need is installed by the extra ``test``."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    assert extras["train"].strip() in extras["test"]
