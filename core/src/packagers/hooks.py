"""The hook modules of a registry: loaded one by one inside a guard, called through pluggy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from packagers import builtin, hookspecs
from packagers.discovery import Extension
from packagers.errors import PackagersError, PluginLoadWarning
from packagers.hookspecs import hookimpl

if TYPE_CHECKING:
    from packagers.packager import Packager

CORE = "packagers:core"


class _Core:
    """The core's own implementations: the last to be asked."""

    @hookimpl(trylast=True)
    def packagers_register(self, registry: Any) -> None:
        """Register the built-in packagers."""
        builtin.register(registry)

    @hookimpl(trylast=True)
    def packagers_pack(self, packager: Packager, obj: Any, artifact_type: str, folder: Path | None, options: Mapping[str, Any]) -> Any:
        """Call the packager's own method."""
        method = getattr(packager, f"pack_{artifact_type}")
        return method(obj, **options) if artifact_type == "result" else method(obj, folder, **options)

    @hookimpl(trylast=True)
    def packagers_unpack(self, packager: Packager, artifact_type: str, source: Any, options: Mapping[str, Any]) -> Any:
        """Call the packager's own method."""
        return getattr(packager, f"unpack_{artifact_type}")(source, **options)


class Hooks:
    """The hook modules that are installed.

    Args:
        extensions: The entry points of the group ``packagers``, in name order.
        disabled: Distributions that are switched off.

    Attributes:
        broken: Why a module was left out, by ``distribution:name``.
    """

    def __init__(self, extensions: Iterable[Extension] = (), disabled: Iterable[str] = ()) -> None:
        self.broken: dict[str, str] = {}
        self._origins: dict[str, Extension | None] = {CORE: None}
        self._core = _Core()
        self._manager = pluggy.PluginManager("packagers")
        self._manager.add_hookspecs(hookspecs)
        self._manager.register(self._core, CORE)
        for extension in extensions:
            if extension.distribution not in disabled:
                self._load(extension)

    def _load(self, extension: Extension) -> None:
        name = f"{extension.distribution}:{extension.name}"
        try:
            plugin = extension.load()
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except (PackagersError, pluggy.PluginValidationError, ValueError, TypeError, AttributeError) as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            self.broken[name] = str(error)
            warnings.warn(f"hook module {name} is left out: {error}", PluginLoadWarning, stacklevel=4)
            return
        self._origins[name] = extension

    def register_all(self, registrar: Callable[[Extension | None], Any]) -> None:
        """Let each module register its packagers.

        Args:
            registrar: Gives what a module registers with, for the entry point that it comes from (``None``: the core).
        """
        for name, extension in self._origins.items():
            others = [plugin for other, plugin in self._manager.list_name_plugin() if other != name]
            try:
                self._manager.subset_hook_caller("packagers_register", others)(registry=registrar(extension))
            except Exception as error:
                if extension is None:
                    raise
                self.broken[name] = f"packagers_register failed: {type(error).__name__}: {error}"
                warnings.warn(f"hook module {name}: {self.broken[name]}", PluginLoadWarning, stacklevel=4)

    def pack(self, packager: Packager, obj: Any, artifact_type: str, folder: Path | None, options: Mapping[str, Any]) -> Any:
        """Pack through the hook; straight through the packager where nobody else listens."""
        hook = self._manager.hook.packagers_pack
        call = hook if len(hook.get_hookimpls()) > 1 else self._core.packagers_pack
        return call(packager=packager, obj=obj, artifact_type=artifact_type, folder=folder, options=options)

    def unpack(self, packager: Packager, artifact_type: str, source: Any, options: Mapping[str, Any]) -> Any:
        """Unpack through the hook; straight through the packager where nobody else listens."""
        hook = self._manager.hook.packagers_unpack
        call = hook if len(hook.get_hookimpls()) > 1 else self._core.packagers_unpack
        return call(packager=packager, artifact_type=artifact_type, source=source, options=options)
