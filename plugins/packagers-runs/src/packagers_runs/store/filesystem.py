"""``store://`` as a protocol of fsspec: what stands at an address is the package that a run made, so a data item of the core reads it.

The manifest is the one that the run wrote, with its key, labels, links and signature; the payload is the object's. A payload folder has a
random name that the manifest tells, so a reader who has read the manifest gets the files that belong to it, also where ``latest`` means
another artifact by then.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from fsspec.spec import AbstractFileSystem

from packagers_runs.store.addresses import SCHEME, Address
from packagers_runs.store.artifactrows import Recorded
from packagers_runs.store.errors import AddressError, ArtifactNotFoundError
from packagers_runs.store.objects import MANIFEST
from packagers_runs.store.store import DocumentStore, store_of

_MOST_SEGMENTS = 3


class StoreFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """Reads what is at ``store://`` addresses; see :func:`store_of` for which store that is."""

    protocol = "store"
    by_address = True  # tells the core that what stands at an address may have been packed under another key
    cachable = False  # which store an address means depends on when and where it is asked for

    def _open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        if mode != "rb":
            raise NotImplementedError("what a run has made is not written to; a new run makes a new one")
        store, found, below = _resolve(path)
        if not below:
            raise IsADirectoryError(f"{path} is a package: it has {MANIFEST}")
        if below == MANIFEST:
            return io.BytesIO(store.manifest(found))
        inner = below.removeprefix(f"{found.payload}/")
        try:
            return store.objects.open(found.digest, f"{found.stored}/{inner}")
        except FileNotFoundError as error:
            raise ArtifactNotFoundError(
                f"{found.address} is recorded, and its data is gone: {below}",
                address=str(found.address),
                remedy="`packagers runs doctor` says what else is missing; run again what made it, or import it from an export.",
            ) from error

    def pinned(self, url: str) -> str:
        """Give the address that goes on to mean what an address, or a path below one, means now.

        Args:
            url: The address.

        Raises:
            FileNotFoundError: Where there is nothing.
        """
        _, found, below = _resolve(url)
        return f"{found.address}/{below}" if below else str(found.address)

    def sibling(self, url: str, key: str) -> str:
        """Give the address of what the same run made under another key: what the links of an artifact lead to.

        Args:
            url: The address of the artifact.
            key: The other key.

        Raises:
            FileNotFoundError: Where there is none.
        """
        store, found, _ = _resolve(url)
        return str(store.find(replace(found.address, key=key, kind="")).address)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Tell of what is at an address, or at a path below it.

        Args:
            path: The address, and perhaps a path below it.

        Raises:
            FileNotFoundError: Where there is nothing.
        """
        name = self._strip_protocol(path)
        store, found, below = _resolve(name)
        sizes = _sizes(store, found)
        if below in sizes:
            return {"name": name, "size": sizes[below], "type": "file"}
        if below and not any(file.startswith(f"{below}/") for file in sizes):
            raise FileNotFoundError(f"the package has no {below!r}")
        return {"name": name, "size": 0, "type": "directory"}

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List what is at an address, or at a path below it.

        Args:
            path: The address, and perhaps a path below it.
            detail: Whether sizes and types are told, or names alone.

        Raises:
            FileNotFoundError: Where there is nothing.
        """
        top = self.info(path)
        if top["type"] == "file":
            return [top] if detail else [top["name"]]
        store, found, below = _resolve(top["name"])
        inside = [file.removeprefix(f"{below}/") for file in _sizes(store, found) if not below or file.startswith(f"{below}/")]
        names = [f"{top['name']}/{name}" for name in dict.fromkeys(file.partition("/")[0] for file in inside)]
        return [self.info(name) for name in names] if detail else names


def _sizes(store: DocumentStore, found: Recorded) -> dict[str, int]:
    """Give the sizes of all files of a package by their path in it."""
    manifest = store.manifest(found)
    files = json.loads(manifest).get("files", [])
    return {MANIFEST: len(manifest), **{f"{found.payload}/{file['path']}": file["size"] for file in files}}


def _resolve(path: str) -> tuple[DocumentStore, Recorded, str]:
    """Find what a path is of: the store, the artifact, and the path below it."""
    segments = path.removeprefix(SCHEME).strip("/").split("/")
    if ".." in segments:
        raise FileNotFoundError(f"{path} leads out of the package")
    missing: Exception | None = None
    for address, below in _readings(segments):
        payload = below.partition("/")[0] if below not in ("", MANIFEST) else None
        store = store_of(address)
        try:
            return store, store.find(address, payload), below
        except ArtifactNotFoundError as error:
            missing = missing or error
    raise missing or ArtifactNotFoundError(f"there is nothing at {SCHEME}{path}", address=f"{SCHEME}{path}")


def _readings(segments: list[str]) -> Iterator[tuple[Address, str]]:
    """Give the ways in which a path can be an address with a path below it, the likeliest first."""
    last = len(segments) - 1
    ends = [last] if segments[-1] == MANIFEST and last else []
    ends += [end for end in range(min(last + 1, _MOST_SEGMENTS), 0, -1) if end not in ends]
    wrong: AddressError | None = None
    is_any = False
    for end in ends:
        try:
            address = Address.parse(SCHEME + "/".join(segments[:end]))
        except AddressError as error:
            wrong = wrong or error
            continue
        is_any = True
        yield address, "/".join(segments[end:])
    if wrong is not None and not is_any:
        raise wrong
