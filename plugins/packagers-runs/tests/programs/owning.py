"""Take a run in hand and keep it until the end of the input: ``owning.py URL ARTIFACTS UID``."""

from __future__ import annotations

import sys

from packagers_runs.runstore import connect

if __name__ == "__main__":
    with connect(sys.argv[1], sys.argv[2]) as store:
        attempt = store.begin({"metadata": {"uid": sys.argv[3]}, "status": {"state": "running"}})
        (store.staging(attempt) / "half").write_text("half")
        print("ready", flush=True)
        sys.stdin.read()
