"""Anything else: pickled, last by distance."""

from __future__ import annotations

from io import TextIOWrapper
from pathlib import Path
from typing import Any

from packagers.builtin.summaries import Summarised
from packagers.errors import PackError
from packagers.packager import DefaultPackager, Instructions


class ObjectPackager(Summarised, DefaultPackager):
    """Pack what nobody else packs, with cloudpickle."""

    PRIORITY = 10
    PACK_SUBCLASSES = True
    READERS = {"object": "code", "result": "data"}
