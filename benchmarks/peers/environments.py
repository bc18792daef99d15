"""An environment for each system, made once and kept in a cache folder, outside of the repository."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

MARK = "complete.json"


class NotInstalled(Exception):
    """An environment cannot be made; says why."""


def cache_folder() -> Path:
    """Give where environments are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "packagers-peers"


def environment(name: str, requires: Sequence[str], cache: Path) -> Path:
    """Make an environment unless it is there; give its interpreter.

    Args:
        name: The system.
        requires: What pip installs into it.
        cache: Where environments are kept.

    Raises:
        NotInstalled: It cannot be installed.
    """
    wanted = json.dumps([sys.version, *requires])
    place = cache / f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
    python = place / "bin" / "python"
    if not (place / MARK).exists():
        for command in (
            [sys.executable, "-m", "venv", "--clear", "--upgrade-deps", str(place)],
            [str(python), "-m", "pip", "install", "--quiet", *requires],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                told = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-1:]
                raise NotInstalled(" ".join(told)[:300] or f"{' '.join(command[:4])} exited {done.returncode}")
        (place / MARK).write_text(wanted)
    return python
