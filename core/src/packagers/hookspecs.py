"""The hooks: what a plugin can do besides packing a type.

A plugin names a module in the entry-point group ``packagers``; the functions in it that carry :data:`hookimpl` are called::

    # pyproject.toml
    [project.entry-points.packagers]
    timing = "my_plugin.hooks"

    # my_plugin/hooks.py
    from packagers import hookimpl

    @hookimpl(wrapper=True)
    def packagers_pack(packager, obj):
        start = time.perf_counter()
        try:
            return (yield)
        finally:
            print(type(obj).__name__, time.perf_counter() - start)

The core's own packagers register through ``packagers_register`` too. ``packagers_pack`` and ``packagers_unpack`` stop at the first result
that is not ``None``, and can be wrapped. A hook may take any of the arguments, by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from packagers.packager import Packager
    from packagers.registry import Registry

hookspec = pluggy.HookspecMarker("packagers")
hookimpl = pluggy.HookimplMarker("packagers")


@hookspec
def packagers_register(registry: Registry) -> None:
    """Register packagers.

    Args:
        registry: Call ``registry.add(type_path, packager)`` on it; the packager is a class or, so that nothing is imported early, a
            reference ``"module:Class"``.
    """


@hookspec(firstresult=True)
def packagers_pack(packager: Packager, obj: Any, artifact_type: str, folder: Path | None, options: Mapping[str, Any]) -> Any:
    """Pack one value; the core's own implementation calls the packager's ``pack_<artifact type>``.

    Args:
        packager: The packager that was chosen.
        obj: The value.
        artifact_type: As what it is packed.
        folder: Where the packager writes; ``None`` for results.
        options: Keyword arguments of the method.

    Returns:
        Instructions for unpacking, or for a result the value to record.
    """


@hookspec(firstresult=True)
def packagers_unpack(packager: Packager, artifact_type: str, source: Any, options: Mapping[str, Any]) -> Any:
    """Unpack one value; the core's own implementation calls the packager's ``unpack_<artifact type>``.

    Args:
        packager: The packager that was chosen.
        artifact_type: As what the value was packed.
        source: The folder that holds the payload, verified; for results the recorded value.
        options: Keyword arguments of the method: the recorded instructions, and over them what the caller asked for.

    Returns:
        The value.
    """
