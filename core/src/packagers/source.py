"""What can be unpacked: a package (folder, zip, URL), an entry of a ``results.json``, or a plain file or folder without a manifest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from packagers import manifest, results
from packagers.errors import UnpackError
from packagers.files import Files
from packagers.names import did_you_mean
from packagers.package import Package
from packagers.remote import Remote
from packagers.scratch import scratch_folder

_SUFFIXES = {
    "h5": "hdf",
    "hdf5": "hdf",
    "htm": "html",
    "jpeg": "jpg",
    "ndjson": "jsonl",
    "pq": "parquet",
    "tbz2": "tar.bz2",
    "tgz": "tar.gz",
    "txz": "tar.xz",
    "yml": "yaml",
}
_ZIP = b"PK\3\4"
_ATTEMPTS = 100
"""How often a key is looked for that others make a package and a result by turns."""
_OUTER = ("gz", "bz2", "xz", "zst")


class PlainFile:
    """A file or folder without a manifest.

    Args:
        location: What the caller named.
        path: Where it is, on this machine.
    """

    def __init__(self, location: str, path: Path) -> None:
        self.location = location
        self._path = path

    @property
    def name(self) -> str:
        """Its name, with all suffixes."""
        return self._path.name

    @property
    def path(self) -> Path:
        """Where it is, on this machine."""
        return self._path

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self._path.is_dir()

    def is_there(self) -> bool:
        """Tell whether it is still there."""
        return self._path.exists()

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that its name may mean, the most exact first: ``data.CSV.GZ`` may be ``csv.gz`` or ``csv``."""
        return formats_of(self.name)


class RemoteFile(PlainFile):
    """A plain file at a URL, copied when its path is asked for; a copy goes with the session that it was made in.

    Args:
        remote: Where it is.
    """

    def __init__(self, remote: Remote) -> None:
        super().__init__(remote.url, Path(remote.name))
        self.remote = remote
        self._is_copied = False

    @property
    def path(self) -> Path:
        """Where the copy is."""
        if not self._is_copied or not self._path.exists():
            target = scratch_folder() / self.remote.name
            self.remote.copy("", target)
            self._path, self._is_copied = target, True
        return self._path

    @property
    def is_folder(self) -> bool:
        """It is a file."""
        return False

    def is_there(self) -> bool:
        """Tell that another copy can be made."""
        return True

    def in_parts(self) -> Files | None:
        """Give it as a file that is fetched in parts; ``None`` where it is copied already, or can only be had whole."""
        if self._is_copied or not self.remote.in_parts:
            return None
        return Files(scratch_folder(), {self.name: None}, self.remote)


def formats_of(name: str) -> tuple[str, ...]:
    """Give the formats that a file name may mean, the most exact first.

    >>> formats_of("Data.CSV.gz"), formats_of("a.yml"), formats_of("README")
    (('csv.gz', 'csv'), ('yaml',), ())
    """
    parts = name.lower().split(".")[1:]
    if not parts:
        return ()
    last = _SUFFIXES.get(parts[-1], parts[-1])
    if last in _OUTER and len(parts) > 1:
        inner = _SUFFIXES.get(parts[-2], parts[-2])
        return f"{inner}.{last}", inner
    return (last,)


def url_of(source: str | os.PathLike[str]) -> str:
    """Give the scheme of a URL; empty for a path (also one with a Windows drive)."""
    text = os.fspath(source)
    scheme = text.partition("://")[0] if "://" in text else ""
    return scheme if len(scheme) > 1 else ""


def open_source(source: str | os.PathLike[str], options: Mapping[str, Any] | None = None) -> Package | PlainFile:
    """Open what a path or URL names. What is remote is fetched when it is read.

    Args:
        source: The path or URL.
        options: What the file system behind a URL takes.

    Raises:
        UnpackError: Where nothing is there.
        IntegrityError: Where a manifest is not as it was written.
    """
    text = os.fspath(source)
    scheme = url_of(source)
    if scheme == "file":
        return open_local(_path_of_url(text), text)
    if scheme:
        return open_remote(Remote(text, options))
    if not text:
        raise UnpackError("the source is an empty text", remedy="Give a path, a URL or an artifact.")
    return open_local(Path(text), text)


def open_remote(remote: Remote) -> Package | PlainFile:
    """Open what stands at a URL.

    Raises:
        UnpackError: Where nothing is there.
        IntegrityError: Where a manifest is not as it was written.
    """
    url = remote.url
    remote = remote.pinned()
    text = remote.manifest()
    if text is not None:
        folder = scratch_folder() / remote.name
        folder.mkdir()
        (folder / manifest.NAME).write_bytes(text)
        package = Package.open(folder, url, remote)
        if not remote.by_address:
            package.check_key(remote.name)
        return package
    plain = RemoteFile(remote)
    with remote.open() if remote.in_parts else plain.path.open("rb") as file:
        is_package = _is_package_zip(file)
    return Package.open_zip(plain.path, url) if is_package else plain


def open_local(path: Path, location: str) -> Package | PlainFile:
    """Open what a local path names: a package, a result of the folder around it, or a plain file or folder.

    Raises:
        UnpackError: Where nothing is there, or nothing that can be read.
        IntegrityError: Where a manifest is not as it was written.
    """
    try:
        found = _open_local(path, location)
    except (OSError, UnicodeError) as error:
        raise UnpackError(f"the path cannot be opened: {error}", file=location) from error
    if found is None:
        raise UnpackError("there is nothing here", file=location, remedy=_remedy(path))
    return found


def _open_local(path: Path, location: str) -> Package | PlainFile | None:
    found = _open_packed(path, location)
    if found is not None:
        return found
    if path.name == manifest.NAME and path.is_file():
        return _open_folder(path.parent, location)
    if path.is_file():
        with path.open("rb") as file:
            is_package = _is_package_zip(file)
        return Package.open_zip(path, location) if is_package else PlainFile(location, path)
    return PlainFile(location, path) if path.is_dir() else None


def _open_packed(path: Path, location: str) -> Package | None:
    """Open a package or result. Of a key that is the one now and the other in the next moment, one of them is always there."""
    for _ in range(_ATTEMPTS):
        try:
            return _open_folder(path, location)
        except (UnpackError, OSError, ValueError):
            if (path / manifest.NAME).is_file():
                raise
        before = results.state_of(path.parent)
        result = results.open_result(path.parent, path.name)
        if result is not None:
            return result
        if not (path / manifest.NAME).is_file() and results.state_of(path.parent) == before:
            break
    return None


def _open_folder(folder: Path, location: str) -> Package:
    """Open a package folder; of a package without files, nothing but the folder's name tells that the manifest is that of another one.

    A folder is called by the key of its package, or, in a store of packages, by its digest: ``blake3-…``.
    """
    package = Package.open(folder, location)
    if not package.manifest.payload and folder.name != package.manifest.key:
        package.check_key(folder.name, folder.resolve().name)
    return package


def packages_in(folder: Path) -> list[str]:
    """Give the keys of the packages and results of a folder."""
    try:
        packages = [path.parent.name for path in folder.glob(f"*/{manifest.NAME}")]
        return sorted({*packages, *(results.open_results(folder) if (folder / results.NAME).is_file() else ())})
    except (OSError, UnpackError):
        return []


def _remedy(path: Path) -> str | None:
    if str(path).startswith("~"):
        return "The ~ of a home folder is the shell's: use pathlib.Path.expanduser."
    known = packages_in(path.parent)
    return did_you_mean(path.name, known) if known else None


def _path_of_url(url: str) -> Path:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise UnpackError(f"a file URL of the machine {parts.netloc!r} cannot be read here", file=url, remedy="Write it as file:///path.")
    from urllib.request import url2pathname  # brings http.client with it

    return Path(url2pathname(parts.path))


def _is_package_zip(file: BinaryIO) -> bool:
    """Tell whether a file is a zip with a manifest at its top."""
    try:
        if file.read(len(_ZIP)) != _ZIP:
            return False
    except OSError:
        return False
    import zipfile  # brings compression with it

    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.rpartition("/")[2] == manifest.NAME and name.count("/") <= 1 for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
