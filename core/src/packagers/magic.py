"""How files of public formats begin.

A bare format name means the public format and nothing more. So a file begins as its format says, or no decoder is started on it: what hides
under another name (a pickle that is called ``.npy``) is refused before anything looks further. Text has no beginning of its own, nor have
the oldest pickles and what joblib compresses; those are not in the table, and the gate stands before the last two.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import NamedTuple

from packagers.errors import UnpackError


class Beginning(NamedTuple):
    """How the files of one format begin.

    Attributes:
        size: How many bytes have to be looked at.
        pattern: What they match.
    """

    size: int
    pattern: re.Pattern[bytes]


def _begins(pattern: bytes, size: int = 16) -> Beginning:
    return Beginning(size, re.compile(pattern, re.DOTALL))


ARCHIVES = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")
"""The formats of archives."""
_ARROW = _begins(rb"ARROW1")
_BZ2 = _begins(rb"BZh[1-9]")
_GZ = _begins(rb"\x1f\x8b\x08")
_JPEG = _begins(rb"\xff\xd8\xff")
_TORCH = _begins(rb"PK\x03\x04|\x80[\x02-\x05]")  # a zip; before torch 1.6 a pickle
_XZ = _begins(rb"\xfd7zXZ\x00")
_ZIP = _begins(rb"PK\x03\x04|PK\x05\x06")  # the second: one that is empty
_ZST = _begins(rb"\x28\xb5\x2f\xfd")

BEGINNINGS = MappingProxyType(
    {
        "arrow": _ARROW,
        "bz2": _BZ2,
        "feather": _ARROW,
        "gif": _begins(rb"GIF8[79]a"),
        "gz": _GZ,
        "hdf": _begins(rb"(?:.{512}|.{1024}|.{2048})?\x89HDF\r\n\x1a\n", 2056),  # the user's own block may come before it
        "jpeg": _JPEG,
        "jpg": _JPEG,
        "npy": _begins(rb"\x93NUMPY"),
        "npz": _ZIP,
        "orc": _begins(rb"ORC"),
        "parquet": _begins(rb"PAR1"),
        "pdf": _begins(rb"%PDF-"),
        "png": _begins(rb"\x89PNG\r\n\x1a\n"),
        "pt": _TORCH,
        "pt2": _ZIP,
        "pth": _TORCH,
        "safetensors": _begins(rb".{4}\x00{4}\{"),  # the length of the header, below 4 GiB, and the header
        "skops": _ZIP,
        "tar": _begins(rb".{257}ustar|\x00{512}", 512),  # the second: one that is empty
        "webp": _begins(rb"RIFF.{4}WEBP"),
        "xlsx": _ZIP,
        "xz": _XZ,
        "zip": _ZIP,
        "zst": _ZST,
    }
)
"""By format. One that ends in the name of a compression begins as that does: ``csv.gz`` as ``gz``."""


def beginning_of(format: str) -> Beginning | None:
    """Give how files of a format begin; ``None`` where they may begin with anything.

    >>> beginning_of("csv.gz") is beginning_of("tar.gz") is beginning_of("gz"), beginning_of("csv")
    (True, None)
    """
    return BEGINNINGS.get(format) or BEGINNINGS.get(format.rpartition(".")[2])


def check(start: bytes, format: str, name: str) -> None:
    """Check how a file begins.

    Args:
        start: Its first bytes, as many as the format asks for, or all.
        format: What it is said to be.
        name: What the file is called.

    Raises:
        UnpackError: Where no file of the format begins so.
    """
    beginning = beginning_of(format)
    if beginning is None or beginning.pattern.match(start):
        return
    raise UnpackError(
        f"the file {name!r} does not begin as files of the format {format} do" if start else f"the file {name!r} is empty, and no {format}",
        remedy="If it is of another format, say so with format=…; if it is damaged, get it again from where it came from.",
    )
