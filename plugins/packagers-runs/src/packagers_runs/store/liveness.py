"""Who has a run in hand, and whether that process is still there.

A process is told by its number, the time it was started, and the place where the number means something: the boot of the machine and the
namespace of its processes. A reader in the same place looks whether the process is there; any other one goes by the lease, which the owner
renews as long as it lives.
"""

from __future__ import annotations

import functools
import json
import os
import socket
from pathlib import Path
from typing import NamedTuple

LEASE_S = 30.0
"""How long an owner is taken to be alive since it last said so."""
RENEWAL_S = 10.0
"""How often it says so."""


class Owner(NamedTuple):
    """A process.

    Attributes:
        host: The name of its machine, for people.
        place: Where its number means something; empty where processes cannot be looked for.
        pid: Its number.
        started: When it was started, as the system counts.
    """

    host: str
    place: str
    pid: int
    started: str

    def __str__(self) -> str:
        return json.dumps(self._asdict(), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> Owner:
        """Read what :func:`str` gave."""
        return cls(**json.loads(text))

    def is_gone(self, lease: float | None, now: float) -> bool:
        """Tell whether the process is no more.

        Args:
            lease: Until when it is taken to be alive where it cannot be looked for, in seconds since 1970.
            now: The time, by the clock that the lease was written by.
        """
        if self.place and self.place == _place():
            return _started(self.pid) != self.started
        return lease is not None and lease < now


def this_process() -> Owner:
    """Give this process."""
    return _process(os.getpid())


@functools.lru_cache(maxsize=2)
def _process(pid: int) -> Owner:
    return Owner(socket.gethostname(), _place(), pid, _started(pid))


@functools.cache
def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}" if _started(os.getpid()) else ""
    except (OSError, UnicodeError):
        return ""


def _started(pid: int) -> str:
    """Give when a process was started; empty where there is none, or only what its parent has not taken note of."""
    try:
        # The name of the program stands in brackets and may hold anything; the state comes next, and the time is the 20th after it.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return "" if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")
    except (OSError, IndexError, UnicodeError):
        return ""
