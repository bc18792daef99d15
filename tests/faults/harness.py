"""Faults at chosen system calls: a worker's child packs under strace, which makes one call fail, or kills the child at it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from packagers.errors import PackagersError
from packagers.package import Package
from packagers.results import open_results

HERE = Path(__file__).parent
KILL = "KILL"
FAULTS = (KILL, "ENOSPC", "EIO", "EACCES", "EMFILE", "EXDEV")
MUTATING = (
    *("openat", "creat", "mkdir", "mkdirat", "write", "pwrite64", "writev", "pwritev", "ftruncate", "fallocate"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "link", "linkat", "symlink", "symlinkat"),
    *("chmod", "fchmod", "fchmodat", "utimensat", "fsync", "fdatasync", "copy_file_range", "sendfile"),
)
_CALL = re.compile(r"^(?P<process>\d+)\s+(?P<name>\w+)\((?P<arguments>.*)")
_POSSIBLE = {
    "EXDEV": ("rename", "renameat", "renameat2", "link", "linkat"),
    "EMFILE": ("openat", "creat"),
}


@dataclass(frozen=True)
class Point:
    """One system call of a packing, and how it is made to fail.

    Attributes:
        call: The name of the call.
        number: Which of the calls of that name, from 1.
        fault: An error, or a kill on entering the call.
    """

    call: str
    number: int
    fault: str

    def __str__(self) -> str:
        return f"{self.fault} at {self.call} {self.number}"

    @property
    def injection(self) -> str:
        """How strace is told."""
        how = "signal=SIGKILL" if self.fault == KILL else f"error={self.fault}"
        return f"inject={self.call}:{how}:when={self.number}"


class Worker:
    """The worker, warm; a context manager.

    Args:
        names: The values that it will pack.
    """

    def __init__(self, names: Sequence[str]) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        environment["PYTHONPATH"] = os.pathsep.join([str(HERE), environment.get("PYTHONPATH", "")])
        self._space = tempfile.TemporaryDirectory()  # what killed children leave in temporary folders goes with it
        environment["TMPDIR"] = self._space.name
        self._errors = Path(self._space.name, "errors")
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", str(HERE / "worker.py"), *names],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()
        self._space.cleanup()

    def pack(self, name: str, folder: Path, generation: int, *strace: str, durability: str = "process") -> int:
        """Pack a value in a child that strace watches; gives how the child ended.

        Args:
            name: Of the value.
            folder: Where to.
            generation: Of the value.
            strace: Arguments for strace.
            durability: The setting.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, str(folder), generation, durability]) + "\n")
        self._process.stdin.flush()
        child = int(self._line())
        _until(lambda: _status(child, "State").startswith("T"))
        watcher = subprocess.Popen(["strace", "-f", "-qq", *strace, "-p", str(child)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _until(lambda: _status(child, "TracerPid") != "0" or watcher.poll() is not None)
            os.kill(child, signal.SIGCONT)
            return int(self._line())
        finally:
            _, said = watcher.communicate()
            assert watcher.returncode in (0, -signal.SIGKILL, 137), said.decode()

    def calls(self, name: str, folder: Path, generation: int, log: Path, durability: str = "process") -> list[tuple[str, int]]:
        """Pack a value without a fault; give the system calls that open or change something, by name and number."""
        ended = self.pack(name, folder, generation, "-e", f"trace={','.join(MUTATING)}", "-o", str(log), durability=durability)
        assert ended == 0, f"packing {name} ended with {ended}"
        counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        found = []
        for line in log.read_text(errors="replace").splitlines():
            call = _CALL.match(line)
            if call is None:
                continue
            counts[call["process"], call["name"]] += 1
            found.append((call["name"], counts[call["process"], call["name"]]))
        return list(dict.fromkeys(found))

    def said(self) -> str:
        """Give the end of what the worker and its children printed of errors."""
        return self._errors.read_text()[-3000:]

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the worker has died: {self.said()}")
        return line


def points(calls: Sequence[tuple[str, int]], faults: Sequence[str] = FAULTS) -> Iterator[Point]:
    """Give every fault at every call that can have it."""
    for fault in faults:
        for call, number in calls:
            if call in _POSSIBLE.get(fault, MUTATING):
                yield Point(call, number, fault)


def generations(folder: Path, name: str) -> set[int]:
    """Give the versions that stand in a folder, all of which must be whole.

    Raises:
        AssertionError: For a package or result that is torn.
    """
    try:
        return _read(folder, name)
    except PackagersError as error:
        raise AssertionError(f"torn: {error}") from error


def standing(folder: Path, name: str) -> set[int] | None:
    """Give the versions that stand in a folder; ``None`` where one is damaged, which reading it tells."""
    try:
        return _read(folder, name)
    except PackagersError:
        return None


def _read(folder: Path, name: str) -> set[int]:
    found = set()
    if name == "run" and (folder / "results.json").exists():
        found.add(int(open_results(folder)["count"].manifest.value))  # type: ignore[call-overload]
    if (folder / "data/manifest.json").exists():
        package = Package.open(folder / "data")
        package.verify()
        if name != "run":
            found.add(int(package.manifest.labels["generation"] if name != "result" else package.manifest.value["count"]))  # type: ignore[index]
    return found


def litter(folder: Path) -> list[str]:
    """List what stands in a folder beside whole packages."""
    strays = [path for path in folder.glob("*") if path.name not in ("data", "results.json")]
    if (folder / "data").is_dir():
        payload = Package.open(folder / "data").manifest.payload
        strays += [path for path in (folder / "data").iterdir() if path.name not in ("manifest.json", payload)]
    return sorted(path.name for path in strays)


def _status(process: int, name: str) -> str:
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith(f"{name}:")), "")


def _until(done: object) -> None:
    """Wait for something that the kernel tells, for 20 seconds at most."""
    import time

    end = time.monotonic() + 20
    while not done():  # type: ignore[operator]
        if time.monotonic() > end:
            raise AssertionError("the child does not go on")
        time.sleep(0.0005)
