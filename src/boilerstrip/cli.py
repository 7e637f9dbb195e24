"""The filter ``boilerstrip``: article text in, the story out.

Bytes in, bytes out: what stays is written as it was read, whatever its encoding and line ends. Everything that may
go wrong with a file is one line on standard error and exit status 2, after the rest was done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from .arguments import Arguments, UsageError, make_parser, parse
from .messages import Messages, discard
from .parallel import Here, Mapper, TaskError, WorkerDied, Workers
from .run import Run
from .streams import ClosedPipe, StreamError, open_output, writing
from .work import Done, Settings, Task, Work, start

if TYPE_CHECKING:
    from . import Config

__all__ = ["main"]


def _config(arguments: Arguments) -> Config:
    from . import Config, ConfigError

    settings: dict[str, object] = {
        "keep": Config().keep.union(*(arguments.keep or ())),
        "drop": frozenset().union(*(arguments.drop or ())),
    }
    for name in ("strictness", "brake", "segmentation"):
        if getattr(arguments, name) is not None:
            settings[name] = getattr(arguments, name)
    try:
        return Config.from_mapping(settings)
    except ConfigError as error:  # its message begins with the setting's name, which is the option's
        raise UsageError(f"--{error}") from None


def _settings(a: Arguments) -> Settings:
    field = "text" if a.field is None else a.field
    return Settings(
        config=_config(a),
        html=a.html,
        encoding=a.encoding,
        field=field,
        into=field if a.into is None else a.into,
        url_field="url" if a.url_field is None else a.url_field,
        format=a.format,
        paragraphs=a.check or a.verbose,
        removed=a.removed is not None,
        errors=a.errors is not None,
    )


@contextmanager
def _mapper(settings: Settings, jobs: int) -> Iterator[Mapper[Task, Done]]:
    try:
        work = Work(settings)  # also where others do it: what is wrong with the weights is to be said once
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from None
    if jobs == 1:
        here: Here[Task, Done] = Here(work)
        yield here
        return
    workers: Workers[Task, Done] = Workers(partial(start, settings), jobs)
    with workers:
        yield workers


def _run(argv: Sequence[str], messages: Messages) -> int:
    parser = make_parser()
    arguments = parse(parser, argv)
    messages.quiet = arguments.quiet
    if arguments.help or arguments.version:
        from . import __version__

        with open_output("-") as out:
            out.write((parser.format_help() if arguments.help else f"boilerstrip {__version__}\n").encode())
        return 0
    settings = _settings(arguments)
    with _mapper(settings, arguments.jobs) as mapper:
        run = Run(arguments, messages, settings, mapper)
        if arguments.check:
            return int(run.check())
        if arguments.in_place is not None:
            run.rewrite()
        elif arguments.resume:
            run.resume()
        elif arguments.parquet and arguments.format == "text":
            run.copy_rows()
        else:
            run.copy()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the filter.

    Args:
        argv: the arguments, those of the process by default.

    Returns:
        The exit status.
    """
    messages = Messages()
    status = 0
    try:
        status = _run(sys.argv[1:] if argv is None else argv, messages)
    except (UsageError, StreamError, TaskError, WorkerDied) as error:
        messages.error(str(error))
    except MemoryError:
        messages.error("out of memory")
    except ClosedPipe:
        pass
    except KeyboardInterrupt:
        status = 130
    if not _flushed(messages):
        status = status or 2
    return status if status == 130 else 2 if messages.failed else status


def _flushed(messages: Messages) -> bool:
    """Empty the buffer of standard output before the interpreter does, which would print a traceback."""
    if sys.stdout is not None:
        try:
            with writing("standard output"):
                sys.stdout.flush()
        except ClosedPipe:
            discard(sys.stdout)
        except StreamError as error:
            if not messages.failed:
                messages.error(str(error))
            discard(sys.stdout)
    return not messages.failed
