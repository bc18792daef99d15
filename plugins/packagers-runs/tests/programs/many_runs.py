"""Do many runs in one store, at the same time as other processes do: ``many_runs.py URL ARTIFACTS NUMBER COUNT``, after a line of input."""

from __future__ import annotations

import sys

import packagers
from packagers_runs.runstore import connect


def main(url: str, artifacts: str, number: int, count: int) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    with connect(url, artifacts) as store:
        for index in range(count):
            metadata = {"uid": f"{number * 1000 + index:032x}", "name": f"run{number}", "labels": {"process": str(number)}}
            attempt = store.begin({"metadata": metadata, "status": {"state": "running"}})
            made = {}
            if index % 10 == 0:  # all processes pack the same few values, so that they put the same objects at once
                with packagers.Session(store.staging(attempt), record=False) as session:
                    session.pack(f"text {index % 50}", "note : file")
                made = session.artifacts
            store.write(attempt, {"metadata": metadata, "status": {"state": "completed", "results": {"index": index}}}, made)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
