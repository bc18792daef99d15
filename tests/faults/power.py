"""What a disk may hold after a loss of power: states made from the order in which a packing wrote and synced.

The model is that of a file system that promises no more than POSIX. What a file holds is certain once the file was synced; before that
it may be nothing, a beginning, zeros or all of it. What a folder lists is certain once the folder was synced; before that each change (an
entry made, removed, or replaced at one stroke) may have reached the disk or not, whatever became of the changes before it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "openat,mkdir,mkdirat,write,pwrite64,writev,ftruncate,rename,renameat,renameat2,unlink,unlinkat,rmdir,fsync,fdatasync"
STRACE = ("-y", "-s", "0", "-e", f"trace={CALLS}")
"""How strace is asked for a log that a :class:`Disk` understands."""
_LINE = re.compile(r"^\d+\s+(?P<name>\w+)\((?P<arguments>.*)\)\s+= \d+")
_HANDLE = re.compile(r"^\d+<([^>]*)>")
_PATH = re.compile(r'(?:(?:\d+|AT_FDCWD)<([^>]*)>, )?"([^"]*)"')


@dataclass
class Node:
    """A file or a folder.

    Attributes:
        entries: Of a folder: what it lists now.
        certain: Of a folder: what the disk is sure to list.
        changes: Of a folder: the entries that were made, removed or replaced since; a removed one is ``None``.
        content: Of a file: what it holds in the end.
        is_synced: Of a file: whether the disk is sure to hold that.
    """

    entries: dict[str, Node] | None = None
    certain: dict[str, Node] = field(default_factory=dict)
    changes: list[dict[str, Node | None]] = field(default_factory=list)
    content: bytes = b""
    is_synced: bool = True


class Disk:
    """A folder on a disk that records what is done to it.

    Args:
        root: The folder, as the recorded calls name it.
        before: A copy of it from before the first call.
        after: What files held in the end, by path below the root; temporary ones too.
    """

    def __init__(self, root: Path, before: Path, after: dict[str, bytes]) -> None:
        self._root = root
        self._after = after
        self.top = _read(before)

    def apply(self, line: str) -> bool:
        """Do what one line of strace says; tells whether it changed or synced something below the root."""
        name, paths = _call(line)
        inside = [path.relative_to(self._root) for path in paths if path.is_relative_to(self._root)]
        if not inside or (name == "openat" and "O_CREAT" not in line):
            return False
        path = inside[0]
        if name == "openat":
            self._create(path, "O_TRUNC" in line)
        elif name.startswith("mkdir"):
            self._change(path.parent, {path.name: Node(entries={})})
        elif name.startswith("rename"):
            self._rename(path, inside[1])
        elif name in ("unlink", "unlinkat", "rmdir"):
            self._change(path.parent, {path.name: None})
        elif name.endswith("sync"):
            self._sync(path)
        else:
            self._written(path)
        return True

    def state(self, target: Path, chance: random.Random) -> None:
        """Write down one of the states that the disk may be in now.

        Args:
            target: An empty folder.
            chance: Chooses.
        """
        _write(self.top, target, chance)

    def everything(self, target: Path) -> None:
        """Write down what stands there if nothing is lost."""
        _write_all(self.top, target)

    def _at(self, path: Path) -> Node | None:
        node: Node | None = self.top
        for part in path.parts:
            node = None if node is None or node.entries is None else node.entries.get(part)
        return node

    def _folder(self, path: Path) -> Node:
        node = self._at(path)
        assert node is not None, path
        return node

    def _change(self, folder: Path, change: dict[str, Node | None]) -> None:
        node = self._folder(folder)
        assert node.entries is not None
        for name, entry in change.items():
            if entry is None:
                node.entries.pop(name, None)
            else:
                node.entries[name] = entry
        node.changes.append(change)

    def _create(self, path: Path, truncates: bool) -> None:
        node = self._at(path)
        if node is None:
            self._change(path.parent, {path.name: Node(content=self._after.get(path.as_posix(), b""))})
        elif truncates:
            node.is_synced = False

    def _written(self, path: Path) -> None:
        node = self._at(path)
        if node is not None:
            node.content = self._after.get(path.as_posix(), node.content)
            node.is_synced = False

    def _rename(self, source: Path, target: Path) -> None:
        node = self._at(source)
        if source.parent == target.parent:
            self._change(source.parent, {source.name: None, target.name: node})
        else:
            self._change(target.parent, {target.name: node})
            self._change(source.parent, {source.name: None})

    def _sync(self, path: Path) -> None:
        node = self._at(path)
        if node is not None and node.entries is not None:
            node.certain, node.changes = dict(node.entries), []
        elif node is not None:
            node.is_synced = True


def renamed(log: str, root: Path) -> Iterator[tuple[str, str]]:
    """Give the files that were renamed, old and new path below the root: what the old one held stands under the new one."""
    for line in log.splitlines():
        name, paths = _call(line)
        if name.startswith("rename") and paths[0].is_relative_to(root):
            yield paths[0].relative_to(root).as_posix(), paths[1].relative_to(root).as_posix()


def _call(line: str) -> tuple[str, list[Path]]:
    """Give the name and the paths of a call that succeeded."""
    found = _LINE.match(line)
    if found is None:
        return "", []
    handle = _HANDLE.match(found["arguments"])
    if handle is not None and (found["name"].endswith("sync") or found["name"] in ("write", "pwrite64", "writev", "ftruncate")):
        return found["name"], [Path(handle[1])]
    return found["name"], [Path(folder, name) for folder, name in _PATH.findall(found["arguments"])]


def _read(path: Path) -> Node:
    if path.is_dir():
        entries = {child.name: _read(child) for child in path.iterdir()}
        return Node(entries=entries, certain=dict(entries))
    return Node(content=path.read_bytes())


def _write(node: Node, target: Path, chance: random.Random) -> None:
    if node.entries is None:
        target.write_bytes(node.content if node.is_synced else _perhaps(node.content, chance))
        return
    target.mkdir(exist_ok=True)
    entries: dict[str, Node | None] = dict(node.certain)
    share = chance.choice((0.0, 0.5, 0.9, 1.0))
    for change in node.changes:
        if chance.random() < share:
            entries.update(change)
    for name, entry in entries.items():
        if entry is not None:
            _write(entry, target / name, chance)


def _write_all(node: Node, target: Path) -> None:
    if node.entries is None:
        target.write_bytes(node.content)
        return
    target.mkdir(exist_ok=True)
    for name, entry in node.entries.items():
        _write_all(entry, target / name)


def _perhaps(content: bytes, chance: random.Random) -> bytes:
    """Give what a file that was not synced may hold."""
    return chance.choice((content, b"", content[: chance.randrange(len(content) + 1)], bytes(len(content))))
