"""Anything else: pickled, last by distance."""

from __future__ import annotations

from packagers.builtin.summaries import Summarised
from packagers.packager import DefaultPackager


class ObjectPackager(Summarised, DefaultPackager):
    """Pack what nobody else packs, with cloudpickle."""

    PRIORITY = 10
    PACK_SUBCLASSES = True
    READERS = {"object": "code", "result": "data"}
