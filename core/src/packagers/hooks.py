"""The hook modules of a registry: loaded one by one inside a guard, called through pluggy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from packagers import builtin, hookspecs
from packagers.discovery import Extension
from packagers.errors import PluginLoadWarning
from packagers.hookspecs import hookimpl
from packagers.loading import LoadFailure, imported
from packagers.registration import Registrar, Registration

if TYPE_CHECKING:
    from packagers.packager import Packager

_CORE = "packagers:core"
Pack = Callable[["Packager", Any, str, Path | None, Mapping[str, Any]], Any]
Unpack = Callable[["Packager", str, Any, Mapping[str, Any]], Any]


class _Core:
    """The core's own implementations: the last to be asked."""

    @hookimpl(trylast=True)
    def packagers_register(self, registry: Any) -> None:
        """Register the built-in packagers."""
        builtin.register(registry)

    @hookimpl(trylast=True)
    def packagers_pack(self, packager: Packager, obj: Any, artifact_type: str, folder: Path | None, options: Mapping[str, Any]) -> Any:
        """Call the packager's own method."""
        if artifact_type == "result":
            return packager.pack_result(obj, **options)  # type: ignore[attr-defined]
        return getattr(packager, f"pack_{artifact_type}")(obj, folder, **options)

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
        faults: What modules did that they should not, though they can be used, in the same way.
        pack: Packs one value; takes what :func:`packagers.hookspecs.packagers_pack` does, in that order.
        unpack: Unpacks one, in the same way.
    """

    def __init__(self, extensions: Iterable[Extension] = (), disabled: Collection[str] = ()) -> None:
        self.broken: dict[str, str] = {}
        self.faults: dict[str, list[str]] = {}
        self._origins: dict[str, Extension | None] = {_CORE: None}
        self._core = _Core()
        self._manager = pluggy.PluginManager("packagers")
        self._manager.add_hookspecs(hookspecs)
        self._manager.register(self._core, _CORE)
        for extension in extensions:
            if extension.distribution not in disabled:
                self._load(extension)
        self._listen()

    def _listen(self) -> None:
        """Pack and unpack through the hooks where somebody besides the core listens, and straight through the packager otherwise."""
        hook = self._manager.hook
        self.pack: Pack = self._hooked_pack if len(hook.packagers_pack.get_hookimpls()) > 1 else self._core.packagers_pack
        self.unpack: Unpack = self._hooked_unpack if len(hook.packagers_unpack.get_hookimpls()) > 1 else self._core.packagers_unpack

    def _load(self, extension: Extension) -> None:
        name = f"{extension.distribution}:{extension.name}"
        try:
            plugin, self.faults[name] = extension.load()
            with imported(f"entry point {extension.name!r} ({extension.reference}) is no hook module", extension.distribution):
                self._manager.register(plugin, name)
                self._manager.check_pending()
        except LoadFailure as failure:
            self._leave_out(name, failure)
        else:
            self._origins[name] = extension

    def registrations(self) -> list[Registration]:
        """Let each module register its packagers; one that fails registers none, and is left out."""
        found: list[Registration] = []
        for name, extension in list(self._origins.items()):
            registrar = Registrar.of(extension)
            others = [plugin for other, plugin in self._manager.list_name_plugin() if other != name]
            call = self._manager.subset_hook_caller("packagers_register", others)
            try:
                with imported("packagers_register failed", registrar.distribution) as faults:
                    call(registry=registrar)
                self.faults.setdefault(name, []).extend(faults)
            except LoadFailure as failure:
                self._leave_out(name, failure)
            else:
                found += registrar.made
        return found

    def _hooked_pack(self, packager: Packager, obj: Any, artifact_type: str, folder: Path | None, options: Mapping[str, Any]) -> Any:
        hook = self._manager.hook.packagers_pack
        return hook(packager=packager, obj=obj, artifact_type=artifact_type, folder=folder, options=options)

    def _hooked_unpack(self, packager: Packager, artifact_type: str, source: Any, options: Mapping[str, Any]) -> Any:
        hook = self._manager.hook.packagers_unpack
        return hook(packager=packager, artifact_type=artifact_type, source=source, options=options)

    def _leave_out(self, name: str, failure: LoadFailure) -> None:
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)
        self._origins.pop(name, None)
        self._listen()
        self.broken[name] = str(failure.args[0])
        warnings.warn(f"hook module {name} is left out: {failure}", PluginLoadWarning, stacklevel=5)
