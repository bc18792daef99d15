"""The zip that runs travel in: which members it has, and what it is checked for, for a stranger may have made it.

::

    export.json                        the format, its version, and of every member but these two its size and SHA-256
    seal.json                          who vouches for export.json: see sealing.py
    runs/<uid>.jsonl                   a line for each iteration: its row, its document, its artifacts with their manifests
    runs/<uid>/<iteration>.log         what the iteration printed
    objects/<digest>/manifest.json     an object, as in a store
    objects/<digest>/<payload>/…

Version 1. To change the format, raise ``VERSION``, say here what changed, and keep :class:`Reader` able to read every older version.
The same runs give the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

from packagers import settings
from packagers_runs.store.errors import StoreError

FORMAT = "packagers-runs export"
VERSION = 1
INDEX = "export.json"
SEAL = "seal.json"
LINE_BYTES = 32 << 20
"""The longest line of a member that has lines, and the longest index."""

_CHUNK = 1 << 18
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_DIRECTORY_ENTRY = 1024  # bytes that an entry of a zip's directory has at most, on average
_SMALL = 64 << 20  # up to here the ratio of sizes does not count
_UID = "[0-9a-f]{32}"
_MEMBER = re.compile(
    rf"runs/{_UID}\.jsonl|runs/{_UID}/(?:0|[1-9][0-9]{{0,8}})\.log|objects/[a-z0-9]+-[0-9a-f]{{32,64}}/[^/\\\0]+(?:/[^/\\\0]+)*"
)
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


class Writer:
    """Writes the zip; a context manager: it stands in its place at the end of the block, or nothing does where the block raises.

    Args:
        file: Where it is to stand.
        seal: Gives what vouches for an index.

    Raises:
        StoreError: Where something stands there already, or nothing can be written.
    """

    def __init__(self, file: Path, seal: Callable[[bytes], bytes]) -> None:
        self._file = file
        self._seal = seal
        self._part = file.with_name(f".{file.name}.{secrets.token_hex(8)}.part")
        self._members: dict[str, dict[str, Any]] = {}
        if file.exists():
            raise StoreError("there is a file already", file=file, remedy="Name another one, or remove it.")

    def __enter__(self) -> Self:
        try:
            self._zip = zipfile.ZipFile(self._part, "x", zipfile.ZIP_DEFLATED)
        except OSError as error:
            raise _unwritten(self._file, error) from error
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        try:
            if error is None:
                index = {"format": FORMAT, "version": VERSION, "members": dict(sorted(self._members.items()))}
                text = json.dumps(index, indent=1).encode("ascii")
                for name, data in ((INDEX, text), (SEAL, self._seal(text))):
                    self._zip.writestr(_info(name), data, zipfile.ZIP_DEFLATED)
                self._zip.close()
                os.replace(self._part, self._file)
        except OSError as failure:
            raise _unwritten(self._file, failure) from failure
        finally:
            with contextlib.suppress(OSError, ValueError):
                self._zip.close()
            self._part.unlink(missing_ok=True)

    def add(self, name: str, chunks: Iterable[bytes], *, compress: bool = True) -> int:
        """Add a member; give its size in bytes.

        Args:
            name: Its name.
            chunks: Its bytes.
            compress: Whether they are likely to become fewer.
        """
        info = _info(name)
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        size, digest = 0, hashlib.sha256()
        try:
            with self._zip.open(info, "w", force_zip64=True) as out:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    out.write(chunk)
        except OSError as error:
            raise _unwritten(self._file, error) from error
        self._members[name] = {"size": size, "sha256": digest.hexdigest()}
        return size


class Reader:
    """Reads the zip; a context manager. Nothing is believed of it: names, kinds, sizes and digests are checked, each before it counts.

    How much it may ask for is limited by the settings ``archive_entries``, ``archive_size`` and ``archive_ratio``.

    Args:
        file: The zip.

    Raises:
        StoreError: Where it is no export of runs, of a newer release, damaged, or asks for too much.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened, self._explained():
            raw = opened.enter_context(_Counted(self.file))
            self._zip = opened.enter_context(zipfile.ZipFile(raw))
            raw.limit = None
            self._infos = self._checked(self._zip.infolist(), self.file.stat().st_size)
            self._members = self._index()
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def names(self, folder: str) -> list[str]:
        """Give the members below a folder, such as ``"runs/"``, in the order of their names."""
        return sorted(name for name in self._members if name.startswith(folder))

    def chunks(self, name: str) -> Iterator[bytes]:
        """Give the bytes of a member; at their end, its digest was checked.

        Raises:
            StoreError: Where they are not what the index says.
        """
        size, expected = self._members[name]
        read, digest = 0, hashlib.sha256()
        with self._explained(), self._zip.open(self._infos[name]) as member:
            while chunk := member.read(_CHUNK):
                read += len(chunk)
                digest.update(chunk)
                if read <= size:
                    yield chunk
        if read != size or digest.hexdigest() != expected:
            raise self.refused(f"{name} is not what {INDEX} says")

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """Give the lines of a member, each a JSON object; at their end, its digest was checked."""
        waiting: list[bytes] = []
        for chunk in self.chunks(name):
            first, *others = chunk.split(b"\n")
            waiting.append(first)
            for other in others:
                yield self._object(b"".join(waiting), name)
                waiting = [other]
            if sum(map(len, waiting)) > LINE_BYTES:
                raise self.refused(f"a line of {name} is longer than {LINE_BYTES:,} bytes")
        if any(waiting):
            raise self.refused(f"{name} ends inside of a line")

    def extract(self, name: str, target: Path) -> None:
        """Write a member to a new file, once its digest was checked; the folders above are made."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            for chunk in self.chunks(name):
                out.write(chunk)

    def seal(self) -> tuple[bytes, bytes]:
        """Give what vouches for the index, and the index."""
        with self._explained():
            return self._whole(SEAL), self._whole(INDEX)

    def refused(self, why: str) -> StoreError:
        """Give the error for something that is wrong with the zip."""
        return StoreError(f"nothing more is taken from this file: {why}", file=self.file, remedy="Export the runs again where they are.")

    def _checked(self, infos: list[zipfile.ZipInfo], packed: int) -> dict[str, zipfile.ZipInfo]:
        found: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name = info.orig_filename
            segments = name.split("/")
            if name not in (INDEX, SEAL) and (not _MEMBER.fullmatch(name) or not {".", ".."}.isdisjoint(segments)):
                raise self.refused(f"no member is called {name!r:.200}")
            if name in found:
                raise self.refused(f"{name} is there twice")
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG) or info.is_dir():
                raise self.refused(f"{name} is no file")
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self.refused(f"{name} is encrypted, or compressed in another way than here")
            found[name] = info
        # Each member has a header of 30 bytes of its own; less than all of them together take means that some share their bytes.
        if sum(info.compress_size + 30 for info in infos) > packed:
            raise self.refused("its members overlap")
        size = sum(info.file_size for info in infos)
        if size > settings.archive_size:
            raise self._too_much(f"{size:,} bytes", "archive_size")
        if size > max(_SMALL, settings.archive_ratio * packed):
            raise self._too_much(f"{size:,} bytes, of a file of {packed:,}", "archive_ratio")
        return found

    def _index(self) -> dict[str, tuple[int, str]]:
        index = self._object(self._whole(INDEX), INDEX)
        version = index.get("version")
        if index.get("format") != FORMAT or type(version) is not int or version < 1:
            raise self.refused("it is no export of runs")
        if version > VERSION:
            raise StoreError(
                f"the export has format version {version}, and this is packagers-runs for versions up to {VERSION}",
                file=self.file,
                remedy="pip install --upgrade packagers-runs",
            )
        told = index.get("members")
        if not isinstance(told, dict) or told.keys() != self._infos.keys() - {INDEX, SEAL}:
            raise self.refused(f"{INDEX} lists other members than it has")
        members = {}
        for name, entry in told.items():
            size, digest = (entry.get("size"), entry.get("sha256")) if isinstance(entry, dict) else (None, None)
            if type(size) is not int or size != self._infos[name].file_size or not isinstance(digest, str):
                raise self.refused(f"{name} is not what {INDEX} says")
            members[name] = size, digest
        return members

    def _whole(self, name: str) -> bytes:
        info = self._infos.get(name)
        if info is None:
            raise self.refused(f"it has no {name}, so it is no export of runs")
        if info.file_size > LINE_BYTES:
            raise self.refused(f"{name} is longer than {LINE_BYTES:,} bytes")
        return self._zip.read(info)

    def _object(self, text: bytes, name: str) -> dict[str, Any]:
        try:
            found = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise self.refused(f"{name} is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise self.refused(f"{name} holds what is no object of JSON")
        return found

    def _too_much(self, what: str, setting: str) -> StoreError:
        return StoreError(
            f"the export would unpack to {what}, more than the setting {setting!r} allows",
            file=self.file,
            remedy=f"If you trust its maker, raise it: packagers.settings({setting}=…), or the variable PACKAGERS_{setting.upper()}.",
        )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise StoreError(
                "there is no such file", file=self.file, remedy="Give the path of what `packagers runs export` wrote."
            ) from error
        except _TooMany as error:
            raise self._too_much(f"more than {settings.archive_entries:,} files", "archive_entries") from error
        except StoreError:
            raise
        except _DAMAGE as error:
            raise self.refused(f"it is no zip, or damaged: {error}") from error


class _TooMany(Exception):
    """The directory of a zip has more entries than the settings allow."""


class _Counted(io.BufferedReader):
    """The bytes of a zip. While its directory is read, which ``zipfile`` takes into memory as a whole, entries are counted beforehand.

    Attributes:
        limit: How many entries there may be; ``None`` to count no more.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.limit: int | None = settings.archive_entries

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes, as every file does."""
        if self.limit is not None and (size or 0) // _DIRECTORY_ENTRY > self.limit:
            raise _TooMany
        data = super().read(size)
        if self.limit is not None and data.count(b"PK\1\2") > self.limit:
            raise _TooMany
        return data


def read_chunks(file: BinaryIO) -> Iterator[bytes]:
    """Give the bytes of an open file, and close it."""
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3  # Unix: the upper half of the attributes is a mode, on whatever system this runs
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def _unwritten(file: Path, error: OSError) -> StoreError:
    return StoreError(f"the export cannot be written: {error}", file=file, remedy="Name a place that can be written and has room.")


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")
