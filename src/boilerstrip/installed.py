"""The data files that come with the package."""

from __future__ import annotations

from pathlib import Path

__all__ = ["read_installed"]


def read_installed(name: str) -> bytes:
    """The content of a file of the package, from a folder or from an archive.

    The loader of this module is asked, and not ``importlib.resources``, which takes a tenth of the filter's start.

    Args:
        name: its path in the package, ``lexicon/compiled.npz``.

    Raises:
        OSError: it cannot be read.
    """
    content: bytes = __loader__.get_data(str(Path(__file__).parent / name))  # type: ignore[name-defined]
    return content
