"""Typed Python values into portable, verified artifacts and back, through plugins.

>>> import packagers, tempfile
>>> folder = tempfile.mkdtemp()
>>> packagers.pack({"depth": 3}, "config", folder)
Result(key='config', value={'depth': 3})
>>> packagers.unpack(f"{folder}/config")
{'depth': 3}

The names below are all that is public; each is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packagers.artifact import Artifact as Artifact
    from packagers.artifact import Bundle as Bundle
    from packagers.artifact import Outputs as Outputs
    from packagers.artifact import Result as Result
    from packagers.artifact import sign as sign
    from packagers.binding import bind_inputs as bind_inputs
    from packagers.calling import call as call
    from packagers.calling import pack as pack
    from packagers.calling import unpack as unpack
    from packagers.config import settings as settings
    from packagers.dataitem import DataItem as DataItem
    from packagers.errors import AmbiguousPackagerWarning as AmbiguousPackagerWarning
    from packagers.errors import HintSyntaxError as HintSyntaxError
    from packagers.errors import InputError as InputError
    from packagers.errors import IntegrityError as IntegrityError
    from packagers.errors import MissingPluginError as MissingPluginError
    from packagers.errors import NoPackagerError as NoPackagerError
    from packagers.errors import PackagerDefinitionError as PackagerDefinitionError
    from packagers.errors import PackagersError as PackagersError
    from packagers.errors import PackagersWarning as PackagersWarning
    from packagers.errors import PackError as PackError
    from packagers.errors import PackingFailed as PackingFailed
    from packagers.errors import PluginLoadWarning as PluginLoadWarning
    from packagers.errors import SettingError as SettingError
    from packagers.errors import UnknownArtifactTypeError as UnknownArtifactTypeError
    from packagers.errors import UnknownOptionError as UnknownOptionError
    from packagers.errors import UnpackError as UnpackError
    from packagers.errors import UntrustedPackageError as UntrustedPackageError
    from packagers.handling import handler as handler
    from packagers.hookspecs import hookimpl as hookimpl
    from packagers.hookspecs import hookspec as hookspec
    from packagers.loghint import ArtifactType as ArtifactType
    from packagers.loghint import LogHint as LogHint
    from packagers.packager import DefaultPackager as DefaultPackager
    from packagers.packager import Instructions as Instructions
    from packagers.packager import Packager as Packager
    from packagers.policy import allow_code as allow_code
    from packagers.policy import allowed_types as allowed_types
    from packagers.policy import trust as trust
    from packagers.registry import Registry as Registry
    from packagers.session import Session as Session
    from packagers.typehint import Options as Options

_MODULES = {
    "artifact": ("Artifact", "Bundle", "Outputs", "Result", "sign"),
    "binding": ("bind_inputs",),
    "calling": ("call", "pack", "unpack"),
    "config": ("settings",),
    "dataitem": ("DataItem",),
    "errors": (
        "AmbiguousPackagerWarning",
        "HintSyntaxError",
        "InputError",
        "IntegrityError",
        "MissingPluginError",
        "NoPackagerError",
        "PackError",
        "PackagerDefinitionError",
        "PackagersError",
        "PackagersWarning",
        "PackingFailed",
        "PluginLoadWarning",
        "SettingError",
        "UnknownArtifactTypeError",
        "UnknownOptionError",
        "UnpackError",
        "UntrustedPackageError",
    ),
    "handling": ("handler",),
    "hookspecs": ("hookimpl", "hookspec"),
    "loghint": ("ArtifactType", "LogHint"),
    "packager": ("DefaultPackager", "Instructions", "Packager"),
    "policy": ("allow_code", "allowed_types", "trust"),
    "registry": ("Registry",),
    "session": ("Session",),
    "typehint": ("Options",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'packagers' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"packagers.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
