"""What another process of this user has in its environment and its memory, as Linux shows it; and whether a worker has the signing key."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from waiting import meanwhile, until

import packagers
from packagers_runs import Store, new_function, new_task


def forms_of(secret: bytes) -> list[bytes]:
    """Give the forms in which 32 random bytes would be found: raw, as hex digits, as base64."""
    return [secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"="), base64.urlsafe_b64encode(secret).rstrip(b"=")]


def places_of(pid: int, needles: list[bytes]) -> list[str]:
    """Give where a process holds one of some byte strings: ``environ``, or the addresses of readable memory."""
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    found = ["environ"] * any(needle in environment for needle in needles)
    looked_at = 0
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            addresses, access, *_ = line.split()
            if access[0] != "r" or line.endswith(("[vvar]", "[vvar_vclock]", "[vsyscall]")):
                continue
            start, end = (int(address, 16) for address in addresses.split("-"))
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except OSError:  # given back meanwhile
                continue
            looked_at += len(data)
            found += [addresses] * any(needle in data for needle in needles)
    assert looked_at > 10_000_000, "this is not the memory of a process that runs Python"
    return found


def made_key(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> bytes:
    """Make the key that signs, in a ``file`` or in a ``variable`` of the environment; gives its bytes."""
    patch.setenv("PACKAGERS_CONFIG_DIR", str(folder / "config"))
    packagers.pack("text", "signed : file", folder)
    (file,) = (folder / "config" / "keys").glob("*.key")
    line = file.read_text().strip()
    if kind == "variable":
        file.unlink()
        patch.setenv("PACKAGERS_SIGNING_KEY", line)
    return bytes.fromhex(line.split(":")[1])


def check_workers(store: Store, folder: Path, secret: bytes, **options: Any) -> None:
    """Look for the key in two workers while they work, and whether what they give is signed all the same."""

    def handler(x: int, folder: str) -> Any:
        import time

        Path(folder, f"new-{x}").write_text(str(os.getpid()))
        Path(folder, f"new-{x}").rename(Path(folder, f"pid-{x}"))
        while not Path(folder, "seen").exists():
            time.sleep(0.02)
        return slice(x)

    found: dict[int, list[str]] = {}

    def look() -> None:
        try:
            pids = [int((folder / f"pid-{x}").read_text()) for x in (1, 2) if until((folder / f"pid-{x}").exists)]
            found.update({pid: places_of(pid, forms_of(secret)) for pid in pids})
        finally:
            (folder / "seen").touch()

    task = new_task("keys", handler=handler, params={"folder": str(folder)}, returns=["m : object"])
    with meanwhile(look):
        done = new_function().run(task.with_hyper_params({"x": [1, 2]}, parallel_runs=2, **options))
    assert len(found.keys() - {os.getpid()}) == 2
    assert list(found.values()) == [[], []]
    assert places_of(os.getpid(), forms_of(secret))  # where it is, it is found
    assert store.get_run(str(done.uid()), 2).unpack("m") == slice(2)  # a pickle of a worker, signed here
