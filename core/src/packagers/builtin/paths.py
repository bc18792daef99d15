"""Paths: the file or folder that a path leads to, or the path itself as text.

:func:`pack_path` and :func:`unpack_path` are what a text that names a file or folder goes through, too.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, TypeVar

from packagers.builtin.summaries import Summarised
from packagers.errors import PackError, UnpackError
from packagers.magic import ARCHIVES
from packagers.manifest import NAME
from packagers.members import name_fault
from packagers.names import find_fault, shorten
from packagers.packager import Instructions, Packager
from packagers.policy import import_class, may_import
from packagers.scratch import remove_folder, scratch_folder
from packagers.typepath import lookup, path_of

ArchiveFormat: TypeAlias = Literal["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"]
P = TypeVar("P", bound=PurePath)

_PERMISSIONS = 0o777
_CLASSES: dict[str, type[PurePath]] = {cls.__name__: cls for cls in (PosixPath, WindowsPath, PurePosixPath, PureWindowsPath)}


class PurePathPackager(Summarised, Packager):
    """Pack a path by its text: what it leads to, if anything, is not looked at."""

    PACK_SUBCLASSES = True
    READERS = MappingProxyType({"result": "data"})
    DETERMINISTIC = frozenset({"result"})

    def pack_result(self, obj: PurePath) -> dict[str, str]:
        """Record the path's text and class."""
        return {"class": _class_name(obj), "path": str(obj)}

    def unpack_result(self, value: Any) -> PurePath:
        """Give the path."""
        if not isinstance(value, dict) or not all(isinstance(value.get(part), str) for part in ("class", "path")):
            raise UnpackError("the recorded value is no path")
        return _class(value["class"], PurePath)(value["path"])


class PathPackager(PurePathPackager):
    """Pack the file or folder that a path leads to."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "path"
    READERS = MappingProxyType({"file": "data", "result": "data", **dict.fromkeys(ARCHIVES, "data")})
    DETERMINISTIC = frozenset({"file", "result", *ARCHIVES})
    CALLER_OPTIONS = frozenset({"into"})

    def pack_path(self, obj: Path, folder: Path, *, format: ArchiveFormat = "zip") -> Instructions:
        """Store a file whole, or a folder as an archive.

        Args:
            obj: The path; a link is followed.
            folder: Where to write.
            format: The format of the archive of a folder.
        """
        return {"path_class": _class_name(obj), **pack_path(Path(obj), folder, format=format)}

    def unpack_path(
        self,
        folder: Path,
        *,
        format: ArchiveFormat = "zip",
        name: str = "",
        is_directory: bool = False,
        mode: int = 0o644,
        path_class: str | None = None,
        into: str | os.PathLike[str] | None = None,
    ) -> Path:
        """Give the path of a copy: in a fresh temporary folder, or in the folder ``into``."""
        cls = Path if path_class is None else _class(path_class, Path)
        return cls(unpack_path(folder, format=format, name=name, is_directory=is_directory, mode=mode, into=into))

    def pack_file(self, obj: Path, folder: Path) -> Instructions:
        """Store a file whole."""
        if obj.is_dir():
            raise PackError("the path leads to a folder", file=obj, remedy='A folder is packed as artifact type "path".')
        return {"path_class": _class_name(obj), **pack_path(Path(obj), folder)}

    def unpack_file(
        self,
        folder: Path,
        *,
        name: str = "",
        is_directory: bool = False,
        mode: int = 0o644,
        path_class: str | None = None,
        into: str | os.PathLike[str] | None = None,
    ) -> Path:
        """Give the path of a copy of the file, as :meth:`unpack_path` does."""
        return self.unpack_path(folder, name=name, is_directory=is_directory, mode=mode, path_class=path_class, into=into)


def pack_path(path: Path, folder: Path, *, format: ArchiveFormat = "zip") -> Instructions:
    """Store what a path leads to: a file whole, a folder as an archive.

    Args:
        path: A file or folder; a link is followed.
        folder: An existing, empty folder that takes it.
        format: The format of the archive of a folder.

    Returns:
        The instructions for :func:`unpack_path`.

    Raises:
        PackError: Where there is no such file or folder, or it cannot be read, or holds what an archive cannot.
    """
    name = path.name if path.name not in ("", "..") else path.resolve().name
    fault = name_fault(name)
    if fault:
        raise PackError(f"the name {shorten(repr(name))} {fault}", file=path, remedy="Pack it under another name.")
    try:
        info = path.stat()
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError | ValueError)
        what = "does not exist" if missing else f"cannot be read: {error}"
        if os.path.islink(path):
            what = f"is a link to {shorten(repr(os.readlink(path)))}, which {what}"
        raise PackError(
            f"the path {shorten(repr(str(path)))} {what}",
            remedy='Return a path that exists when the function ends, or pack it as artifact type "result" to keep its text alone.',
        ) from error
    is_directory = stat.S_ISDIR(info.st_mode)
    if is_directory:
        from packagers.archive import pack_folder  # archives bring much with them

        pack_folder(path, folder / _payload_name(f"{name}.{format}", f"folder.{format}"), format)
    elif stat.S_ISREG(info.st_mode):
        try:
            shutil.copyfile(path, folder / _payload_name(name, "file"))
        except OSError as error:
            raise PackError(f"the file cannot be copied: {error}", file=path) from error
    else:
        raise PackError("the path leads to neither a file nor a folder", file=path, remedy="Devices, pipes and sockets are not packed.")
    return {"name": name, "is_directory": is_directory, "mode": info.st_mode & _PERMISSIONS}


def unpack_path(
    folder: Path,
    *,
    format: ArchiveFormat = "zip",
    name: str = "",
    is_directory: bool = False,
    mode: int = 0o644,
    into: str | os.PathLike[str] | None = None,
) -> Path:
    """Give a file or folder that :func:`pack_path` stored, outside of the package.

    Args:
        folder: Where it was stored.
        format: The format of the archive of a folder.
        name: The last name of the path.
        is_directory: Whether the stored file is the archive of a folder.
        mode: The permissions.
        into: The folder to put it in; a fresh temporary one if not given.

    Returns:
        The path of the file or folder.

    Raises:
        UnpackError: Where the place is taken or cannot be written, or the instructions or the archive break a rule.
    """
    payload = PathPackager().only_file(folder)
    _check_recorded(payload, name, is_directory, mode)
    with _arriving(_destination(into, folder), name) as arriving:
        if is_directory:
            from packagers.archive import UNLIMITED, Limits, extract  # as above

            # The limits are for what strangers packed; one's own folders come back whatever their size.
            extract(payload, arriving, format, UNLIMITED if may_import() else Limits())
        else:
            shutil.copyfile(payload, arriving)
        os.chmod(arriving, mode)
    return arriving.with_name(name)


def _check_recorded(payload: Path, name: Any, is_directory: Any, mode: Any) -> None:
    """Refuse instructions that :func:`pack_path` cannot have given; a package may hold any JSON."""
    fault = name_fault(name) if isinstance(name, str) else "is no text"
    if fault:
        raise UnpackError(f"the recorded name {shorten(repr(name))} {fault}", file=payload)
    if type(mode) is not int or not 0 <= mode <= _PERMISSIONS or type(is_directory) is not bool:
        raise UnpackError("the recorded kind or permissions of the path are none", file=payload)


def _destination(into: Any, payload: Path) -> Path:
    if into is None:
        return scratch_folder()
    # A package can only hold text, so a path object is the word of the caller.
    if not isinstance(into, os.PathLike) and not (isinstance(into, str) and may_import()):
        raise UnpackError(
            f"into= is {shorten(repr(into))}, which a package that is not one's own could have brought along",
            remedy="Give the folder as pathlib.Path.",
        )
    folder = Path(into)
    package = next((place for place in payload.parents[:2] if (place / NAME).is_file()), payload)
    try:
        inside = folder.resolve().is_relative_to(package.resolve())
        if not inside:
            folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise UnpackError(f"the folder to unpack into cannot be made: {error}", file=folder) from error
    if inside:
        raise UnpackError("nothing is unpacked into the package itself", file=folder, remedy="Give a folder outside of it.")
    return folder


@contextmanager
def _arriving(folder: Path, name: str) -> Iterator[Path]:
    """Let a file or folder appear under its name when it is whole, and not at all where it fails."""
    target = folder / name
    if os.path.lexists(target):
        raise UnpackError("there already is a file or folder of this name", file=target, remedy="Remove it, or unpack into another folder.")
    partial = folder / f".packagers-{secrets.token_hex(8)}"
    try:
        yield partial
        os.rename(partial, target)
    except BaseException as error:
        if partial.is_dir():
            remove_folder(partial)
        else:
            partial.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise UnpackError(f"the file or folder cannot be written: {error}", file=target) from error


def _payload_name(name: str, fallback: str) -> str:
    """Keep the name of a file for people who look into a package, where every file system can hold it."""
    return fallback if find_fault(name) else name


def _class_name(path: PurePath) -> str:
    """Name the class of a path so that another process finds it."""
    cls = type(path)
    if _CLASSES.get(cls.__name__) is cls:
        return cls.__name__
    name = path_of(cls)
    if cls.__module__ == "__main__" or lookup(name) is not cls:
        raise PackError(
            f"the class {name} of the path cannot be found by its name in another process",
            remedy="Define it at the top of a module, or pack pathlib.Path(path).",
        )
    if getattr(path, "__dict__", None):
        raise PackError(
            f"the path is a {name} with attributes of its own, which its text does not hold",
            remedy="Pack pathlib.Path(path), and the attributes as outputs of their own.",
        )
    return name


def _class(name: Any, base: type[P]) -> type[P]:
    """Find the recorded class of a path; one that is not the standard library's is imported where that is allowed."""
    if not isinstance(name, str):
        raise UnpackError("the recorded class of the path is no text")
    cls = _CLASSES.get(name) or import_class(name, base)
    if not issubclass(cls, base):
        raise UnpackError(f"a {name} leads to no file")
    if issubclass(cls, PosixPath if os.name == "nt" else WindowsPath):
        raise UnpackError(
            f"a {name} cannot be made on this system", remedy="Have the packing side record a PurePosixPath or PureWindowsPath."
        )
    return cls
