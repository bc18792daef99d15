"""Writes a target again and again, each time in a child that is killed at the next operation, and looks at what stands there after it.

Arguments: the scenario, the folder to work in, and how many operations to go on from one kill to the next. Prints one JSON line: how many
operations there are, and after how many kills the old and the new stood there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset as ds

from packagers_runs import DataTarget
from packagers_runs.data.drivers import commits

OLD, NEW = list(range(8)), list(range(100, 112))
EVENTS = ("open", "os.", "shutil.", "ctypes.dlsym", "fcntl.flock")
WHERE: str


def frame(numbers: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"x": numbers, "k": ["a", "b"] * (len(numbers) // 2), "t": pd.Timestamp("2026-01-01", tz="UTC")})


def killed_at(number: int, action: Callable[[], Any]) -> bool:
    """Do something in a child that dies at its operation of this number; tell whether it died."""
    child = os.fork()
    if child == 0:
        count = 0

        def step() -> None:
            nonlocal count
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            ours = event in ("ctypes.dlsym", "fcntl.flock") or any(WHERE in str(argument) for argument in arguments)
            if event.startswith(EVENTS) and ours:
                step()

        watch_transactions(step)
        sys.addaudithook(hook)
        try:
            action()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def watch_transactions(step: Callable[[], None]) -> None:
    import sqlalchemy as sa

    for name in ("before_cursor_execute", "after_cursor_execute", "commit", "close"):
        sa.event.listen(sa.Engine, name, lambda *_: step())


def parts(numbers: list[int], scenario: str) -> Iterator[pd.DataFrame]:
    """Give rows in parts, so that a file is written half when its writer dies; a table is made anew for another column."""
    for start in range(0, len(numbers), 4):
        os.listdir(WHERE)
        part = frame(numbers[start : start + 4])
        yield part.assign(more=1) if scenario == "sql" else part


def found(target: DataTarget, scenario: str) -> list[int]:
    if scenario in ("plain", "divided", "append"):  # nobody who comes after a crash needs us
        table = ds.dataset(target.path, partitioning="hive", format=target.kind).to_table(columns=["x"])
        return sorted(table["x"].to_pylist())
    return sorted(target.as_df()["x"])


def main(scenario: str, folder: str, stride: str) -> None:
    global WHERE
    WHERE = folder
    paths = {"file": "out.parquet", "csv": "out.csv", "sql": ""}
    fields: dict[str, Any] = {"kind": "parquet", "path": f"{folder}/{paths.get(scenario, 'out')}"}
    if scenario in ("divided", "aside"):
        fields["partition_cols"] = ["k"]
    if scenario == "csv":
        fields["kind"] = "csv"
    if scenario == "sql":
        fields |= {"kind": "sql", "path": f"sqlite:///{folder}/a.db", "attributes": {"table": "t"}}
    if scenario == "aside":
        commits._exchange = lambda one, other: False
    append = scenario == "append"
    target = DataTarget.from_dict(fields)
    target.write(frame(OLD))
    target.write(frame(OLD))
    number = before = after = 0
    whole = sorted(OLD + NEW) if append else NEW
    while killed_at(number, lambda: target.write(parts(NEW, scenario), append=append)):
        rows = found(target, scenario)
        assert rows in (OLD, whole), (number, rows)
        before, after = before + (rows == OLD), after + (rows == whole)
        target.write(frame(OLD))
        assert found(target, scenario) == OLD
        left = [name for name in os.listdir(folder) if not name.startswith(("out", "a.db"))]
        assert left == [], (number, left)
        number += int(stride)
    assert found(target, scenario) == whole
    assert not list(Path(folder).glob(".*"))
    print(json.dumps({"operations": number, "before": before, "after": after}))


if __name__ == "__main__":
    main(*sys.argv[1:])
