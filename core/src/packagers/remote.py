"""What stands at a URL: a file, or a package with the files that its manifest names.

HTTP is spoken by the standard library, and reads whole files; every other protocol is one of fsspec's, and can read parts of them.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from packagers.errors import UnpackError
from packagers.manifest import NAME
from packagers.sealed import MAX_BYTES

_TIMEOUT = 60
"""Seconds to wait for a server that says nothing."""
_MISSING = (403, 404, 405, 410)


class Remote:
    """A file or folder at a URL.

    Args:
        url: Where it is.
        options: What the file system behind its protocol takes; http has none.

    Attributes:
        busy: Held while files are copied to this machine: what others find there is whole.

    Raises:
        UnpackError: Where its protocol cannot be spoken here.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        self.url = url
        self._options = dict(options or {})
        self.busy = threading.RLock()
        self._parts = urlsplit(url)
        self._system: Any = None
        if self._parts.scheme not in ("http", "https"):
            with self._explained():
                import fsspec

                self._system, self._path = fsspec.core.url_to_fs(url, **self._options)
        elif self._options:
            raise UnpackError("http is spoken without storage options", file=url, remedy="Leave them out.")

    @property
    def name(self) -> str:
        """The name of a local copy: the URL's own, for its suffix tells the format."""
        name = PurePosixPath(unquote(self._parts.path)).name
        return name if name.replace("\\", "").replace("\0", "") == name and name not in ("", "..") else "download"

    @property
    def in_parts(self) -> bool:
        """Whether a part of a file can be had without the rest."""
        return self._system is not None

    @property
    def by_address(self) -> bool:
        """Whether its file system knows which package a URL means, as a store of runs does; then its key may be another name.

        Such a file system has ``by_address = True``, ``pinned(url)``, which gives the URL that goes on to mean what this one means now, and
        ``sibling(url, key)``, which gives that of another package of the same run.
        """
        return getattr(self._system, "by_address", False) is True

    def pinned(self) -> Remote:
        """Give what an address means now, so that all that is read belongs together; itself where a URL is no address.

        Raises:
            UnpackError: Where it means nothing.
        """
        if not self.by_address:
            return self
        with self._explained():
            return Remote(self._system.pinned(self.url), self._options)

    def sibling(self, key: str) -> Remote:
        """Give the place of another package: beside this one, or where a file system that knows addresses says.

        Args:
            key: Of the other package.

        Raises:
            UnpackError: Where there can be none.
        """
        if self.by_address:
            with self._explained():
                return Remote(self._system.sibling(self.url, key), self._options)
        if self._system is not None:
            return Remote(f"{self.url.rstrip('/').rpartition('/')[0]}/{key}", self._options)
        path = self._parts.path.rstrip("/").rpartition("/")[0]
        return Remote(urlunsplit(self._parts._replace(path=f"{path}/{quote(key)}")))

    def exists(self) -> bool:
        """Tell whether there is something.

        Raises:
            UnpackError: Where that cannot be found out.
        """
        with self._explained():
            for below in ("", NAME):
                try:
                    self._open(below).close()
                except (FileNotFoundError, IsADirectoryError):
                    continue
                return True
        return False

    def manifest(self) -> bytes | None:
        """Read the manifest of a package; ``None`` where there is none."""
        try:
            with self._open(NAME) as file:
                text = file.read(MAX_BYTES + 1)
        except (OSError, ValueError, NotImplementedError):
            return None
        # Some servers answer whatever they are asked for with a page.
        return text if text.startswith(b'{\n "packagers": ') else None

    def open(self, below: str = "") -> BinaryIO:
        """Open a file of which only what is read is fetched; only where parts can be had.

        Args:
            below: Its path below the URL.

        Raises:
            UnpackError: Where it cannot be read.
        """
        with self._explained():
            return self._open(below)

    def copy(self, below: str, target: Path) -> None:
        """Copy a file.

        Args:
            below: Its path below the URL; empty for what stands at the URL itself.
            target: The file to make. It is there whole, or not at all.

        Raises:
            UnpackError: Where it cannot be read.
        """
        unfinished = target.with_name(f"{target.name}.part")
        with self._explained():
            with self._open(below) as source, unfinished.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            unfinished.replace(target)

    def _open(self, below: str) -> BinaryIO:
        if self._system is None:
            path = _join(self._parts.path, quote(below))
            return _get(urlunsplit(self._parts._replace(path=path)))
        # What is read ahead for a reader that jumps is fetched in vain.
        return cast("BinaryIO", self._system.open(_join(self._path, below), "rb", cache_type="none"))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ImportError as error:
            raise UnpackError(f"{self._parts.scheme} URLs need another library: {error}", file=self.url) from error
        except (OSError, ValueError, NotImplementedError) as error:
            raise UnpackError(f"the URL cannot be read: {type(error).__name__}: {error}", file=self.url) from error


def _join(path: str, below: str) -> str:
    return f"{path.rstrip('/')}/{below}" if below else path


def _get(url: str) -> BinaryIO:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen  # brings http.client and ssl with it

    try:
        answer: BinaryIO = urlopen(Request(url, headers={"User-Agent": "packagers"}), timeout=_TIMEOUT)  # noqa: S310 - http or https
        return answer
    except HTTPError as error:
        error.close()
        if error.code in _MISSING:
            raise FileNotFoundError(f"{error.code} {error.reason}") from None
        raise
