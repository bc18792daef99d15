"""Anything else: pickled, last by distance."""

from __future__ import annotations

from io import TextIOWrapper
from pathlib import Path
from typing import Any

from packagers.errors import PackError
from packagers.packager import DefaultPackager, Instructions


class ObjectPackager(DefaultPackager):
    """Pack what nobody else packs, with cloudpickle."""

    PRIORITY = 10
    PACK_SUBCLASSES = True
    READERS = {"object": "code", "result": "data"}

    def pack_object(self, obj: Any, folder: Path, *, pickle_module_name: str = "cloudpickle") -> Instructions:
        """Pickle ``obj``; refuse the two things that cloudpickle turns into something else without a word.

        Args:
            obj: Any value that the pickle module takes.
            folder: Where to write.
            pickle_module_name: One of the registered pickle readers.
        """
        if isinstance(obj, TextIOWrapper):
            raise PackError("an open file would come back as a text in memory", remedy="Pack its pathlib.Path, or what was read.")
        if isinstance(obj, memoryview):
            raise PackError("a pickled memoryview would come back as bytes", remedy='Leave the artifact type out, or ask for "file".')
        return super().pack_object(obj, folder, pickle_module_name=pickle_module_name)
