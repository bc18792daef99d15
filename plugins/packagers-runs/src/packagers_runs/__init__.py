"""Tasks, runs, tracking and data on one machine, on the public names of packagers.

The names below are all that is public; each is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packagers_runs.data.drivers.driver import DataDriver as DataDriver
    from packagers_runs.data.drivers.driver import Reading as Reading
    from packagers_runs.data.drivers.driver import Writing as Writing
    from packagers_runs.data.drivers.driver import Written as Written
    from packagers_runs.data.drivers.files import FileDriver as FileDriver
    from packagers_runs.data.errors import DataError as DataError
    from packagers_runs.data.source import DataSource as DataSource
    from packagers_runs.data.stream import TargetStream as TargetStream
    from packagers_runs.data.target import DataTarget as DataTarget
    from packagers_runs.data.target import FeatureSetProducer as FeatureSetProducer
    from packagers_runs.data.targetbase import DataTargetBase as DataTargetBase
    from packagers_runs.data.targetpath import TargetPathObject as TargetPathObject
    from packagers_runs.display.bars import show_progress as show_progress
    from packagers_runs.errors import ExecutorError as ExecutorError
    from packagers_runs.errors import ExportError as ExportError
    from packagers_runs.errors import ExpressionError as ExpressionError
    from packagers_runs.errors import FieldError as FieldError
    from packagers_runs.errors import HandlerError as HandlerError
    from packagers_runs.errors import IterationsError as IterationsError
    from packagers_runs.errors import RunError as RunError
    from packagers_runs.errors import RunNotFoundError as RunNotFoundError
    from packagers_runs.errors import RunsError as RunsError
    from packagers_runs.errors import RunTimeoutError as RunTimeoutError
    from packagers_runs.errors import UnknownNameError as UnknownNameError
    from packagers_runs.executors.executor import Executor as Executor
    from packagers_runs.executors.executor import mapped as mapped
    from packagers_runs.executors.remote import KEYLESS as KEYLESS
    from packagers_runs.executors.remote import end_packed as end_packed
    from packagers_runs.executors.remote import lacking as lacking
    from packagers_runs.executors.remote import pack_setup as pack_setup
    from packagers_runs.executors.remote import pack_work as pack_work
    from packagers_runs.executors.remote import perform_packed as perform_packed
    from packagers_runs.executors.remote import unpack_performed as unpack_performed
    from packagers_runs.executors.work import Performed as Performed
    from packagers_runs.executors.work import Setup as Setup
    from packagers_runs.executors.work import Work as Work
    from packagers_runs.lists import ArtifactList as ArtifactList
    from packagers_runs.lists import RunList as RunList
    from packagers_runs.models.hyperparams import HyperParamOptions as HyperParamOptions
    from packagers_runs.models.hyperparams import HyperParamStrategies as HyperParamStrategies
    from packagers_runs.models.metadata import RunMetadata as RunMetadata
    from packagers_runs.models.modelobj import ModelObj as ModelObj
    from packagers_runs.models.notification import Notification as Notification
    from packagers_runs.models.runobject import RunObject as RunObject
    from packagers_runs.models.spec import RunSpec as RunSpec
    from packagers_runs.models.status import RunStates as RunStates
    from packagers_runs.models.status import RunStatus as RunStatus
    from packagers_runs.models.template import RunTemplate as RunTemplate
    from packagers_runs.models.template import new_task as new_task
    from packagers_runs.nearest import unknown_name as unknown_name
    from packagers_runs.notifiers.notifier import NotificationError as NotificationError
    from packagers_runs.notifiers.notifier import Notifier as Notifier
    from packagers_runs.report.comparison import Comparison as Comparison
    from packagers_runs.running.context import RunContext as RunContext
    from packagers_runs.running.context import current_context as current_context
    from packagers_runs.running.existence import MissingInputError as MissingInputError
    from packagers_runs.running.launching import Function as Function
    from packagers_runs.running.launching import new_function as new_function
    from packagers_runs.running.masking import Masker as Masker
    from packagers_runs.running.provenance import Origin as Origin
    from packagers_runs.running.verifying import Verification as Verification
    from packagers_runs.runstore import Store as Store
    from packagers_runs.runstore import connect as connect
    from packagers_runs.runstore import current_store as current_store
    from packagers_runs.secretsources.reading import read_secrets as read_secrets
    from packagers_runs.secretsources.source import SecretError as SecretError
    from packagers_runs.secretsources.source import SecretSource as SecretSource
    from packagers_runs.store.addresses import Address as Address
    from packagers_runs.store.errors import AddressError as AddressError
    from packagers_runs.store.errors import ArtifactNotFoundError as ArtifactNotFoundError
    from packagers_runs.store.errors import RunExistsError as RunExistsError
    from packagers_runs.store.errors import StateConflictError as StateConflictError
    from packagers_runs.store.errors import StoreError as StoreError
    from packagers_runs.strategies.strategy import Outcome as Outcome
    from packagers_runs.strategies.strategy import Strategy as Strategy

_MODULES = {
    "running.context": ("RunContext", "current_context"),
    "data.errors": ("DataError",),
    "data.source": ("DataSource",),
    "data.stream": ("TargetStream",),
    "data.target": ("DataTarget", "FeatureSetProducer"),
    "data.targetbase": ("DataTargetBase",),
    "data.drivers.driver": ("DataDriver", "Reading", "Writing", "Written"),
    "data.drivers.files": ("FileDriver",),
    "display.bars": ("show_progress",),
    "errors": (
        "ExportError",
        "ExecutorError",
        "ExpressionError",
        "FieldError",
        "HandlerError",
        "IterationsError",
        "RunError",
        "RunNotFoundError",
        "RunTimeoutError",
        "RunsError",
        "UnknownNameError",
    ),
    "lists": ("ArtifactList", "RunList"),
    "executors.executor": ("Executor", "mapped"),
    "executors.remote": ("KEYLESS", "end_packed", "lacking", "pack_setup", "pack_work", "perform_packed", "unpack_performed"),
    "executors.work": ("Performed", "Setup", "Work"),
    "models.hyperparams": ("HyperParamOptions", "HyperParamStrategies"),
    "running.existence": ("MissingInputError",),
    "running.launching": ("Function", "new_function"),
    "running.masking": ("Masker",),
    "running.provenance": ("Origin",),
    "running.verifying": ("Verification",),
    "models.metadata": ("RunMetadata",),
    "models.modelobj": ("ModelObj",),
    "models.notification": ("Notification",),
    "notifiers.notifier": ("NotificationError", "Notifier"),
    "models.runobject": ("RunObject",),
    "report.comparison": ("Comparison",),
    "runstore": ("Store", "connect", "current_store"),
    "secretsources.reading": ("read_secrets",),
    "secretsources.source": ("SecretError", "SecretSource"),
    "models.spec": ("RunSpec",),
    "models.status": ("RunStates", "RunStatus"),
    "store.addresses": ("Address",),
    "store.errors": ("AddressError", "ArtifactNotFoundError", "RunExistsError", "StateConflictError", "StoreError"),
    "strategies.strategy": ("Outcome", "Strategy"),
    "data.targetpath": ("TargetPathObject",),
    "nearest": ("unknown_name",),
    "models.template": ("RunTemplate", "new_task"),
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
