"""Objects: packages by their digest, in a folder or at a URL. One is written once and never changed.

An object is the package as the first run packed it: ``<digest>/manifest.json`` and the payload folder that this names. Its digest tells
the data whatever the key, so equal data is there once; ``packagers.unpack`` reads it at that place. It is there from the moment its
manifest is: a folder is put in place by one renaming, and at a URL the payload is written before the manifest.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol, cast

from packagers import settings
from packagers_runs.progress import Advance, progress
from packagers_runs.store.errors import StoreError

MANIFEST = "manifest.json"
STAGING = ".staging"
_MARK = ".store"
_TRASH = "trash-"


class Objects(Protocol):
    """Where the objects of a store are.

    Attributes:
        location: The folder or URL.
        staging: The local folder in which runs prepare what they put.
    """

    location: str
    staging: Path

    def find(self, digest: str) -> str | None:
        """Give the name of the payload folder of an object, empty where it has none; ``None`` where the object is not there."""

    def put(self, package: Path, digest: str, payload: str, staging: Path) -> str:
        """Put a package, unless its object is there; give the name of the object's payload folder.

        Args:
            package: Its folder; where it is in ``staging``, it may be moved.
            digest: Its digest.
            payload: The name of its payload folder, empty where it has none.
            staging: The folder of the run that puts it, in :attr:`staging`.
        """

    def open(self, digest: str, path: str) -> BinaryIO:
        """Open a file of an object."""

    def place(self, digest: str) -> str:
        """Give the path or URL of an object."""

    def digests(self) -> Iterator[str]:
        """Give the digests of what is there, what a crash has left half there too."""

    def remove(self, digest: str) -> None:
        """Remove an object, or what is left of one: its manifest first, so that no reader sees half of it."""

    def sweep(self) -> int:
        """Remove what a crash has left beside the objects; give how many."""

    def mark(self, store: str) -> None:
        """Mark the place as a store's own, by the id of the store.

        Raises:
            StoreError: Where it is another one's.
        """


def open_objects(location: str | os.PathLike[str], staging: Path) -> Objects:
    """Open the place of objects.

    Args:
        location: A folder, or a URL that fsspec reads.
        staging: The local folder to prepare in, if it is a URL; one folder is its own.
    """
    text = os.fspath(location)
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    return RemoteObjects(text, staging) if "://" in text else FolderObjects(Path(text))


def _name(digest: str) -> str:
    return digest.replace(":", "-", 1)


def _digest(name: str) -> str | None:
    algorithm, dash, value = name.partition("-")
    return f"{algorithm}:{value}" if dash and len(value) >= 32 and value.isalnum() else None


def _payload_of(manifest: bytes, digest: str, place: str) -> str:
    try:
        data = json.loads(manifest)
        found, payload = data["digest"], data.get("payload", "")
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            "the manifest of an object cannot be read", file=place, remedy="Remove the object, and run again what made it."
        ) from error
    if found != digest or not (payload == "" or (isinstance(payload, str) and payload.isascii() and payload.isalnum())):
        raise StoreError("an object is not what its name says", file=place, remedy="Remove the object, and run again what made it.")
    return str(payload)


class FolderObjects:
    """Objects in a folder.

    Args:
        folder: The folder; made when something is put.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()
        self.location = str(self.folder)
        self.staging = self.folder / STAGING

    def find(self, digest: str) -> str | None:  # noqa: D102 - said by Objects
        place = self.folder / _name(digest)
        try:
            return _payload_of((place / MANIFEST).read_bytes(), digest, str(place))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def put(self, package: Path, digest: str, payload: str, staging: Path) -> str:  # noqa: D102
        place = self.folder / _name(digest)
        source = package
        if not str(package).startswith(f"{staging}{os.sep}"):
            there = self.find(digest)
            if there is not None:
                return there
            source = staging / f"put-{secrets.token_hex(8)}"
            _copy(package, source, payload)
        try:
            os.rename(source, place)
        except OSError as error:  # as of a folder that is there
            if source != package:
                shutil.rmtree(source, ignore_errors=True)
            there = self.find(digest)
            if there is None:
                raise StoreError(
                    f"the object cannot be put: {error}", file=place, remedy="Look at who may write there, and what it is."
                ) from error
            return there
        if settings.durability == "full":
            for folder in (source.parent, self.folder):
                _sync(folder)
        return payload

    def open(self, digest: str, path: str) -> BinaryIO:  # noqa: D102
        return (self.folder / _name(digest) / PurePosixPath(path)).open("rb")

    def place(self, digest: str) -> str:  # noqa: D102
        return str(self.folder / _name(digest))

    def digests(self) -> Iterator[str]:  # noqa: D102
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                digest = _digest(entry.name)
                if digest is not None and entry.is_dir(follow_symlinks=False):
                    yield digest

    def remove(self, digest: str) -> None:  # noqa: D102
        place = self.folder / _name(digest)
        self.staging.mkdir(parents=True, exist_ok=True)
        trash = self.staging / f"{_TRASH}{secrets.token_hex(8)}"
        with contextlib.suppress(FileNotFoundError):
            os.rename(place, trash)
            shutil.rmtree(trash, ignore_errors=True)

    def sweep(self) -> int:
        """Remove what a killed removal or the making of the mark has left; give how many."""
        left = [*self.staging.glob(f"{_TRASH}*"), *self.folder.glob(f"{_MARK}-*")]
        for path in left:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        return len(left)

    def mark(self, store: str) -> None:  # noqa: D102
        file = self.folder / _MARK
        self.folder.mkdir(parents=True, exist_ok=True)
        while not file.exists():
            temporary = self.folder / f"{_MARK}-{secrets.token_hex(8)}"
            temporary.write_text(store, encoding="ascii")
            with contextlib.suppress(FileExistsError, FileNotFoundError):  # another process was faster, or swept
                os.rename(temporary, file) if os.name == "nt" else os.link(temporary, file)
            temporary.unlink(missing_ok=True)
        _check_mark(file.read_bytes(), store, self.location)


class RemoteObjects:
    """Objects at a URL.

    Args:
        url: The URL; its protocol is one of fsspec's.
        staging: The local folder to prepare in.

    Raises:
        StoreError: Where its protocol cannot be spoken here.
    """

    def __init__(self, url: str, staging: Path) -> None:
        import fsspec

        self.location = url.rstrip("/")
        self.staging = staging
        try:
            self._system, path = fsspec.core.url_to_fs(self.location)
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"objects cannot be at this URL: {error}", file=url, remedy="Install what fsspec needs for it, or name a folder."
            ) from error
        self._root = path.rstrip("/")

    def find(self, digest: str) -> str | None:  # noqa: D102
        manifest = self._read(f"{self._root}/{_name(digest)}/{MANIFEST}")
        return None if manifest is None else _payload_of(manifest, digest, self.place(digest))

    def put(self, package: Path, digest: str, payload: str, staging: Path) -> str:  # noqa: D102
        there = self.find(digest)
        if there is not None:
            return there
        place = f"{self._root}/{_name(digest)}"
        folder = package / payload
        files = sorted(file for file in folder.rglob("*") if file.is_file()) if payload else []
        total = sum(file.stat().st_size for file in files)
        with self._explained(), progress(f"uploading {package.name}", total, "bytes") as advance:
            for file in files:
                self._put_file(file, f"{place}/{payload}/{file.relative_to(folder).as_posix()}", advance)
            self._put_file(package / MANIFEST, f"{place}/{MANIFEST}")
        return payload

    def open(self, digest: str, path: str) -> BinaryIO:  # noqa: D102
        return cast("BinaryIO", self._system.open(f"{self._root}/{_name(digest)}/{path}", "rb", cache_type="none"))

    def place(self, digest: str) -> str:  # noqa: D102
        return f"{self.location}/{_name(digest)}"

    def digests(self) -> Iterator[str]:  # noqa: D102
        found: list[str] = []
        with self._explained(), contextlib.suppress(FileNotFoundError):
            self._system.invalidate_cache()
            found = self._system.ls(self._root, detail=False)
        for path in found:
            digest = _digest(path.rstrip("/").rpartition("/")[2])
            if digest is not None:
                yield digest

    def remove(self, digest: str) -> None:  # noqa: D102
        place = f"{self._root}/{_name(digest)}"
        with self._explained():
            self._system.invalidate_cache()
            with contextlib.suppress(FileNotFoundError):
                self._system.rm_file(f"{place}/{MANIFEST}")
            with contextlib.suppress(FileNotFoundError):
                self._system.rm(place, recursive=True)

    def sweep(self) -> int:
        """Nothing is left beside the objects here."""
        return 0

    def mark(self, store: str) -> None:  # noqa: D102
        file = f"{self._root}/{_MARK}"
        found = self._read(file)
        if found is None:
            with self._explained():
                self._system.makedirs(self._root, exist_ok=True)
                self._system.pipe_file(file, store.encode())
            found = self._read(file)
        _check_mark(found or b"", store, self.location)

    def _read(self, path: str) -> bytes | None:
        with self._explained(), contextlib.suppress(FileNotFoundError):
            data: bytes = self._system.cat_file(path)
            return data
        return None

    def _put_file(self, file: Path, target: str, advance: Advance | None = None) -> None:
        from fsspec.callbacks import Callback

        sent = 0

        def tell(size: int | None, value: int, **_: Any) -> None:
            nonlocal sent
            if advance is not None:
                advance(value - sent)
            sent = value

        told = Callback(hooks={"sent": tell})
        try:
            self._system.put_file(str(file), target, callback=told)
        except FileNotFoundError:  # where there are folders, they are made first
            self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(file), target, callback=told)
        tell(None, file.stat().st_size)  # not every file system tells

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"the place of the artifacts does not do what it is asked for: {type(error).__name__}: {error}",
                file=self.location,
                remedy="Look whether it is there, and who may read and write it.",
            ) from error


def _copy(package: Path, target: Path, payload: str) -> None:
    target.mkdir(parents=True)
    if payload:
        shutil.copytree(package / payload, target / payload)
    shutil.copyfile(package / MANIFEST, target / MANIFEST)


def _check_mark(found: bytes, store: str, location: str) -> None:
    if not store.encode().startswith(found):  # another process may be writing it
        raise StoreError(
            "these artifacts are another store's, which would lose them when one of the two collects what it does not know",
            file=location,
            remedy="Name a place of its own for the artifacts of each database.",
        )


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # folders cannot be opened on Windows
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
