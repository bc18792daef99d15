"""Where files stand: a folder of this machine, or a file system of fsspec at a URL."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from packagers_runs.data.drivers.commits import replaced_file, replaced_folder, restore
from packagers_runs.data.errors import DataError
from packagers_runs.errors import RunsError

_USER = re.compile(r"(?<=://)([^/@:]*):[^/]*@")
UNFINISHED = "_UNFINISHED"
"""The file that says that a writer has not come to its end in a remote folder."""


def shown(path: Any) -> str:
    """Give a path for a message: without a password, and without the query of a URL, which may hold a signature.

    >>> shown("https://ada:secret@host/a.csv?signature=x")
    'https://ada:***@host/a.csv?…'
    """
    text = str(path)
    if "://" not in text:
        return text
    place, query, _ = _USER.sub(r"\1:***@", text).partition("?")
    return f"{place}?…" if query else place


@contextmanager
def explained(path: Any, what: str) -> Iterator[None]:
    """Turn what a library raises into an error that says what could not be done, without the secrets of a URL."""
    try:
        yield
    except DataError as error:
        error.file = error.file or shown(path)
        raise
    except RunsError:
        raise
    except ImportError as error:
        raise DataError(f"it cannot be {what}: {error}", file=shown(path), remedy="pip install packagers-runs[data]") from error
    except Exception as error:  # noqa: BLE001 - whatever a stranger's library raises
        text = f"{type(error).__name__}: {error}".replace(str(path), shown(path))
        secret = shown(path) != str(path)
        raise DataError(f"it cannot be {what}: {text}", file=shown(path)) from (None if secret else error)


class Store:
    """The file system that a path is on.

    Args:
        path: A path of this machine, or a URL.
        options: For the file system of a URL.
    """

    def __init__(self, path: str, options: Mapping[str, Any]) -> None:
        import fsspec

        scheme = urlsplit(path).scheme if "://" in path else ""
        if not scheme and options:
            raise DataError("a path of this machine takes no storage_options", file=path, remedy="Leave them out, or give a URL.")
        self._system, root = fsspec.core.url_to_fs(path, **options)
        self.local = "file" in _protocols(self._system)
        self.root = str(Path(root).resolve()) if self.local else root.rstrip("/") or root
        if self.local:
            restore(Path(self.root))

    def files(self) -> list[str]:
        """List the files that data is in: the one that the path names, or those below it; hidden ones and ``_…`` are no data."""
        if self._system.isfile(self.root) or not self._system.exists(self.root):
            return [self.root]
        found = sorted(path for path in self._system.find(self.root) if not _hidden(self.below(path)))
        if UNFINISHED in self.names():
            raise DataError("a writer has not come to its end in this folder", remedy="Write it again, or read another run's.")
        return found

    def names(self) -> list[str]:
        """List all files below the path, by their path below it; none where there is nothing."""
        return [self.below(path) for path in self._system.find(self.root)] if self._system.isdir(self.root) else []

    def is_file(self) -> bool:
        """Tell whether the path names a file."""
        return bool(self._system.isfile(self.root))

    def below(self, path: str) -> str:
        """Give the path of a file below the root; its name where it is the root itself."""
        return path.removeprefix(self.root).lstrip("/") or path.rpartition("/")[2]

    def open(self, path: str) -> BinaryIO:
        """Open a file of which only what is read is fetched, for a reader that jumps."""
        file = cast("BinaryIO", self._system.open(path, "rb", cache_type="none"))
        if "http" in _protocols(self._system) and not _in_parts(file):
            file.close()
            file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
            self._system.get_file(path, file)
            file.seek(0)
        return file

    def open_below(self, name: str) -> BinaryIO:
        """Open a file below the root."""
        return self.open(f"{self.root}/{name}")

    def size(self) -> int:
        """Count the bytes of all that stands here."""
        if self.is_file():
            return int(self._system.size(self.root))
        return sum(int(self._system.size(path)) for path in self._system.find(self.root))

    def write_file(self, fill: Callable[[BinaryIO], None]) -> None:
        """Write the file that the path names, whole or not at all."""
        if self.local:
            with replaced_file(Path(self.root)) as staging, staging.open("wb") as file:
                fill(file)
            return
        with tempfile.TemporaryFile() as file:
            fill(cast("BinaryIO", file))
            file.seek(0)
            self._put(cast("BinaryIO", file), self.root)

    def write_folder(self, fill: Callable[[Path], None], *, append: bool) -> None:
        """Write the folder that the path names, whole or not at all.

        Args:
            fill: Writes the files below a folder of this machine.
            append: Whether the files that are there stay.

        Raises:
            DataError: That cannot be promised where the folder is.
        """
        if self.local:
            with replaced_folder(Path(self.root), append=append) as staging:
                fill(staging)
            return
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder))
            files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
            old = self.names()
            if UNFINISHED in old:
                self._system.rm(self.root, recursive=True)
                old = []
            parts = [path for path in files if not path.name.startswith("_")]
            if append and old and len(parts) == 1:
                files = parts  # one object comes into being whole
            elif old:
                raise DataError(
                    "this store cannot replace or add several files at one stroke, and the folder is not empty",
                    remedy="Put {run_id} into the path, so that each run has a folder of its own; or write one file, or to this machine.",
                )
            else:
                self._system.makedirs(self.root, exist_ok=True)
                self._system.pipe_file(f"{self.root}/{UNFINISHED}", b"")
            for path in files:
                with path.open("rb") as file:
                    self._put(file, f"{self.root}/{path.relative_to(folder).as_posix()}")
            if not old:
                self._system.rm_file(f"{self.root}/{UNFINISHED}")

    def _put(self, file: BinaryIO, path: str) -> None:
        self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
        with self._system.open(path, "wb") as target:
            try:
                shutil.copyfileobj(file, target, 1 << 20)
            except BaseException:
                if hasattr(target, "discard"):
                    target.discard()
                raise


def _protocols(system: Any) -> tuple[str, ...]:
    return (system.protocol,) if isinstance(system.protocol, str) else tuple(system.protocol)


def _in_parts(file: BinaryIO) -> bool:
    """Tell whether a web server gives parts of a file; some do not."""
    try:
        file.seek(1)
        file.read(1)
        file.seek(0)
    except (ValueError, OSError):
        return False
    return True


def _hidden(below: str) -> bool:
    return any(part.startswith((".", "_")) and "=" not in part for part in below.split("/"))
