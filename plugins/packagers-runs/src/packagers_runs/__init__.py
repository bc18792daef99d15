"""Tasks, runs, tracking and data on one machine, on the public names of packagers.

The names below are all that is public; each is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packagers_runs.context import RunContext as RunContext
    from packagers_runs.context import current_context as current_context
    from packagers_runs.dataerrors import DataError as DataError
    from packagers_runs.datasource import DataSource as DataSource
    from packagers_runs.datastream import TargetStream as TargetStream
    from packagers_runs.datatarget import DataTarget as DataTarget
    from packagers_runs.datatarget import FeatureSetProducer as FeatureSetProducer
    from packagers_runs.datatargetbase import DataTargetBase as DataTargetBase
    from packagers_runs.drivers.driver import DataDriver as DataDriver
    from packagers_runs.drivers.driver import Reading as Reading
    from packagers_runs.drivers.driver import Writing as Writing
    from packagers_runs.drivers.driver import Written as Written
    from packagers_runs.drivers.files import FileDriver as FileDriver
    from packagers_runs.errors import ExpressionError as ExpressionError
    from packagers_runs.errors import FieldError as FieldError
    from packagers_runs.errors import HandlerError as HandlerError
    from packagers_runs.errors import RunError as RunError
    from packagers_runs.errors import RunNotFoundError as RunNotFoundError
    from packagers_runs.errors import RunsError as RunsError
    from packagers_runs.errors import RunTimeoutError as RunTimeoutError
    from packagers_runs.errors import UnknownNameError as UnknownNameError
    from packagers_runs.hyperparams import HyperParamOptions as HyperParamOptions
    from packagers_runs.hyperparams import HyperParamStrategies as HyperParamStrategies
    from packagers_runs.launching import Function as Function
    from packagers_runs.launching import new_function as new_function
    from packagers_runs.masking import Masker as Masker
    from packagers_runs.metadata import RunMetadata as RunMetadata
    from packagers_runs.modelobj import ModelObj as ModelObj
    from packagers_runs.notification import Notification as Notification
    from packagers_runs.runobject import RunObject as RunObject
    from packagers_runs.secretsources.reading import read_secrets as read_secrets
    from packagers_runs.secretsources.source import SecretError as SecretError
    from packagers_runs.secretsources.source import SecretSource as SecretSource
    from packagers_runs.spec import RunSpec as RunSpec
    from packagers_runs.status import RunStates as RunStates
    from packagers_runs.status import RunStatus as RunStatus
    from packagers_runs.store.addresses import Address as Address
    from packagers_runs.store.errors import AddressError as AddressError
    from packagers_runs.store.errors import ArtifactNotFoundError as ArtifactNotFoundError
    from packagers_runs.store.errors import RunExistsError as RunExistsError
    from packagers_runs.store.errors import StateConflictError as StateConflictError
    from packagers_runs.store.errors import StoreError as StoreError
    from packagers_runs.store.store import Store as Store
    from packagers_runs.store.store import connect as connect
    from packagers_runs.targetpath import TargetPathObject as TargetPathObject
    from packagers_runs.template import RunTemplate as RunTemplate
    from packagers_runs.template import new_task as new_task

_MODULES = {
    "context": ("RunContext", "current_context"),
    "dataerrors": ("DataError",),
    "datasource": ("DataSource",),
    "datastream": ("TargetStream",),
    "datatarget": ("DataTarget", "FeatureSetProducer"),
    "datatargetbase": ("DataTargetBase",),
    "drivers.driver": ("DataDriver", "Reading", "Writing", "Written"),
    "drivers.files": ("FileDriver",),
    "errors": (
        "ExpressionError",
        "FieldError",
        "HandlerError",
        "RunError",
        "RunNotFoundError",
        "RunTimeoutError",
        "RunsError",
        "UnknownNameError",
    ),
    "hyperparams": ("HyperParamOptions", "HyperParamStrategies"),
    "launching": ("Function", "new_function"),
    "masking": ("Masker",),
    "metadata": ("RunMetadata",),
    "modelobj": ("ModelObj",),
    "notification": ("Notification",),
    "runobject": ("RunObject",),
    "secretsources.reading": ("read_secrets",),
    "secretsources.source": ("SecretError", "SecretSource"),
    "spec": ("RunSpec",),
    "status": ("RunStates", "RunStatus"),
    "store.addresses": ("Address",),
    "store.errors": ("AddressError", "ArtifactNotFoundError", "RunExistsError", "StateConflictError", "StoreError"),
    "store.store": ("Store", "connect"),
    "targetpath": ("TargetPathObject",),
    "template": ("RunTemplate", "new_task"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'packagers_runs' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"packagers_runs.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
