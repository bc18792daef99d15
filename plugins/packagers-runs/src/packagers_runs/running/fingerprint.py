"""The fingerprint of an iteration: it is the same where running it again would do the same.

It is made of the source of the handler, the parameters, the digests of the inputs, the log hints, and the versions of the core and the
plugins; never of the device, the number of workers, or when and by whom. What the iterations of a run have in common is put together once::

    common = common_part(handler, inputs, spec.returns, spec.inputs_type_hints)
    fingerprint(common, {"depth": 3})
"""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from packagers import LogHint
from packagers_runs.running.digests import handler_digest, value_digest
from packagers_runs.running.handlers import Handler

GROUPS = ("packagers.types", "packagers")
"""The entry-point groups of what packs and unpacks."""


def common_part(handler: Handler, inputs: Mapping[str, Any], returns: Sequence[Any], hints: Mapping[str, Any]) -> str:
    """Give what the fingerprints of all iterations of a run have in common.

    Args:
        handler: What is called.
        inputs: The digests of the inputs by name; lists and dicts of them for inputs of several sources.
        returns: The log hints of what it returns.
        hints: Type hints of inputs by name.
    """
    parsed = [None if hint is None else LogHint.parse(hint).to_dict() for hint in returns]
    return value_digest([handler_digest(handler), dict(inputs), parsed, dict(hints), versions()])


def fingerprint(common: str, parameters: Mapping[str, Any]) -> str:
    """Give the fingerprint of one iteration.

    Args:
        common: What :func:`common_part` gave.
        parameters: Its parameters by name.
    """
    return value_digest([common, dict(parameters)])


def versions() -> dict[str, str]:
    """Give the versions of the core and of every plugin that packs, by distribution."""
    return dict(_versions(tuple(sys.path)))


@functools.lru_cache(maxsize=4)
def _versions(path: tuple[str, ...]) -> Mapping[str, str]:
    found = {"packagers": importlib.metadata.version("packagers")}
    for group in GROUPS:
        for entry in importlib.metadata.entry_points(group=group):
            if entry.dist is not None:
                found[entry.dist.name] = entry.dist.version
    return found
