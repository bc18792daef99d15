"""The executor ``dask``: iterations of a run as tasks of a Dask cluster."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import logging
import pickle
import uuid
from concurrent.futures import Future
from typing import Any

from packagers_dask.clusters import address_of, default_width, local_cluster
from packagers_dask.worker import Call, end, forget, keep
from packagers_runs import (
    Executor,
    ExecutorError,
    HyperParamOptions,
    Performed,
    Setup,
    Work,
    lacking,
    pack_setup,
    pack_work,
    unpack_performed,
)

_logger = logging.getLogger("packagers.runs")
CONNECTING_S = 10
"""How long a scheduler may take to answer."""
STARTING_S = 120
"""How long the workers of a cluster of our own may take to start."""
_CONNECTED = "running"
_NEEDED = "packagers-dask"


class DaskExecutor(Executor):
    """Tasks of a Dask cluster: at the address that ``dask_cluster_uri`` gives or names, or one of our own on this machine (``dask``).

    ``parallel_runs`` says how many iterations are done at once; without it, as many as the workers have threads. Workers of an address
    need not see our files: code of the project goes there by value, and packages come back as bytes. ``teardown_dask`` shuts the
    cluster down afterwards; one of our own always is. Where the worker of an iteration dies, that iteration fails on a cluster of our
    own; elsewhere Dask begins it again on another worker, as often as the scheduler's ``allowed-failures`` say, and then it fails.

    Args:
        options: The options of the run.

    Raises:
        FieldError: ``dask_cluster_uri`` is no address.
        UnknownNameError: It names a cluster that the settings do not have.
    """

    def __init__(self, options: HyperParamOptions) -> None:
        super().__init__(options)
        self._address = address_of(options.dask_cluster_uri or "")
        self.SHARES_FILES = self._address is None  # type: ignore[misc]  # it depends on the cluster
        self._width = options.parallel_runs or default_width()
        self._tasks: set[Any] = set()
        self._said: set[tuple[str, str]] = set()

    @property
    def width(self) -> int:
        """How many iterations are done at once."""
        return self._width

    def open(self, setup: Setup) -> None:
        """Connect to the cluster, or start one.

        Args:
            setup: What all iterations have in common.

        Raises:
            ExecutorError: There is no cluster, or a worker lacks what it needs.
        """
        self._uid, self._name = str(setup.run.metadata.uid), uuid.uuid4().hex
        self._setup = pack_setup(setup, shares_files=self.SHARES_FILES)
        with contextlib.ExitStack() as opened:
            self._client = self._connected(opened)
            threads = sum(self._client.nthreads().values())
            if not threads:
                raise ExecutorError(
                    f"the Dask cluster at {self._client.scheduler.address} has no worker",
                    remedy=f"Start one: `dask worker {self._client.scheduler.address}`.",
                )
            self._check_plugin()
            if self._address is not None:
                self._width = self.options.parallel_runs or threads
            self._give()
            self._opened = opened.pop_all()

    def submit(self, work: Work) -> Future[Performed]:
        """Do an iteration in a worker.

        Args:
            work: What is its own.

        Raises:
            ExecutorError: The cluster is gone.
        """
        made: Future[Performed] = Future()
        self._begin(f"packagers-{self._uid}-{work.number}-{work.tries}", pack_work(work, shares_files=self.SHARES_FILES), made, None)
        return made

    def close(self, *, kill: bool) -> None:
        """Let go of the cluster, or shut it down.

        Args:
            kill: Whether iterations that are being done are ended.
        """
        with self._opened:
            if self._address is None or self._client.status != _CONNECTED:
                return  # its processes are killed, or gone
            with contextlib.suppress(Exception):  # what is gone has ended
                if kill and self._tasks:
                    self._client.cancel(list(self._tasks), force=True)
                    self._client.run(end, self._uid, on_error="ignore")
                self._client.run(forget, self._name, on_error="ignore")
                if self.options.teardown_dask:
                    self._client.shutdown()

    def _connected(self, opened: contextlib.ExitStack) -> Any:
        import distributed

        connect: Any = distributed.Client  # it has no types

        if self._address is None:
            cluster = opened.enter_context(local_cluster(self._width))
            client = opened.enter_context(connect(cluster, set_as_default=False))
            try:
                client.wait_for_workers(self._width, timeout=STARTING_S)
            except TimeoutError as error:
                raise ExecutorError(
                    f"{self._width} workers did not start within {STARTING_S} s",
                    remedy="Look what they said, or use fewer (parallel_runs).",
                ) from error
            return client
        try:
            return opened.enter_context(connect(self._address, timeout=CONNECTING_S, set_as_default=False))
        except (OSError, ValueError, TimeoutError) as error:
            raise ExecutorError(
                f"no Dask scheduler answers at {self._address}: {error}", remedy="Start it with `dask scheduler`, or mend the address."
            ) from error

    def _check_plugin(self) -> None:
        """Check that all workers that there are have what they need, before they are to do anything."""
        here = importlib.metadata.version(_NEEDED)
        found = self._client.run(importlib.metadata.version, _NEEDED, on_error="return")
        for where, version in sorted(found.items()):
            if isinstance(version, Exception):
                raise ExecutorError(
                    f"the Dask process {where} lacks {_NEEDED}: {type(version).__name__}: {version}",
                    remedy=f"pip install {_NEEDED}=={here}",
                )

    def _give(self) -> None:
        """Give all workers what the iterations have in common: once, and not with each."""
        self._client.run(keep, self._name, self._setup, on_error="ignore")

    def _begin(self, name: str, work: bytes, made: Future[Performed], workers: list[str] | None) -> None:
        """Give Dask an iteration, to be done by one of some workers, or by any."""
        try:
            if self._client.status != _CONNECTED:
                raise self._gone()
            # Read only when it is done: a worker that has not what it takes ends itself over a function that it cannot read.
            call, key = pickle.dumps(Call(self._name, work)), f"{name}-{uuid.uuid4().hex[:8]}"
            task = self._client.submit(pickle.loads, call, key=key, workers=workers, pure=False)
        except (OSError, RuntimeError, TimeoutError) as error:
            raise self._gone() from error
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finish(done, name, work, made, is_chosen=workers is not None))

    def _finish(self, task: Any, name: str, work: bytes, made: Future[Performed], *, is_chosen: bool) -> None:
        self._tasks.discard(task)
        try:
            if task.status == "error":
                error = task.exception() or RuntimeError("it gave nothing")
                others = self._others(error) if isinstance(error, ImportError) else []
                if is_chosen or not others:
                    raise error
                self._begin(name, work, made, others)
                return
            found = task.result()
            if found is None:  # by a worker that has come, or was started again, since all were given it
                self._give()
                self._begin(name, work, made, None)
            else:
                made.set_result(unpack_performed(found))
        except BaseException as error:  # noqa: BLE001 - a future holds whatever happened
            is_lost = task.status != "error" and not isinstance(error, ExecutorError)  # cancelled: its scheduler has forgotten it
            made.set_exception(self._gone() if is_lost else error)

    def _others(self, error: ImportError) -> list[str]:
        """Give the workers that have a module which another one lacks, one that has come since the run began; say which that is, once."""
        module = (error.name or "").partition(".")[0]
        has = self._client.run(lambda: importlib.util.find_spec(module) is not None, on_error="return") if module else {}
        without = [address for address, found in sorted(has.items()) if found is not True]
        others = [address for address, found in has.items() if found is True]
        for address in without if others else ():
            if (address, module) not in self._said:
                self._said.add((address, module))
                _logger.warning("%s; others do what it was given", lacking(error, address))
        return others if without else []

    def _gone(self) -> ExecutorError:
        return ExecutorError(
            f"the Dask cluster {self._address or 'of this run'} is gone",
            remedy="Start it again; `packagers runs resume` does the iterations that are missing.",
        )
