"""What content makes a process do: heard in a process that is there for nothing else, for what it hears with cannot be taken out again.

A library does much for itself when it reads: it starts processes to ask what the machine can do, and writes caches. What it does for good
content is its own; what it does for hostile content alone, or for whatever bears the mark of that, is the content's doing.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from types import CodeType, ModuleType
from typing import Any

from packagers.testing.gadgets import MARK

_STARTING = (
    *("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "os.startfile"),
    *("pty.", "socket.", "webbrowser.", "ctypes.dlopen"),
)
_CHANGING = {
    **dict.fromkeys(("os.mkdir", "os.remove", "os.rmdir", "os.chmod"), (0,)),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
}
"""Events, and which of their arguments are paths that change. The last argument is a folder that these start from, or -1."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Deeds:
    """Hears what the process does."""

    def __init__(self) -> None:
        self._place = ""
        self._heard: list[str] | None = None
        self._own: set[str] = set()
        sys.addaudithook(self._hear)
        sys.meta_path.insert(0, _Finder(self))

    @contextmanager
    def listening(self, place: str | os.PathLike[str], *, is_good: bool = False) -> Iterator[list[str]]:
        """Give what is done inside of the block, each deed once.

        Args:
            place: The folder of the content.
            is_good: Whether the content is good; then its deeds are the library's own, now and later, and none is given.
        """
        heard: list[str] = []
        self._place, self._heard = os.path.join(os.path.abspath(place), ""), heard
        try:
            yield heard
        finally:
            self._heard = None
            if is_good:
                self._own.update(heard)
            heard[:] = [deed for deed in dict.fromkeys(heard) if deed not in self._own]

    def imports(self, name: str) -> None:
        """Take note that a module is looked for: there is no event for every way to import."""
        # Python itself looks for a text encoding by its name, among those it comes with and nowhere else.
        if self._heard is not None and MARK in name and not name.startswith("encodings."):
            self._heard.append(f"it imports {name:.80}")

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        heard, self._heard = self._heard, None  # what is done in here is nobody's doing
        if heard is None:
            return
        try:
            deed = self._deed(event, arguments)
            if deed:
                heard.append(f"{deed:.200}")
        finally:
            self._heard = heard

    def _deed(self, event: str, arguments: tuple[Any, ...]) -> str:
        if event == "pickle.find_class":
            return f"a pickle looks up {'.'.join(map(str, arguments))}"
        if event == "exec":
            return self._code(arguments[0])
        if event.startswith(_STARTING):
            what = arguments[0] if arguments and isinstance(arguments[0], str | bytes) else ""
            return f"it calls {event} {what!r}" if what else f"it calls {event}"
        if event == "open":
            path, mode, flags = arguments
            writes = flags & _WRITES if isinstance(flags, int) else set(mode or "") & set("wax+")
            return self._written("opens", path, -1) if writes else self._opened(path)
        if event in _CHANGING:
            return next(filter(None, (self._written(event, arguments[index], arguments[-1]) for index in _CHANGING[event])), "")
        return ""

    def _code(self, code: Any) -> str:
        if not isinstance(code, CodeType) or os.path.isfile(code.co_filename):
            return ""  # a module
        return f"it runs {(code.co_names, code.co_consts)!r:.120}" if MARK in repr((code.co_names, code.co_consts)) else ""

    def _written(self, how: str, path: Any, folder: Any) -> str:
        """Tell of a file that is changed elsewhere than among temporary files."""
        if not isinstance(path, str | bytes | os.PathLike):
            return ""
        text = os.fsdecode(path)
        if isinstance(folder, int) and folder >= 0 and not os.path.isabs(text):
            place = f"/proc/self/fd/{folder}"
            text = os.path.join(os.readlink(place), text) if os.path.exists(place) else tempfile.gettempdir()
        text = os.path.abspath(text)
        allowed = (os.path.join(tempfile.gettempdir(), ""), os.devnull)
        return "" if text.startswith(allowed) or text == tempfile.gettempdir() else f"it changes a file ({how}): {text}"

    def _opened(self, path: Any) -> str:
        """Tell of a file that content names, beyond its own."""
        if not isinstance(path, str | bytes | os.PathLike) or MARK not in os.fsdecode(path):
            return ""
        text = os.path.abspath(os.fsdecode(path))
        return "" if text.startswith((self._place, os.path.join(tempfile.gettempdir(), ""))) else f"it opens {text}"


class _Finder(MetaPathFinder):
    """Finds nothing, and tells of what is looked for."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """Hear the name of a module."""
        self._deeds.imports(name)
