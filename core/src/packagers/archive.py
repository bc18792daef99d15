"""Folders to archives and back: the same bytes for the same folder, and nothing outside of the target whatever an archive says.

Regular files, folders (also empty ones) and links that stay inside are kept with their permissions; owners and times are not.
Reading goes member by member over the readers of the standard library, never through their ``extract``: all names go through
:class:`packagers.members.Members`, files are only ever created, and links are made when every file is written, so that nothing is written
through one. How much an archive may ask for is limited (:class:`Limits`), by settings of the machine.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn, cast

from packagers import magic
from packagers.compressed import Forward, open_reader, open_writer
from packagers.config import SettingTable, settings
from packagers.errors import PackagersError, PackError, UnpackError
from packagers.members import Kind, Members
from packagers.scratch import remove_folder
from packagers.setting import Setting

FORMATS = magic.ARCHIVES

_CHUNK = 1 << 18
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_PERMISSIONS = 0o777
_LINK_BYTES = 4096
_DIRECTORY_ENTRY = 1024  # bytes that an entry of a zip's directory has at most, on average
_TAR_KINDS: dict[bytes, Kind] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "link",
}
_ZIP_KINDS: dict[int, Kind] = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}


@dataclass(frozen=True)
class Limits:
    """How much an archive may ask for; the settings say it, if nobody else does.

    Attributes:
        entries: The most files, folders and links.
        size: The most bytes that the files may have together.
        ratio: How many times the size of the archive they may have.
        small: Up to this many bytes the ratio does not count.
    """

    entries: int = field(default_factory=lambda: settings.archive_entries)
    size: int = field(default_factory=lambda: settings.archive_size)
    ratio: int = field(default_factory=lambda: settings.archive_ratio)
    small: int = 64 << 20

    def check_entries(self, count: int) -> None:
        """Refuse too many entries."""
        if count > self.entries:
            self._refuse(f"more than {self.entries:,} files, folders and links", SettingTable.archive_entries)

    def check_size(self, size: int, packed: int) -> None:
        """Refuse too many bytes for an archive of ``packed`` bytes."""
        if size > self.size:
            self._refuse(f"more than {self.size:,} bytes", SettingTable.archive_size)
        if size > self.small and size > self.ratio * packed:
            self._refuse(f"more than {self.ratio} times its own size of {packed:,} bytes", SettingTable.archive_ratio)

    def _refuse(self, what: str, setting: Setting[int, int]) -> NoReturn:
        raise UnpackError(
            f"the archive would unpack to {what}, which is the limit that the setting {setting.name!r} gives",
            remedy=f"If you trust its maker, raise it: packagers.settings({setting.name}=…), or the variable {setting.variable}.",
        )


UNLIMITED = Limits(sys.maxsize, sys.maxsize, sys.maxsize)


@dataclass(frozen=True)
class _Member:
    """One member to be written: its name in the archive, and the path that it comes from."""

    name: str
    kind: Kind
    path: Path
    mode: int
    size: int = 0
    target: str = ""


def pack_folder(source: Path, target: Path, format: str) -> None:
    """Write all that is in a folder to a new archive.

    Args:
        source: The folder.
        target: The archive; it must not exist, nor lie in the folder.
        format: One of :data:`FORMATS`.

    Raises:
        PackError: Where the folder holds what an archive cannot, or cannot be read; or the archive cannot be written.
    """
    _check_format(format, PackError)
    if target.resolve().is_relative_to(source.resolve()):
        raise PackError("the folder contains the place that it would be packed to", file=source, remedy="Pack to a folder outside of it.")
    with _writing(target):
        members = _scan(source)
        if format == "zip":
            _write_zip(members, target)
        else:
            _write_tar(members, target, format)


def write_zip(entries: Iterable[tuple[str, Path]], target: Path) -> None:
    """Write files to a new zip, in the order of their names and with the same permissions for all.

    Args:
        entries: The name in the zip and the file, for each.
        target: The zip; it must not exist.

    Raises:
        PackError: Where a name breaks the rules, or a file cannot be read, or the zip cannot be written.
    """
    with _writing(target):
        table = Members(PackError, "the package")
        members = []
        for name, path in sorted(entries):
            table.add(name, "file")
            members.append(_Member(name, "file", path, 0o644, path.stat().st_size))
        _write_zip(members, target)


def extract(archive: Path, target: Path, format: str, limits: Limits | None = None) -> None:
    """Unpack an archive into a folder; a failure removes what was made.

    Args:
        archive: The archive.
        target: The folder: a new one, or an empty one.
        format: One of :data:`FORMATS`.
        limits: How much it may ask for; what the settings say if not given.

    Raises:
        UnpackError: Where the archive is damaged, breaks a rule or a limit, or cannot be written out.
    """
    _check_format(format, UnpackError)
    limits = limits or Limits()
    with _extracting(archive, target) as tree:
        if format == "zip":
            _read_zip(archive, tree, limits)
        else:
            _read_tar(archive, tree, format, limits)
        tree.finish()


def _check_format(format: str, error: type[PackagersError]) -> None:
    if format not in FORMATS:
        raise error(f"{format!r} is no format of archives", remedy=f"Known are: {', '.join(FORMATS)}.")


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Take a half-written archive away again, and say in the project's own errors what failed."""
    if target.exists():
        raise PackError("the archive is already there", file=target)
    try:
        yield
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, PackagersError) or not isinstance(error, Exception):
            raise
        raise PackError(f"the archive cannot be written: {error}", file=target) from error


def _scan(source: Path) -> list[_Member]:
    """List the members of a folder by name, checked by the rules for reading them again."""
    table = Members(PackError, f"the folder {str(source)!r}")
    found = []
    folders = [(source, "")]
    while folders:
        folder, prefix = folders.pop()
        with os.scandir(folder) as items:
            for item in items:
                member = _member(item, prefix + item.name, table)
                found.append(member)
                if member.kind == "folder":
                    folders.append((member.path, f"{member.name}/"))
    for member in found:
        if member.kind == "link":
            table.check_link(member.name, member.target)
    return sorted(found, key=lambda member: member.name)


def _member(item: os.DirEntry[str], name: str, table: Members) -> _Member:
    info = item.stat(follow_symlinks=False)
    kind = _ZIP_KINDS.get(stat.S_IFMT(info.st_mode))
    if kind is None:
        table.refuse(name, "is neither a file nor a folder nor a link, and cannot be packed")
    table.add(name, kind)
    path = Path(item.path)
    if kind == "link":
        return _Member(name, kind, path, _PERMISSIONS, target=os.readlink(path).replace(os.sep, "/"))
    return _Member(name, kind, path, info.st_mode & _PERMISSIONS, info.st_size)


@contextmanager
def _source(member: _Member) -> Iterator[BinaryIO]:
    """Open a file to be packed, and see at the end that it still is what was listed."""
    descriptor = os.open(member.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise PackError("the file changed while it was being packed", file=member.path)
        yield file
        if file.tell() != member.size or file.read(1):
            raise PackError("the file changed while it was being packed", file=member.path, remedy="Pack it when nothing writes to it.")


def _write_zip(members: Iterable[_Member], target: Path) -> None:
    with zipfile.ZipFile(target, "x") as archive:
        for member in members:
            info = zipfile.ZipInfo(member.name + "/" * (member.kind == "folder"), _EPOCH)
            info.create_system = 3  # Unix: the upper half of the attributes is a mode, on whatever system this runs
            if member.kind == "folder":
                info.external_attr = (stat.S_IFDIR | member.mode) << 16 | 0x10
                archive.writestr(info, b"")
            elif member.kind == "link":
                info.external_attr = (stat.S_IFLNK | member.mode) << 16
                archive.writestr(info, member.target)
            else:
                info.external_attr = (stat.S_IFREG | member.mode) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                info.file_size = member.size  # by which the writer knows whether it takes a zip64
                with _source(member) as file, archive.open(info, "w") as out:
                    shutil.copyfileobj(file, out, _CHUNK)


def _write_tar(members: Iterable[_Member], target: Path, format: str) -> None:
    with (
        open_writer(target, format) as out,
        tarfile.TarFile(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="strict") as archive,
    ):
        for member in members:
            info = tarfile.TarInfo(member.name)  # its owner, group and time are 0 and empty
            info.mode = member.mode
            if member.kind == "file":
                info.size = member.size
                with _source(member) as file:
                    archive.addfile(info, file)
            else:
                info.type = tarfile.DIRTYPE if member.kind == "folder" else tarfile.SYMTYPE
                info.linkname = member.target
                archive.addfile(info)


class _Tree:
    """What is being unpacked: makes members inside of one folder, links and permissions last."""

    def __init__(self, target: Path, archive: Path) -> None:
        self.members = Members(UnpackError, f"the archive {archive.name!r}")
        self._target = target
        self._links: list[tuple[str, str]] = []
        self._modes: dict[str, int] = {}

    def folder(self, name: str, mode: int) -> None:
        self.members.add(name, "folder")
        self._make_folder(name)
        self._modes[name] = mode & _PERMISSIONS

    def file(self, name: str, mode: int, size: int, content: IO[bytes]) -> None:
        self.members.add(name, "file")
        self._make_folder(name.rpartition("/")[0])
        path = self._target / name
        with open(path, "xb") as out:
            shutil.copyfileobj(content, out, _CHUNK)
            if out.tell() != size:
                self.members.refuse(name, f"has {out.tell()} bytes instead of {size}")
        os.chmod(path, mode & _PERMISSIONS)

    def link(self, name: str, target: str) -> None:
        self.members.add(name, "link")
        self._links.append((name, target))

    def finish(self) -> None:
        for name, target in self._links:
            self.members.check_link(name, target)
        for name, target in self._links:
            self._make_folder(name.rpartition("/")[0])
            os.symlink(target, self._target / name)
        # The deepest first: a folder that cannot be entered any more still has to take its children's permissions.
        for name in sorted(self.members.folders(), reverse=True):
            os.chmod(self._target / name, self._modes.get(name, 0o755))

    def _make_folder(self, name: str) -> None:
        (self._target / name).mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def _extracting(archive: Path, target: Path) -> Iterator[_Tree]:
    """Make the target folder, and take away what was made of it where unpacking fails."""
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise UnpackError("the place to unpack to is not an empty folder", file=target, remedy="Give a new or an empty one.")
    made = not target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
        yield _Tree(target, archive)
    except BaseException as error:
        for item in [target] if made else list(target.iterdir()):
            _remove(item)
        if isinstance(error, PackagersError) or not isinstance(error, Exception):
            raise
        raise UnpackError(f"the archive cannot be unpacked: {error}", file=archive) from error


def _remove(item: Path) -> None:
    if item.is_dir() and not item.is_symlink():
        remove_folder(item)
    else:
        item.unlink(missing_ok=True)


def _read_zip(archive: Path, tree: _Tree, limits: Limits) -> None:
    packed = archive.stat().st_size
    with _ZipFile(archive, limits) as file:
        magic.check(file.peek(4), "zip", archive.name)
        _read_zip_members(archive, file, packed, tree, limits)


def _read_zip_members(archive: Path, file: _ZipFile, packed: int, tree: _Tree, limits: Limits) -> None:
    with zipfile.ZipFile(file) as reader:
        file.directory_is_read()
        infos = reader.infolist()
        # Each member has a header of 30 bytes of its own; less than all of them together take means that some share their bytes.
        if sum(info.compress_size + 30 for info in infos) > packed:
            raise UnpackError("members of the archive overlap", file=archive)
        limits.check_size(sum(info.file_size for info in infos), packed)
        for info in infos:
            _read_zip_member(reader, info, tree)
            limits.check_entries(len(tree.members))


def _read_zip_member(reader: zipfile.ZipFile, info: zipfile.ZipInfo, tree: _Tree) -> None:
    name, mode = info.filename, info.external_attr >> 16
    kind = _ZIP_KINDS.get(stat.S_IFMT(mode))
    if kind == "file" and name.endswith("/"):
        kind = "folder"
    if kind is None or "\0" in info.orig_filename or (kind == "folder") != name.endswith("/"):
        tree.members.refuse(name, "is neither a file nor a folder nor a link")
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        tree.members.refuse(name, "is encrypted, or compressed in a way that packages are not")
    if kind == "folder":
        tree.folder(name[:-1], mode or 0o755)
    elif kind == "file":
        with reader.open(info) as content:
            tree.file(name, mode or 0o644, info.file_size, content)
    elif info.file_size > _LINK_BYTES:
        tree.members.refuse(name, "is a link that is too long")
    else:
        tree.link(name, reader.read(info).decode())


class _ZipFile(io.BufferedReader):
    """The bytes of a zip. While its directory is read, which ``zipfile`` takes into memory as a whole, entries are counted beforehand.

    Args:
        path: The zip.
        limits: How many entries it may have.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(io.FileIO(path))
        self._limits: Limits | None = limits

    def read(self, size: int | None = -1) -> bytes:
        if self._limits is None:
            return super().read(size)
        self._limits.check_entries((size or 0) // _DIRECTORY_ENTRY)
        data = super().read(size)
        self._limits.check_entries(data.count(b"PK\1\2"))
        return data

    def directory_is_read(self) -> None:
        """Measure no more: the members have limits of their own."""
        self._limits = None


def _read_tar(archive: Path, tree: _Tree, format: str, limits: Limits) -> None:
    packed = archive.stat().st_size
    with open(archive, "rb") as file:
        stream = Forward(open_reader(file, format), lambda position: limits.check_size(position, packed))
        reader = tarfile.TarFile(fileobj=cast(Any, stream), mode="r", encoding="utf-8", errors="surrogateescape")
        for member in reader:
            _read_tar_member(reader, member, tree)
            limits.check_entries(len(tree.members))
        stream.finish()


def _read_tar_member(reader: tarfile.TarFile, member: tarfile.TarInfo, tree: _Tree) -> None:
    kind = None if member.issparse() else _TAR_KINDS.get(member.type)
    if kind is None or member.size < 0 or (kind != "file" and member.size):
        tree.members.refuse(member.name, "is neither a file nor a folder nor a link")
    if kind == "folder":
        tree.folder(member.name, member.mode)
    elif kind == "link":
        tree.link(member.name, member.linkname)
    else:
        tree.file(member.name, member.mode, member.size, cast(IO[bytes], reader.extractfile(member)))
