"""The base of every executor."""

from __future__ import annotations

import abc
from collections.abc import Callable
from concurrent.futures import Future
from typing import ClassVar

from packagers_runs.executors.work import Performed, Setup, Work
from packagers_runs.models.hyperparams import HyperParamOptions

EXECUTORS = "packagers.executors"
"""The group of entry points of executors."""


class Executor(abc.ABC):
    """Does the iterations of a run, several at once where it can.

    A subclass is registered as an entry point of the group ``packagers.executors``. One object does one run, and is used by one thread:
    it is opened with what all iterations have in common, given work after work, and closed. It never waits in ``submit`` for work that is
    done elsewhere; the future is done when the iteration has ended.

    Work that is done in another process takes three functions of :mod:`packagers_runs.executors.remote`: ``pack_setup`` gives the setup as
    bytes, once; ``pack_work`` each work; and ``perform_packed`` is what a worker calls with the two, and gives bytes that
    ``unpack_performed`` reads. Nothing else travels: no store and no key of the user. Whatever a future raises fails that iteration alone:
    an :class:`ImportError` is told as a module that the worker lacks (see ``lacking``), an error of ours as it is, all else is taken for
    the death of the worker. But :class:`ExecutorError` ends the run, which ``resume`` goes on with.

    ::

        class Threads(Executor):
            def open(self, setup):
                self._pool, self._setup = ThreadPoolExecutor(self.width), pack_setup(setup, shares_files=True)

            def submit(self, work):
                return mapped(self._pool.submit(perform_packed, self._setup, pack_work(work)), unpack_performed)

            def close(self, *, kill):
                self._pool.shutdown(cancel_futures=kill)

    Args:
        options: The options of the run.

    Raises:
        FieldError: The options can mean nothing to it. Then nothing is run.

    Attributes:
        options: As given.
    """

    SHARES_FILES: ClassVar[bool] = True
    """Whether its workers see the files of the process of the run, under the same names. Packages of others come back as bytes."""

    is_here: ClassVar[bool] = False
    """Whether it does its work in the process of the run, one after the other, inside of ``submit``."""

    def __init__(self, options: HyperParamOptions) -> None:
        self.options = options

    @property
    def width(self) -> int:
        """How many iterations it does at once."""
        return max(1, self.options.parallel_runs or 1)

    @abc.abstractmethod
    def open(self, setup: Setup) -> None:
        """Begin.

        Args:
            setup: What all iterations have in common.
        """

    @abc.abstractmethod
    def submit(self, work: Work) -> Future[Performed]:
        """Do an iteration.

        Args:
            work: What is its own; there are never more at once than :attr:`width`.
        """

    @abc.abstractmethod
    def close(self, *, kill: bool) -> None:
        """End.

        Args:
            kill: Whether work that is still being done is ended at once, with the processes that it has begun; there is none otherwise.
        """


def mapped(future: Future[bytes], read: Callable[[bytes], Performed]) -> Future[Performed]:
    """Give the future of what comes of an iteration from that of the bytes that a worker gives.

    Args:
        future: Of the bytes.
        read: Reads them.
    """
    made: Future[Performed] = Future()

    def finish(done: Future[bytes]) -> None:
        try:
            made.set_result(read(done.result()))
        except BaseException as error:  # noqa: BLE001 - a future holds whatever happened, cancelling too
            made.set_exception(error)

    future.add_done_callback(finish)
    return made
