"""Another process that has the folder of fakes on its path: what it reads owes nothing to what this one has in memory."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(code: str, *arguments: object) -> str:
    """Run code in a fresh interpreter; gives what it prints."""
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    return done.stdout


def unpack(*sources: object) -> list[Any]:
    """Unpack sources in a fresh interpreter; gives the values as they come back through a pickle."""
    code = "import sys, pickle, packagers; print(pickle.dumps([packagers.unpack(source) for source in sys.argv[1:]]).hex())"
    values: list[Any] = pickle.loads(bytes.fromhex(run(code, *sources)))
    return values
