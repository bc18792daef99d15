"""What stands at a URL, copied into scratch space: a file, or a package with the files that its manifest names.

HTTP is spoken by the standard library; every other protocol is one of fsspec's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from packagers.errors import UnpackError
from packagers.manifest import MAX_BYTES, NAME, Manifest, from_text
from packagers.scratch import scratch_folder

_TIMEOUT = 60
"""Seconds to wait for a server that says nothing."""
_MISSING = (403, 404, 405, 410)
Open = Callable[[str], IO[Any]]


def fetch(url: str) -> Path:
    """Copy a file, or a package folder, from a URL into scratch space.

    Raises:
        UnpackError: Where it cannot be read.
        IntegrityError: Where there is a manifest that is not as it was written.
    """
    target = scratch_folder() / _name_of(url)
    try:
        read = _opener(url)
        text = _manifest_at(read)
        if text is None:
            _copy(read, "", target)
        else:
            _copy_package(read, text, target)
    except ImportError as error:
        raise UnpackError(f"{urlsplit(url).scheme} URLs need another library: {error}", file=url) from error
    except (OSError, ValueError, NotImplementedError) as error:
        raise UnpackError(f"the URL cannot be read: {type(error).__name__}: {error}", file=url) from error
    return target


def exists(url: str) -> bool:
    """Tell whether there is something at a URL.

    Raises:
        UnpackError: Where its protocol cannot be spoken here.
    """
    try:
        read = _opener(url)
        for below in ("", NAME):
            try:
                read(below).close()
            except (FileNotFoundError, IsADirectoryError):
                continue
            return True
    except (ImportError, OSError, ValueError, NotImplementedError) as error:
        raise UnpackError(f"the URL cannot be read: {type(error).__name__}: {error}", file=url) from error
    return False


def _name_of(url: str) -> str:
    """Give the name of the local copy: the URL's own, for its suffix tells the format."""
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    return name if name.replace("\\", "").replace("\0", "") == name and name not in ("", "..") else "download"


def _opener(url: str) -> Open:
    """Give what opens a file at a URL, or below it."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        return lambda below: _get(urlunsplit(parts._replace(path=_join(parts.path, quote(below)))))
    import fsspec

    system, path = fsspec.core.url_to_fs(url)
    return lambda below: system.open(_join(path, below), "rb")


def _join(path: str, below: str) -> str:
    return f"{path.rstrip('/')}/{below}" if below else path


def _get(url: str) -> IO[Any]:
    from urllib.request import Request, urlopen  # brings http.client and ssl with it

    try:
        answer: IO[Any] = urlopen(Request(url, headers={"User-Agent": "packagers"}), timeout=_TIMEOUT)  # noqa: S310 - http or https
        return answer
    except HTTPError as error:
        error.close()
        if error.code in _MISSING:
            raise FileNotFoundError(f"{error.code} {error.reason}") from None
        raise


def _manifest_at(read: Open) -> bytes | None:
    """Read the manifest of a package; ``None`` where there is none."""
    try:
        with read(NAME) as remote:
            text: bytes = remote.read(MAX_BYTES + 1)
    except OSError:
        return None
    # Some servers answer whatever they are asked for with a page.
    return text if text.startswith(b'{\n "packagers": ') else None


def _copy_package(read: Open, text: bytes, target: Path) -> None:
    manifest = Manifest.from_dict(from_text(text)[0])
    target.mkdir()
    (target / NAME).write_bytes(text)
    for file in manifest.files:
        place = target / manifest.payload / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        _copy(read, f"{manifest.payload}/{file.path}", place)


def _copy(read: Open, below: str, target: Path) -> None:
    with read(below) as remote, target.open("wb") as file:
        shutil.copyfileobj(remote, file, 1 << 20)
