"""What somebody's code does beside its work, heard while it runs: pickles, files, folders, warnings, and whose doing it was."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

_ELSEWHEN_S = 400 * 24 * 3600.0
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Heard:
    """What has happened since it was asked last.

    Attributes:
        built: What pickles have named.
        written: Files that the watched code has opened for writing, and new ones in the working folder or among temporary files.
        moved: Working folders that the watched code has changed to.
        unclosed: Warnings of files that were not closed.
        encodings: Where the watched code has opened text without naming an encoding.
    """

    built: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    unclosed: set[str] = field(default_factory=set)
    encodings: set[str] = field(default_factory=set)


class Watch:
    """Hears the interpreter of a process that is there for nothing else: what it hears with cannot be taken out again.

    Args:
        sources: The files, and the folders, of the code to watch.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        self._sources = tuple(sources)
        self._heard = Heard()
        self._warn = warnings.showwarning
        sys.addaudithook(self._hear)
        self._hear_pickles()
        warnings.simplefilter("always", ResourceWarning)
        warnings.simplefilter("always", EncodingWarning)
        warnings.showwarning = self._warned  # type: ignore[assignment]  # the category is always a class

    @contextmanager
    def listening(self, *allowed: Path) -> Iterator[Heard]:
        """Give what is heard inside of the block.

        Args:
            allowed: Folders in which files may be written.
        """
        self._heard = heard = Heard()
        places = (os.getcwd(), tempfile.gettempdir())
        before = {place: set(os.listdir(place)) for place in places}
        yield heard
        self._heard = Heard()
        heard.written |= {os.path.join(place, name) for place in places for name in set(os.listdir(place)) - before[place]}
        roots = tuple(str(folder) for folder in (*allowed, Path(tempfile.gettempdir(), f"packagers-{os.getpid()}-")))
        heard.written = {path for path in heard.written if os.path.exists(path) and not path.startswith(roots)}

    @contextmanager
    def hearing(self) -> Iterator[Heard]:
        """Give what is heard inside of the block, without a look at what stands in folders."""
        self._heard = heard = Heard()
        yield heard
        self._heard = Heard()

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class":
            self._heard.built.add(".".join(map(str, arguments)))
        elif event == "os.chdir" and self._is_ours(sys._getframe(1)):
            self._heard.moved.add(str(arguments[0]))
        elif event == "open" and isinstance(arguments[0], str) and arguments[2] & _WRITES:
            path = os.path.abspath(arguments[0])
            is_cache = any(part.startswith((".", "__pycache__")) for part in Path(path).parts)
            if not is_cache and not path.startswith(os.devnull) and self._is_ours(sys._getframe(1)):
                self._heard.written.add(path)

    def _hear_pickles(self) -> None:
        """Hear of pickles that name nothing, too: of those the interpreter does not tell."""

        def heard(function: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(function)
            def call(*arguments: Any, **options: Any) -> Any:
                self._heard.built.add("plain values")
                return function(*arguments, **options)

            return call

        class Unpickler(pickle.Unpickler):
            __init__ = heard(pickle.Unpickler.__init__)

        pickle.load, pickle.loads = heard(pickle.load), heard(pickle.loads)
        pickle.Unpickler = Unpickler  # type: ignore[misc]  # for whoever imports it from now on

    def _is_ours(self, frame: FrameType | None) -> bool:
        while frame is not None:
            if frame.f_code.co_filename.startswith(self._sources):
                return True
            frame = frame.f_back
        return False

    def _warned(self, message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
        if issubclass(category, ResourceWarning):
            self._heard.unclosed.add(str(message))
        elif not issubclass(category, EncodingWarning):
            self._warn(message, category, filename, lineno, *rest)
        elif filename.startswith(self._sources):
            self._heard.encodings.add(f"{os.path.basename(filename)}:{lineno}")


def live_elsewhen() -> None:
    """Let it be another year, so that bytes that hold the time differ even where they hold only the day."""
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + _ELSEWHEN_S
    time.time_ns = lambda: now_ns() + int(_ELSEWHEN_S) * 10**9


def list_backwards() -> None:
    """Let folders list their files backwards, so that what depends on the order, which no system promises, comes out otherwise."""
    plain = os.listdir

    def listdir(path: Any = ".") -> list[Any]:
        return sorted(plain(path), reverse=True)

    os.listdir = listdir


def sources_of(modules: Iterable[str]) -> list[str]:
    """Give the files of modules and, of those in a package, the folder of the package.

    Args:
        modules: Names of modules that are loaded.
    """
    found = []
    for name in modules:
        if name.partition(".")[0] == "packagers":
            continue  # what a packager of one's own inherits is the core's affair
        file = getattr(sys.modules.get(name), "__file__", None)
        package = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None) if "." in name else None
        if file is not None:
            found.append(file)
        if package is not None and os.path.basename(package) == "__init__.py":
            found.append(os.path.dirname(package) + os.sep)
    return found
