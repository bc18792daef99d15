"""Which cluster is meant: at an address, named in a project's settings, or one of our own on this machine.

::

    [tool.packagers-dask.clusters]
    lab = "tcp://scheduler.lab:8786"

in the ``pyproject.toml`` of the working directory makes ``db://lab`` mean that address.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packagers_runs import KEYLESS, FieldError, unknown_name

if TYPE_CHECKING:
    from distributed import LocalCluster

LOCAL = "dask"
"""The URI of a cluster of our own on this machine."""
_HERE = "127.0.0.1"
_NAMED = "db://"
_NOTICING_S = 5
_PROTOCOLS = ("tcp://", "tls://", "ucx://", "ws://", "wss://")


def address_of(uri: str) -> str | None:
    """Give the address of the scheduler that a URI means; ``None`` for a cluster of our own.

    Args:
        uri: ``tcp://host:port`` or another address that Dask connects to, ``db://name``, or ``dask``.

    Raises:
        FieldError: It is none of these, or the settings cannot be read.
        UnknownNameError: The settings have no cluster of that name.
    """
    if uri == LOCAL:
        return None
    if uri.startswith(_NAMED):
        return _address_named(uri.removeprefix(_NAMED))
    if not uri.startswith(_PROTOCOLS):
        raise _refused(f"{uri!r} is no address of a Dask cluster", "Write tcp://host:port, db://name, or dask for one on this machine.")
    return uri


@contextmanager
def local_cluster(processes: int) -> Iterator[LocalCluster]:
    """Have a cluster on this machine inside of the block; a worker that dies is started again, and what it did is not repeated.

    The scheduler is in this process: whatever ends that ends the workers. One process looks after these, and none of them reads the program
    of this process again, as processes of multiprocessing would.

    Args:
        processes: How many workers it has; each does one iteration at a time.
    """
    from distributed import LocalCluster

    options: dict[str, Any] = {"nthreads": 1, "host": _HERE, "memory_limit": 0, "dashboard": False, "silence_logs": logging.CRITICAL}
    options["preload_nanny"] = ["packagers_dask.ending"]
    nannies = {str(number): {"cls": "distributed.Nanny", "opts": options | {"name": str(number)}} for number in range(processes)}
    scheduler = {"allowed_failures": 0, "dashboard": False, "dashboard_address": f"{_HERE}:0"}
    start: Any = LocalCluster  # it has no types
    with start(n_workers=0, host=_HERE, dashboard_address=None, scheduler_kwargs=scheduler, silence_logs=logging.CRITICAL) as cluster:
        command = [sys.executable, "-m", "distributed.cli.dask_spec", cluster.scheduler_address, "--spec", json.dumps(nannies)]
        quiet = {**os.environ, **KEYLESS, "DASK_LOGGING__DISTRIBUTED": "critical"}
        # The end of the block closes the pipe, which ends it. Ctrl-C of a terminal is this process's alone.
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=quiet, start_new_session=True):
            yield cluster
        end = time.monotonic() + _NOTICING_S
        while cluster.scheduler.workers and time.monotonic() < end:  # else it would tell of them when it tells nothing else
            time.sleep(0.01)


def default_width() -> int:
    """Give how many iterations a cluster of our own does at once where nobody says it: one for each core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _address_named(name: str) -> str:
    file = Path("pyproject.toml").absolute()
    clusters = _clusters_in(file)
    if name not in clusters:
        raise unknown_name("Dask cluster", name, clusters, owner=f"[tool.packagers-dask.clusters] of {file}")
    address = clusters[name]
    if not isinstance(address, str) or not address.startswith(_PROTOCOLS):
        raise _refused(f"the cluster {name!r} in {file} has the address {address!r}", 'Write "tcp://host:port".')
    return address


def _clusters_in(file: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _refused(f"{file} cannot be read: {error}", "Mend it, or give the address of the cluster itself.") from error
    for key in ("tool", "packagers-dask", "clusters"):
        found = found.get(key, {})
        if not isinstance(found, dict):
            raise _refused(f"{key} in {file} is no table", "See [tool.packagers-dask.clusters] in the documentation.")
    return found


def _refused(what: str, remedy: str) -> FieldError:
    return FieldError(what, model="HyperParamOptions", field="dask_cluster_uri", remedy=remedy)
