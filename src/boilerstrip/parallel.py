"""Work shared among processes: results in order, a bounded number under way, no process left behind.

Neither pool of the standard library does: ``multiprocessing.Pool`` waits for ever for a worker that was killed, and
``ProcessPoolExecutor`` for the rest of a result that a worker was killed in the middle of sending. Here every worker
has a pipe of its own, so that its end is seen at once, by the caller and by the worker alike.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from queue import SimpleQueue

__all__ = ["Here", "Mapper", "TaskError", "WorkerDied", "Workers"]

Tag = TypeVar("Tag")
Task = TypeVar("Task")
Result = TypeVar("Result")
_Task = TypeVar("_Task", contravariant=True)
_Result = TypeVar("_Result", covariant=True)

#: Tasks that wait at each worker, the one it works on included: the next is there when it has done one.
_WAITING = 2
#: Results, for each worker, that may be under way or wait for their turn behind a slow one.
_WINDOW = 4
#: Seconds that a worker has to end. It ends at once, unless it is deep in one call.
_PATIENCE = 5.0
#: One thread for each worker: those of the library for matrices would fight over the cores.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class TaskError(Exception):
    """A task that cannot be done, for a reason that was foreseen; carried from the worker to the caller."""


class WorkerDied(Exception):
    """A worker process ended by itself; the message says how."""


class Mapper(Protocol[_Task, _Result]):
    """What does tasks, here or elsewhere."""

    def map(self, tasks: Iterable[tuple[Tag, _Task | None]]) -> Iterator[tuple[Tag, _Result | None]]:
        """The result of each task behind its tag, in order; of no task, ``None``."""


class Here(Generic[Task, Result]):
    """Does tasks in this process, one by one as they are asked for."""

    def __init__(self, work: Callable[[Task], Result]) -> None:
        self._work = work

    def map(self, tasks: Iterable[tuple[Tag, Task | None]]) -> Iterator[tuple[Tag, Result | None]]:
        """See :class:`Mapper`."""
        for tag, task in tasks:
            yield tag, None if task is None else self._work(task)


class _Worker:
    """A process, the parent's end of its pipe, and the number of tasks that it has."""

    def __init__(self, process: SpawnProcess, connection: Connection) -> None:
        self.process = process
        self.connection = connection
        self.waiting = 0


class Workers(Generic[Task, Result]):
    """Worker processes; a context manager that leaves none behind.

    The workers ignore Ctrl-C, which is the caller's business, and end when the caller does, however that happens.

    Args:
        make: gives the function that does a task; called once in each worker. It must be picklable.
        count: the number of workers.
    """

    def __init__(self, make: Callable[[], Callable[[Task], Result]], count: int) -> None:
        self._make = make
        self._count = count
        self._workers: list[_Worker] = []
        self._next = 0

    def __enter__(self) -> Workers[Task, Result]:
        import multiprocessing

        # not fork: threads may be about, and the library for matrices reads its settings when it is loaded
        context = multiprocessing.get_context("spawn")
        if os.name == "posix":
            from multiprocessing import resource_tracker

            # started on the way to the first worker it would let interrupts through again, and into that worker
            resource_tracker.ensure_running()
        try:
            with _interrupts_later(), _one_thread():
                for _ in range(self._count):
                    ours, theirs = context.Pipe()
                    process = context.Process(target=_serve, args=(theirs, self._make), daemon=True)
                    self._workers.append(_Worker(process, ours))
                    process.start()
                    theirs.close()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        for worker in self._workers:
            worker.connection.close()  # its sign to end
        for worker in self._workers:
            with suppress(ValueError, AssertionError):  # it was never started
                worker.process.join(_PATIENCE)
                if worker.process.is_alive():
                    worker.process.kill()
                    worker.process.join()
        self._workers = []

    def map(self, tasks: Iterable[tuple[Tag, Task | None]]) -> Iterator[tuple[Tag, Result | None]]:
        """See :class:`Mapper`. Tasks are read only as fast as results are taken.

        Raises:
            TaskError: from a task.
            WorkerDied: a worker ended by itself.
        """
        source = iter(tasks)
        # tags in order, with the number of the task if there is one
        line: deque[tuple[Tag, int | None]] = deque()
        done: dict[int, Result] = {}
        more = True
        while more or line:
            while more and len(line) < _WINDOW * self._count and (worker := self._free()):
                try:
                    tag, task = next(source)
                except StopIteration:
                    more = False
                    break
                line.append((tag, None if task is None else self._send(worker, task)))
            if line and (line[0][1] is None or line[0][1] in done):
                tag, number = line.popleft()
                yield tag, None if number is None else done.pop(number)
            elif more or line:
                awaited = {number for _, number in line if number is not None}
                # results of a round that was broken off are nobody's, and hold workers up
                done.update((number, result) for number, result in self._receive() if number in awaited)

    def _free(self) -> _Worker | None:
        worker = min(self._workers, key=lambda worker: worker.waiting)
        return worker if worker.waiting < _WAITING else None

    def _send(self, worker: _Worker, task: Task) -> int:
        number = self._next
        self._next += 1
        try:
            worker.connection.send((number, task))
        except OSError:
            raise _died(worker) from None
        worker.waiting += 1
        return number

    def _receive(self) -> Iterator[tuple[int, Result]]:
        from multiprocessing.connection import wait

        ready = wait([worker.connection for worker in self._workers])
        for worker in self._workers:
            if worker.connection in ready:
                try:
                    number, result = worker.connection.recv()
                except (EOFError, OSError):
                    raise _died(worker) from None
                worker.waiting -= 1
                if isinstance(result, TaskError):
                    raise result
                yield number, result


def _died(worker: _Worker) -> WorkerDied:
    worker.process.join(_PATIENCE)
    code = worker.process.exitcode
    if code is not None and code < 0:
        with suppress(ValueError):
            return WorkerDied(f"a worker process was ended by {signal.Signals(-code).name}")
    return WorkerDied(f"a worker process ended with status {code}")


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold Ctrl-C back. The processes started meanwhile inherit that until they have settled what it means to them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    missing = [name for name in _ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(missing, "1"))
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]


# ---------------------------------------------------------------------------------------------------------------------
# In the worker.


def _serve(connection: Connection, make: Callable[[], Callable[[Any], Any]]) -> None:
    """Do tasks until the pipe is closed. Never returns."""
    import queue
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tasks: SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks), daemon=True).start()
    work = make()
    while True:
        number, task = tasks.get()
        try:
            result = work(task)
        except TaskError as error:
            result = error
        try:
            connection.send((number, result))
        except OSError:
            os._exit(0)  # nobody waits for it


def _listen(connection: Connection, tasks: SimpleQueue[tuple[int, Any]]) -> None:
    """Take in tasks, so that the caller need not wait until one is done; end the process with the caller."""
    while True:
        try:
            tasks.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)
