"""Every plugin, loaded in another process, for the commands that say which ones work."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

from packagers.cli.trying import title
from packagers.errors import PackagersError

if TYPE_CHECKING:
    from packagers.discovery import Extension
    from packagers.registration import Registration

_START = (
    "import json, sys; job = json.loads(sys.stdin.buffer.readline()); sys.path[:] = job['path']; "
    "from packagers.cli.trying import main; main(job)"
)
_PATIENCE_S = 10.0
"""Seconds for a process to end that was told to, or that has nothing more to do."""

timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="After how long the import of one plugin is given up.",
)


class Loaded:
    """What is installed and registered, every part of it loaded by processes of its own.

    A part that ends its process, or does not come to its end, is named, and another process goes on behind it.

    Args:
        project: The project whose packagers count too.
        seconds: How long each part may take.
        names: Types that the project's file names.

    Attributes:
        packagers: What is to be said of each packager. ``state`` is ``ok``, ``off`` or ``broken``, or ``careless`` where it can be used
            and has done what it should not; ``reason`` says why.
        hooks: The same of each hook module.
        unreadable: Distributions that are left out, and why.
        missing: Why there is no class of a name; for each name where that is so.
    """

    def __init__(self, project: Path | None, seconds: float, names: Iterable[str] = ()) -> None:
        from packagers.choice import preferences
        from packagers.config import read_project, settings
        from packagers.discovery import scan
        from packagers.errors import PackagersWarning
        from packagers.registry import check_defaults, declared

        read = None if project is None else read_project(project)
        if read is not None:
            check_defaults(read)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PackagersWarning)  # what is left out stands in what is given
            declared(read)
            self.unreadable = [each._asdict() for each in scan().unreadable]
        self._seconds = seconds
        self._job: dict[str, Any] = {
            "path": [os.path.abspath(entry) for entry in sys.path],
            "project": None if project is None else os.path.abspath(project),
            "disable": sorted(preferences((), settings.get("disable", read)).disable),
            "names": sorted(set(names)),
            "told": {},
            "hanging": {},
        }
        self._entries: dict[str, tuple[str, dict[str, Any]]] = {}
        while not self._try():
            pass
        self.packagers = [entry for kind, entry in self._entries.values() if kind == "packager"]
        self.hooks = [entry for kind, entry in self._entries.values() if kind == "hook"]
        self.missing = {entry["name"]: entry["reason"] for kind, entry in self._entries.values() if kind == "name" and entry["reason"]}

    def _try(self) -> bool:
        """Let a process load what none has told of yet; tell whether that was all."""
        with _process(self._job) as process:
            while True:
                begun = process.line(self._seconds + _PATIENCE_S)
                if begun is None:
                    raise PackagersError(f"plugins cannot be tried: what loads them {process.end() or 'says nothing'}")
                if "kind" not in begun:
                    return True
                kind, facts = begun["kind"], begun["facts"]
                state = process.line(self._seconds)
                if state is None:
                    self._blame(kind, facts, process.end())
                    return False
                self._enter(kind, facts, state)
                if kind != "hook" and state.get("has_threads"):
                    return False

    def _blame(self, kind: str, facts: dict[str, Any], end: str) -> None:
        reason = f"it {end or f'did not come to its end within {self._seconds:g} s'}"
        if not end and "reference" in facts:
            self._job["hanging"][facts["reference"].partition(":")[0]] = reason.removeprefix("it ")
        nothing: dict[str, Any] = {"packs": [], "unpacks": [], "priority": None} if kind == "packager" else {}
        state = {**nothing, "state": "broken", "reason": reason, "seconds": self._seconds if not end else 0.0}
        self._enter(kind, facts, {"reason": f"importing it: {reason}"} if kind == "name" else state)

    def _enter(self, kind: str, facts: dict[str, Any], state: dict[str, Any]) -> None:
        printed = state.pop("printed", "")
        name = title(kind, facts)
        if printed and name not in self._entries:
            sys.stderr.write(printed)
        self._job["told"][name] = {"state": state.get("state")}
        self._entries[name] = kind, {**facts, **{name: value for name, value in state.items() if name != "has_threads"}}


def facts(registration: Registration) -> dict[str, Any]:
    """Say what a registration says of itself, without importing anything."""
    path = registration.path
    return {
        "type": registration.type_path if path is None else str(path),
        "label": path.label if path else "",
        "malformed": path is None,
        "distribution": registration.distribution,
        "version": registration.version,
        "reference": registration.reference,
        "origin": registration.origin,
    }


def hook_facts(hook: Extension) -> dict[str, Any]:
    """Say what the entry point of a hook module says, without importing it."""
    return {"name": hook.name, "distribution": hook.distribution, "version": hook.version, "reference": hook.reference}


class _Process:
    """A process that tells in lines of JSON.

    Args:
        process: The process.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._has_ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        stdout, rest = cast("IO[bytes]", self._process.stdout), b""
        with contextlib.suppress(OSError, ValueError):  # closed while we wait; half a line
            while piece := os.read(stdout.fileno(), 1 << 16):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._lines.put(json.loads(line))
        self._lines.put(None)

    def line(self, seconds: float) -> dict[str, Any] | None:
        """Give the next line; ``None`` where there comes none in time, or ever."""
        try:
            found = self._lines.get(timeout=seconds)
        except queue.Empty:
            return None
        self._has_ended = found is None
        return found

    def end(self) -> str:
        """Say how it ended by itself; empty where it did not."""
        try:
            code = self._process.wait(timeout=_PATIENCE_S if self._has_ended else 0.0)
        except subprocess.TimeoutExpired:
            return ""
        if code >= 0:
            return f"ended the process, with exit code {code}"
        with contextlib.suppress(ValueError):
            return f"crashed the process, with signal {signal.Signals(-code).name}"
        return f"crashed the process, with signal {-code}"

    def kill(self) -> None:
        """End it, and what it has started."""
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(_PATIENCE_S)


@contextmanager
def _process(job: Mapping[str, Any]) -> Iterator[_Process]:
    """Start a process that does a job; in a session of its own, so that nothing that it starts outlives it."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, bufsize=0
    ) as started:
        process = _Process(started)
        try:
            with contextlib.suppress(BrokenPipeError), cast("IO[bytes]", started.stdin) as stdin:
                stdin.write(json.dumps(job).encode() + b"\n")
            yield process
        finally:
            process.kill()
