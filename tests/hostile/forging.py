"""Packages and archives as a hostile maker would write them: all that can be computed is right, and nothing is signed."""

from __future__ import annotations

import io
import json
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from packagers.digests import digest_file, digest_json
from packagers.sealed import seal_of, to_text

Data = dict[str, Any]


def sealed(data: Data, *, digest: bool = True, seal: bool = True, signature: Any = None) -> bytes:
    """Give the text of a manifest; what is asked for is computed as packagers does."""
    data = {**data}
    if digest:
        names = ("object_type", "artifact_type", "format", "instructions", "format_version", "value", "skeleton")
        content: Data = {"version": data["packagers"], **{name: data[name] for name in names if name in data}}
        content["parts"] = data.get("parts", [])
        files = data.get("files", [])
        entries = [{name: file[name] for name in ("path", "size", "digest")} for file in sorted(files, key=lambda each: each["path"])]
        data["digest"] = digest_json({**content, "files": entries})
    return to_text(data, signature, seal_of(data) if seal else "blake3:" + "0" * 64)


def described(packager: str, object_type: str, artifact_type: str, format: str | None = None, **instructions: Any) -> Data:
    """Give the fields of a manifest that say how a value was written."""
    return {
        "packagers": 1,
        "key": "v",
        "object_type": object_type,
        "artifact_type": artifact_type,
        "packager": packager,
        "format": format,
        "instructions": instructions,
        "lossless": True,
        "digest": "",
    }


def package(folder: Path, data: Data, files: dict[str, bytes] | None = None, **how: Any) -> None:
    """Write a package.

    Args:
        folder: Its folder.
        data: Its manifest, without payload and files.
        files: Its payload.
        **how: As of :func:`sealed`.
    """
    folder.mkdir(parents=True)
    if files is not None:
        payload = folder / "0badc0de"
        entries = []
        for name, content in files.items():
            path = payload / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            size, digest, _ = digest_file(path, "blake3")
            entries.append({"path": name, "size": size, "digest": digest})
        data = {**data, "payload": payload.name, "files": data.get("files", entries)}
    (folder / "manifest.json").write_bytes(sealed(data, **how))


def changed(folder: Path, good: Path, change: Callable[[Data], Any], **how: Any) -> None:
    """Copy a good package and change its manifest."""
    shutil.copytree(good, folder)
    data = json.loads((folder / "manifest.json").read_bytes())
    signature = data.pop("signature", None)
    data.pop("seal")
    change(data)
    (folder / "manifest.json").write_bytes(sealed(data, **{"signature": signature, **how}))


def zipped(members: Iterable[tuple[str, bytes, int]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Give a zip of names, contents and Unix modes, in order and unchecked."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content, mode in members:
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.create_system = 3
            info.external_attr = mode << 16
            info.compress_type = compression
            archive.writestr(info, content)
    return file.getvalue()


def tarred(members: Iterable[tuple[str, bytes, bytes, str]]) -> bytes:
    """Give a tar of names, types, contents and targets of links, in order and unchecked."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, content, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname, info.mode = kind, len(content), target, 0o644
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def torch_file(data: bytes) -> bytes:
    """Give what ``torch.save`` writes around a pickle."""
    return zipped([("archive/data.pkl", data, 0), ("archive/version", b"3\n", 0), ("archive/byteorder", b"little", 0)], zipfile.ZIP_STORED)


def npy(descr: str, shape: str = "(1,)", data: bytes = b"", version: int = 1) -> bytes:
    """Give an npy file of any header."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode("latin-1")
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    size = struct.pack("<H", len(header)) if version == 1 else struct.pack("<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def safetensors(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    """Give a safetensors file of any header: JSON, or bytes as they are."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


@cache
def good_skops() -> bytes:
    """Give a skops file of a small estimator."""
    import skops.io
    from sklearn.linear_model import LinearRegression

    return bytes(skops.io.dumps(LinearRegression()))


def skops_of(loader: str, module: str, name: str, **more: Any) -> bytes:
    """Give a skops file whose one object is of any type and built by any of skops' ways."""
    schema = {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, "protocol": 2, "_skops_version": "0.11", **more}
    return zipped([("schema.json", json.dumps(schema).encode(), 0)], zipfile.ZIP_STORED)
