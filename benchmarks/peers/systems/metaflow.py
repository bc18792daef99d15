"""Metaflow's datastore on a local disk: what a task does with what is assigned to ``self``."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.peers.system import LIBRARIES, Way

REQUIRES = ("metaflow", *LIBRARIES)
IMPORT = "from metaflow import FlowSpec"
ENVIRONMENT = {"METAFLOW_USER": "peers"}
ABOUT = {
    "metaflow": "a task's datastore, local: the value is pickled, compressed with gzip and kept by its SHA-1; each save is a task, "
    "from `init_task` to `done`"
}


def ways(folder: Path) -> dict[str, Way]:
    """Give what a task does at its end, and the next at its beginning."""
    from metaflow.datastore import FlowDataStore
    from metaflow.plugins.datastores.local_storage import LocalStorage

    flow = FlowDataStore("Peers", storage_impl=LocalStorage, ds_root=str(folder / "metaflow"))
    numbers = count(1)

    def save(key: str, value: Any) -> str:
        task = str(next(numbers))
        datastore = flow.get_task_datastore("1", "start", task, attempt=0, mode="w")
        datastore.init_task()
        datastore.save_artifacts([(key, value)])
        datastore.done()
        return f"{task}/{key}"

    def load(handle: str, hint: Any) -> Any:
        task, key = handle.split("/")
        return flow.get_task_datastore("1", "start", task, attempt=0, mode="r")[key]

    return {"metaflow": Way(save, load)}
