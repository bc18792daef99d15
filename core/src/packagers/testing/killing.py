"""What stands in a folder after the death of the process that packs there, at each of its file operations.

A killed process leaves what it had handed to the system, and nothing that it had still in memory: exactly what anybody else can read of its
files at that moment. So nobody has to die. The folder is copied before every operation on files, and after each that opens one for writing;
every copy is what a kill -9 at that point would have left. It costs no process, works on every system, and with libraries whose threads no
fork survives.
"""

from __future__ import annotations

import builtins
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any

from packagers.loghint import LogHint
from packagers.manifest import NAME
from packagers.package import Package
from packagers.registry import Registry
from packagers.scratch import scope
from packagers.session import Session
from packagers.testing import fresh
from packagers.testing.evidence import Trip

_OPERATIONS = ("mkdir", "rename", "replace", "unlink", "remove", "rmdir", "link", "symlink", "truncate", "ftruncate", "open")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_POINTS = 40
"""Operations of one packing, at least, at which it is killed, if there are as many."""
_NEXT = 8
"""States of one form that something is packed into next: those that differ in their names."""
_GENERATION = "generation"

Tree = Mapping[str, bytes | None]
"""The files and folders of a folder: bytes, or ``None`` for a folder."""


def kill_problems(registry: Registry, trip: Trip, make: Callable[[], Any], place: Path) -> list[str]:
    """Pack a sample under a new key and over an existing package, each time with a death at many points, and look at what is left.

    Args:
        registry: Finds the packager.
        trip: The sample and its form.
        make: Gives the sample.
        place: A folder to work in, which is made.
    """
    if trip.form.artifact_type == "result":
        return []  # its packager touches no file
    root = place / "packed"
    root.mkdir(parents=True)
    problems: list[str] = []
    packed: set[tuple[frozenset[str], bytes | None]] = set()
    for old, new in (("", "1"), ("1", "2")):
        left = _deaths(root, lambda generation=new: _pack(registry, trip, make(), root, generation))  # type: ignore[misc]
        after = tree_of(root)
        for name, tree in left:
            _restore(root, tree)
            found = _torn(registry, trip, root, {old, new})
            shape = _shape(tree)
            if shape not in packed and len(packed) < _NEXT:
                packed.add(shape)
                found += _stuck(lambda: _pack(registry, trip, make(), root, "3"), root)
            where = "over a package" if old else "under a new key"
            problems += [f"{trip}: killed before {name}, {where}: {problem}" for problem in found]
        _restore(root, after)
    return problems


def _deaths(root: Path, pack: Callable[[], None]) -> list[tuple[str, Tree]]:
    """Pack; give what stood in a folder before each operation, or before some, spread over all, where there are many."""
    left: list[tuple[str, Tree]] = []
    step = 1
    last: Tree = {}

    def die(name: str, number: int) -> None:
        nonlocal step, last
        if number % step == 0:
            last = tree_of(root, last)
            if not left or left[-1][1] != last:
                left.append((name, last))
        if len(left) > 2 * _POINTS:
            step *= 2
            del left[1::2]

    with at_operations(root, die):
        pack()
    return left


def _pack(registry: Registry, trip: Trip, value: Any, root: Path, generation: str) -> None:
    hint = LogHint(fresh.KEY, trip.form.artifact_type, packing_kwargs=trip.form.options, labels={_GENERATION: generation})
    with scope(), Session(root, registry=registry, signer=None, record="packages") as session:
        session.pack(value, hint)


def _torn(registry: Registry, trip: Trip, root: Path, versions: set[str]) -> list[str]:
    """Say what is wrong where neither the old version nor the new one stands whole, and can be read."""
    try:
        standing = _standing(root / fresh.KEY)
        if standing not in versions:
            return ["there is no package any more"]
        if standing and trip.came_back:
            with scope():
                fresh.read(registry, root / fresh.KEY, trip.form.kind)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
        return [f"neither the old package nor the new one is whole: {type(error).__name__}: {error}"]
    return []


def _stuck(pack: Callable[[], None], root: Path) -> list[str]:
    """Say what is wrong where the next writer does not get on, or does not clean up."""
    folder = root / fresh.KEY
    try:
        pack()
        if _standing(folder) != "3":
            return ["what is packed next is not there"]
        payload = Package.open(folder).manifest.payload
    except Exception as error:  # noqa: BLE001 - as above
        return [f"nothing can be packed there any more: {type(error).__name__}: {error}"]
    strays = [path for path in root.iterdir() if path != folder]
    strays += [path for path in folder.iterdir() if path.name not in (NAME, payload)]
    return [f"{path.relative_to(root).as_posix()} stays there for ever" for path in strays]


def _standing(folder: Path) -> str:
    """Give the version that stands in a package's folder, whole; nothing where none was ever finished."""
    if not (folder / NAME).exists():
        return ""
    package = Package.open(folder)
    package.verify()
    return package.manifest.labels[_GENERATION]


def _shape(tree: Tree) -> tuple[frozenset[str], bytes | None]:
    """Give what the next writer can tell of what stands there: the names, those that the core makes up aside, and the manifest."""
    return frozenset(re.sub(r"\b[0-9a-f]{8}\b", "-", name) for name in tree), tree.get(f"{fresh.KEY}/{NAME}")


def tree_of(folder: Path, known: Tree = MappingProxyType({})) -> Tree:
    """Read all that stands in a folder.

    Args:
        folder: The folder.
        known: What stood there before; bytes that are the same are held once.
    """
    found: dict[str, bytes | None] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        data = None if path.is_dir() else path.read_bytes()
        found[name] = known[name] if name in known and known[name] == data else data
    return found


def _restore(folder: Path, tree: Tree) -> None:
    """Let a folder hold what it held when a tree was read, and nothing else."""
    shutil.rmtree(folder)
    folder.mkdir()
    for name, data in tree.items():
        if data is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(data)


@contextmanager
def at_operations(folder: Path, act: Callable[[str, int], None] = lambda name, number: None) -> Iterator[list[str]]:
    """Do something at each operation on files in a folder, as far as Python code asks for it.

    Args:
        folder: The folder; operations elsewhere do not count.
        act: Is given the name of the operation and its number, before the operation begins.

    Returns:
        The operations, by name, as they come.
    """
    seen: list[str] = []
    inside = os.path.join(os.path.abspath(folder), "")
    is_busy = False

    def point(name: str) -> None:
        nonlocal is_busy
        if not is_busy:  # what the action itself does is not looked at
            is_busy = True
            try:
                seen.append(name)
                act(name, len(seen) - 1)
            finally:
                is_busy = False

    def counts(path: Any, options: Mapping[str, Any]) -> bool:
        if isinstance(path, int) or any(value is not None for name, value in options.items() if name.endswith("dir_fd")):
            return True
        text = os.path.abspath(os.fsdecode(path))
        return text.startswith(inside) or os.path.join(text, "") == inside

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            paths = arguments[: 2 if name in ("rename", "replace", "link", "symlink") else 1]
            writes = name != "open" or (arguments[1:] and arguments[1] & _WRITES) or options.get("flags", 0) & _WRITES
            if not writes or not any(counts(path, options) for path in paths):
                return function(*arguments, **options)
            point(f"os.{name}")
            result = function(*arguments, **options)
            if name == "open":
                point("the first byte is written")
            return result

        return call

    @wraps(io.open)
    def opened(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if isinstance(file, int) or not set(mode) & set("wax+") or not counts(file, {}):
            return plain(file, mode, *arguments, **options)
        point("open")
        result = plain(file, mode, *arguments, **options)
        point("the first byte is written")
        return result

    plain, kept = io.open, {name: getattr(os, name) for name in _OPERATIONS if hasattr(os, name)}
    try:
        for name, function in kept.items():
            setattr(os, name, watched(name, function))
        io.open = builtins.open = opened
        yield seen
    finally:
        for name, function in kept.items():
            setattr(os, name, function)
        io.open = builtins.open = plain
