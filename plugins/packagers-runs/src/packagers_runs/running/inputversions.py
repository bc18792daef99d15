"""Which versions of its inputs a run gets: addresses are pinned to what they mean, and digests tell what stands at a place now.

An artifact has its own; a local file has the digest of its bytes, a folder that of its files; of a URL, what its server says of the version
that is there (an ETag, a checksum, size and time), without reading it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from blake3 import blake3

from packagers import Artifact, DataItem, PackagersError
from packagers_runs.store.addresses import SCHEME, Address
from packagers_runs.store.errors import AddressError, ArtifactNotFoundError
from packagers_runs.store.store import DocumentStore, store_of

FOLDER = "packagers/folder"
"""The annotation of a run that has relative paths as inputs: the working directory that they were seen from."""
MOST_BYTES = 4 << 30
"""Of files that are larger together, size and time tell the version: a launch is not to read for minutes."""
_VERSIONS = {
    *("etag", "checksum", "md5", "md5hash", "crc32c", "contenthash", "content_md5"),
    *("size", "mtime", "lastmodified", "last_modified", "updated"),
}
"""What file systems call that which tells one version of a file from the next, in lower case."""


def pinned(source: Any, store: DocumentStore) -> Any:
    """Give an input with addresses that go on to mean the same artifacts when there are newer ones; what is not there stays as it was.

    Args:
        source: The input.
        store: In which addresses are looked for.
    """
    if isinstance(source, list):
        return [pinned(item, store) for item in source]
    if isinstance(source, dict):
        return {key: pinned(item, store) for key, item in source.items()}
    if not isinstance(source, str) or not source.startswith(SCHEME):
        return source
    try:
        address = Address.parse(source)
        return source if address.uid else str(store.find(address).address)
    except (AddressError, ArtifactNotFoundError):  # the run itself will say so
        return source


def is_relative(source: Any) -> bool:
    """Tell whether an input is, or holds, a path that means something else in another working directory."""
    if isinstance(source, list | dict):
        return any(map(is_relative, source.values() if isinstance(source, dict) else source))
    return isinstance(source, str) and "://" not in source and not Path(source).is_absolute()


def seen_from(folder: str, source: Any) -> Any:
    """Give an input as it was seen from a working directory: relative paths of what is there still mean that.

    Args:
        folder: The working directory.
        source: The input.
    """
    if isinstance(source, list):
        return [seen_from(folder, item) for item in source]
    if isinstance(source, dict):
        return {key: seen_from(folder, item) for key, item in source.items()}
    return str(Path(folder, source)) if is_relative(source) and Path(folder, source).exists() else source


def input_digests(sources: Mapping[str, Any], kept: Mapping[str, str | None], store: DocumentStore) -> dict[str, Any]:
    """Give what tells the version of each input: ``{"digest": …}``, of a local file with its ``size`` too; empty where nothing is there.

    Args:
        sources: The inputs by name; lists and dicts of sources give lists and dicts.
        kept: The digests of those that were live objects; ``None`` of one that was not kept.
        store: In which addresses are looked for.
    """
    with store.current():
        return {name: _kept(kept[name]) if name in kept else _of(source) for name, source in sources.items()}


def _kept(digest: str | None) -> dict[str, Any]:
    return {} if digest is None else {"digest": digest}


def _of(source: Any) -> Any:
    if isinstance(source, list):
        return [_of(item) for item in source]
    if isinstance(source, Mapping):
        return {name: _of(item) for name, item in source.items()}
    if isinstance(source, Artifact):
        return {"digest": source.digest}
    text = source.url if isinstance(source, DataItem) else str(source)
    try:
        if text.startswith(SCHEME):
            address = Address.parse(text)
            return {"digest": store_of(address).find(address).digest}
        path = local_path(text)
        if path is not None:
            return _of_path(path)
    except (PackagersError, OSError, ValueError):
        return {}
    return _of_url(text, source.storage_options if isinstance(source, DataItem) else {})


def local_path(text: str) -> Path | None:
    """Give the path that a source means; ``None`` for a URL that is none of a local file."""
    if text.startswith("file://"):
        return Path(url2pathname(urlsplit(text).path))
    return None if "://" in text else Path(text)


def _of_path(path: Path) -> dict[str, Any]:
    if path.is_dir():
        try:
            found = DataItem(path).unpack(Artifact)
            return {"digest": found.digest}
        except PackagersError:
            return _of_folder(path)
    size = path.stat().st_size
    return {"digest": _of_file(path) if size <= MOST_BYTES else _of_times([path]), "size": size}


def _of_folder(folder: Path) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if sum(path.stat().st_size for path in files) > MOST_BYTES:
        return {"digest": _of_times(files)}
    lines = "".join(f"{path.relative_to(folder).as_posix()}\0{_of_file(path)}\n" for path in files)
    return {"digest": f"blake3:{blake3(lines.encode('utf-8', 'surrogateescape')).hexdigest()}"}


def _of_file(path: Path) -> str:
    found = blake3(max_threads=blake3.AUTO)
    if os.name == "nt" or not path.stat().st_size:
        found.update(path.read_bytes())
    else:
        found.update_mmap(path)
    return f"blake3:{found.hexdigest()}"


def _of_times(files: list[Path]) -> str:
    told = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return f"times:{hashlib.sha256(repr(told).encode('utf-8', 'surrogateescape')).hexdigest()}"


def _of_url(url: str, options: Mapping[str, Any]) -> dict[str, Any]:
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url, **options)
        told = {name.lower().replace("-", "_"): str(value) for name, value in system.info(path).items() if value is not None}
        version = sorted((name, value) for name, value in told.items() if name in _VERSIONS)
        text = repr(version) if version else str(system.ukey(path))
    except Exception:  # noqa: BLE001 - a file system may fail in any way; the run itself will say what is wrong
        return {}
    return {"digest": f"version:{hashlib.sha256(text.encode()).hexdigest()}"}
