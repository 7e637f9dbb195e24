"""What the filter says on standard error: messages of one line each, and how far it has come."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

__all__ = ["Messages", "Progress", "discard"]


class Messages:
    """What is said on standard error, and whether any of it was an error.

    Attributes:
        failed: whether there was an error.
        quiet: whether nobody wants to hear what is none.
    """

    def __init__(self) -> None:
        self.failed = False
        self.quiet = False
        self._bar: Any = None

    def error(self, text: str) -> None:
        """Say what went wrong."""
        self.failed = True
        self._say(f"boilerstrip: {text}")

    def note(self, text: str) -> None:
        """Say what is no error, unless nobody wants to hear it."""
        if not self.quiet:
            self._say(text)

    def _say(self, text: str) -> None:
        if sys.stderr is not None:
            try:
                if self._bar is not None:
                    self._bar.clear()
                # file names may hold anything, and a message is one line
                sys.stderr.write("\\n".join(text.splitlines()) + "\n")
                sys.stderr.flush()
                if self._bar is not None:
                    self._bar.refresh()
            except OSError:
                discard(sys.stderr)

    @contextmanager
    def progress(self, files: Sequence[str], *, wanted: bool) -> Iterator[Progress]:
        """A progress bar, if standard error is a terminal and nobody wants it to be quiet.

        Args:
            files: the inputs; ``-`` is standard input.
            wanted: whether there is reason for one.
        """
        shown = wanted and not self.quiet and sys.stderr is not None and sys.stderr.isatty()
        self._bar = _bar(files) if shown else None
        try:
            yield Progress(self._bar)
        finally:
            bar, self._bar = self._bar, None
            if bar is not None:
                bar.close()


class Progress:
    """How far the inputs are read; shown on the bar if there is one."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._records = 0
        self._before = 0  # bytes of the files that are done

    def at(self, position: int, records: int) -> None:
        """Show that a file is read up to ``position`` and that ``records`` more are done."""
        self._records += records
        if self._bar is not None:
            self._bar.set_postfix_str(f"{self._records} records", refresh=False)
            self._bar.update(max(0, self._before + position - self._bar.n))

    def file_done(self, path: str) -> None:
        """Show that a whole file is done."""
        self._before += _size(path) or 0
        self.at(0, 0)


def _bar(files: Sequence[str]) -> Any:
    try:
        import threading

        from tqdm import tqdm
    except ImportError:  # installed without what it requires
        return None
    tqdm.monitor_interval = 0  # no thread that watches over it
    tqdm.set_lock(threading.RLock())  # its own is for bars of several processes
    sizes = [_size(path) for path in files]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    # some terminals say that they have no size
    width: dict[str, Any] = {"dynamic_ncols": True} if _has_size() else {"ncols": 80, "nrows": 24}
    return tqdm(total=total, unit="B", unit_scale=True, mininterval=0.2, file=sys.stderr, **width)


def _has_size() -> bool:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except (OSError, ValueError):
        return False


def _size(path: str) -> int | None:
    """Bytes of a file; ``None`` of a pipe, and of what is not there 0: it takes no time."""
    import stat

    try:
        found = os.fstat(0) if path == "-" else os.stat(path)
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def discard(stream: TextIO) -> None:
    """Send what is left in a broken stream nowhere, so that the interpreter does not stumble over it when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()
