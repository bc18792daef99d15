"""A program that packs values in children of its own, each of which waits, stopped, until somebody has put a fault in its way.

A line of its standard input is a job: ``[value, folder, generation, durability]``. It answers with the number of the child's process, and
when that has ended with how: 0 the package was acknowledged, 1 an error of ours, 2 any other, or minus the number of a signal. Everything
is imported, and every value packed once, before the first child is made; so a child does nothing but pack.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import values

import packagers


def pack(name: str, made: Any, folder: str, generation: int, durability: str) -> None:
    """Pack a value: as a package, and what is called a run as all the outputs of a session."""
    with packagers.settings(durability=durability):
        if name == "run":
            with packagers.Session(folder) as session:
                session.pack_returns(made, ["count", "data"])
        else:
            labels = {} if name == "result" else {"generation": str(generation)}
            packagers.pack(made, {"key": "data", "labels": labels}, folder)


def child(name: str, folder: str, generation: int, durability: str) -> None:
    """Make the value, wait, pack, and end without another word."""
    made = values.VALUES[name](generation)
    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        pack(name, made, folder, generation, durability)
    except packagers.PackagersError:
        os._exit(1)
    except packagers.PackingFailed:
        os._exit(1)
    except BaseException:  # noqa: BLE001 - what is not ours is a finding, and told
        os.write(2, traceback.format_exc().encode())
        os._exit(2)
    os._exit(0)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Do the jobs."""
    with tempfile.TemporaryDirectory() as warm:
        for name in sys.argv[1:]:
            for generation in (0, 1):
                pack(name, values.VALUES[name](generation), str(Path(warm) / name), generation, "process")
    for line in sys.stdin:
        job = json.loads(line)
        number = os.fork()
        if number == 0:
            child(*job)
        _say(number)
        _say(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]))


if __name__ == "__main__":
    main()
