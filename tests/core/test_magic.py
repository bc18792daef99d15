"""How a file begins is looked at before any decoder starts: a format's name means the public format."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any, Literal

import pytest

import packagers
from packagers import UnpackError, magic

PICKLE = pickle.dumps([len], protocol=2)
STARTS = {
    "csv.gz": b"\x1f\x8b\x08\0",
    "gif": b"GIF89a",
    "hdf": b"\0" * 512 + b"\x89HDF\r\n\x1a\n",
    "npy": b"\x93NUMPY\1\0",
    "pt": b"\x80\2\x8a",
    "safetensors": (2).to_bytes(8, "little") + b"{}",
    "tar": b"a".ljust(257, b"\0") + b"ustar\x0000",
    "webp": b"RIFF\x10\0\0\0WEBPVP8 ",
    "xlsx": b"PK\3\4",
    "zip": b"PK\5\6" + bytes(18),
}


class Started:
    """What the packager of this file packs."""


class Decoder(packagers.Packager):
    """Notes that it was started."""

    DEFAULT_UNPACKING_ARTIFACT_TYPE = "file"
    READERS = {"npy": "data", "parquet": "data"}
    calls: list[str] = []

    def unpack_file(self, folder: Path, *, format: Literal["npy", "parquet"] = "npy") -> Any:
        self.calls.append(format)
        return Started()


@pytest.mark.parametrize(("format", "start"), STARTS.items(), ids=STARTS)
def test_what_begins_as_its_format_does_is_let_through(format: str, start: bytes) -> None:
    magic.check(start, format, "f")
    for other in (b"", b"\0", b"<html>", PICKLE, start[1:]):
        if format != "pt" or other is not PICKLE:
            with pytest.raises(UnpackError, match=re.escape(format)):
                magic.check(other, format, "f")


def test_every_format_of_the_registered_packagers_that_has_a_beginning_is_in_the_table() -> None:
    formats = {name for registration in packagers.Registry() for method in registration.load().unpacks.values() for name in method.formats}
    without = {name for name in formats if magic.beginning_of(name) is None}
    text = {"csv", "html", "json", "jsonl", "txt", "xml", "yaml"}
    conventions = {"state_dict", "module", "optimizer", "packagers-frames"}  # private ones
    assert without <= text | conventions | {"joblib", "pickle", "pkl"}


@pytest.mark.parametrize("suffix", ["npy", "parquet"])
@pytest.mark.parametrize("data", [b"", PICKLE, b"PK\3\4", b"<html>"], ids=["empty", "pickle", "zip", "html"])
def test_no_decoder_is_started_on_a_file_of_another_format(suffix: str, data: bytes, tmp_path: Path) -> None:
    registry = packagers.Registry(discover=False)
    registry.add(f"{__name__}.Started", Decoder)
    file = tmp_path / f"f.{suffix}"
    file.write_bytes(data)
    Decoder.calls.clear()
    for url in (str(file), file.as_uri()):
        with pytest.raises(UnpackError, match=f"'f.{suffix}'.*{suffix}"):
            packagers.DataItem(url, registry=registry).unpack(Started)
    assert Decoder.calls == []
    file.write_bytes({"npy": b"\x93NUMPY", "parquet": b"PAR1"}[suffix])
    assert isinstance(packagers.DataItem(file, registry=registry).unpack(Started), Started)
    assert Decoder.calls == [suffix]
