"""Iterations in other processes: what goes there and comes back as bytes, and what a worker does with it.

A pickle of cloudpickle carries what has no name that a worker would find: a lambda, what ``__main__`` or a notebook defines, packagers that
the project has given to ``registry.add`` as classes. It is read by a process that runs the code of the same user, who began it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
import pickle
import sys
import threading
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import cloudpickle
from attrs import evolve

from packagers import Artifact, DataItem, IntegrityError, Registry, sign
from packagers_runs.errors import RunsError
from packagers_runs.executors.absent import reference_for
from packagers_runs.executors.performing import perform
from packagers_runs.executors.travelling import by_value, self_contained, travellers
from packagers_runs.executors.work import Performed, Plugin, Setup, Staged, Work, failed
from packagers_runs.models.status import RunStates, utc_text
from packagers_runs.running.capture import captured, descriptors
from packagers_runs.running.fingerprint import versions
from packagers_runs.running.interrupts import end_thread
from packagers_runs.running.processes import children_of, kill

KEYLESS = {"PACKAGERS_SIGNING_KEY": ""}
"""What the environment of a worker has in place of what that of the process of the run has: the key stays there."""
_performing: dict[int, tuple[str, bool]] = {}
"""The run whose iteration a thread does, and whether that is the only one of this process."""
_turn = threading.Lock()


def plugins_of(registry: Registry) -> dict[str, Plugin]:
    """Give the distributions that pack in this process, with the core, but for the project."""
    types: dict[str, list[str]] = {"packagers": []}
    for registration in registry:
        if registration.origin == "plugin":
            types.setdefault(registration.distribution, []).append(registration.type_path)
    known = versions()
    return {name: Plugin(known.get(name, ""), tuple(paths)) for name, paths in types.items()}


def pack_setup(setup: Setup, *, shares_files: bool) -> bytes:
    """Give a setup as bytes.

    Args:
        setup: It.
        shares_files: Whether the workers see the files of this process; otherwise the code of the project goes along, and neither the
            staging folder nor a store in a file.
    """
    from packagers_runs.store.runrows import DEFAULT_PROJECT  # in a worker nothing of the store is imported unless it is used
    from packagers_runs.store.store import ARTIFACTS_VARIABLE, URL_VARIABLE

    roots = [Path.cwd(), *([setup.registry.project.folder] if setup.registry.project else [])]
    store = setup.store
    is_file = store is not None and store.database.file is not None
    variables: dict[str, str] = {}
    if is_file and shares_files and store.project == DEFAULT_PROJECT:
        # As the default of the worker it is opened when somebody asks for it, and costs nothing where nobody does.
        url, artifacts = store.opened_with
        variables = {URL_VARIABLE: url, **({} if artifacts is None else {ARTIFACTS_VARIABLE: artifacts})}
        store = None
    sent = evolve(setup, store=store) if shares_files else evolve(setup, staging=None, judge=None, store=None if is_file else store)
    modules = travellers(roots, shares_files=shares_files)
    handler = sent.arguments.handler
    function = self_contained(handler.function, modules)
    with by_value(modules):
        inner = cloudpickle.dumps(evolve(sent, arguments=evolve(sent.arguments, handler=evolve(handler, function=function))))
    return pickle.dumps((list(sys.path) if shares_files else None, os.getcwd() if shares_files else None, variables, inner))


def pack_work(work: Work, *, shares_files: bool) -> bytes:
    """Give a work as bytes; see :func:`pack_setup`."""
    if _is_plain(work.parameters):
        return pickle.dumps(work)
    with by_value(travellers([Path.cwd()], shares_files=shares_files)):
        return bytes(cloudpickle.dumps(work))


def perform_packed(setup: bytes, work: bytes, *, is_alone: bool = True) -> bytes:
    """Do an iteration: what a worker calls.

    Args:
        setup: As :func:`pack_setup` gives it; equal bytes are read once in a process.
        work: As :func:`pack_work` gives it.
        is_alone: Whether this process does one iteration at a time, so that whatever it and its children print belongs to that.

    Raises:
        Terminated: :func:`end_packed` was called.
    """
    opened = _opened(setup)
    asked: Work = pickle.loads(work)  # noqa: S301 - from the process that began this one
    thread = threading.get_ident()
    with _turn:
        _performing[thread] = str(opened.run.metadata.uid), is_alone
    try:
        performed = perform(opened, asked, descriptors if is_alone else captured)
    finally:
        with _turn:
            del _performing[thread]
    performed = evolve(performed, differences=_differences(opened.plugins))
    try:
        return bytes(cloudpickle.dumps(performed))
    except Exception as error:  # noqa: BLE001 - a result may refuse to be pickled in any way
        return bytes(cloudpickle.dumps(failed(performed, error)))


def end_packed(uid: str) -> None:
    """End the iterations of a run that :func:`perform_packed` does in this process, and the processes that they began, where it is alone.

    A thread is ended at the next moment at which Python has control.

    Args:
        uid: Of the run.
    """
    with _turn:
        threads = {thread: is_alone for thread, (run, is_alone) in _performing.items() if run == uid}
        for thread in threads:
            end_thread(thread)
    if any(threads.values()):
        kill(children_of(os.getpid()))


def unpack_performed(data: bytes) -> Performed:
    """Read what :func:`perform_packed` gave."""
    performed: Performed = pickle.loads(data)  # noqa: S301 - from a process that runs the code of this user
    return performed


def lacking(error: ImportError, where: str = "") -> RunsError:
    """Give the error for a module that a worker needs to read an iteration, and does not have.

    Args:
        error: What was raised there.
        where: Which worker it was, if that is known.
    """
    module, worker = (error.name or "").partition(".")[0], f"a worker ({where})" if where else "a worker"
    if not module:
        return RunsError(f"{worker} cannot read the iteration: {error}", remedy="Install there what is installed here.")
    line = _line_for(module)
    return RunsError(
        f"{worker} has no module {module!r}, without which it cannot read the iteration",
        remedy=f"There: {line}" if line else "Install it there.",
    )


def _line_for(module: str) -> str:
    """Give the line that installs the distribution of a module as it is here."""
    owners = importlib.metadata.packages_distributions().get(module, ())
    for name in (*owners, module):  # of one that is installed to be edited nobody knows the modules
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found = importlib.metadata.distribution(name)
            return f"pip install {found.metadata['Name']}=={found.version}"
    return ""


def lost(work: Work, error: BaseException) -> Performed:
    """Give what came of an iteration that its worker has not done.

    Args:
        work: The iteration.
        error: What is known of it: an error of ours says it, :class:`ImportError` is a module that the worker lacks, all else its death.
    """
    found = lacking(error) if isinstance(error, ImportError) else error
    what = "" if isinstance(found, RunsError) else "the worker of the iteration died: "
    text = f"{what}{type(found).__name__}: {found}".rstrip(": ")
    now = utc_text()
    return Performed(work.number, RunStates.error.value, now, now, "", error=text, error_type=type(error).__name__)


def received(staged: Staged, folder: Path) -> Artifact:
    """Check a package that a worker has left or sent, byte by byte, and sign it with the user's key.

    Args:
        staged: What the worker said of it.
        folder: Where packages that were sent are put.

    Raises:
        IntegrityError: It is not the one that the worker made.
    """
    if staged.folder is not None and not staged.seal:
        found: Artifact = DataItem(staged.folder).unpack(Artifact)
        return found
    place = staged.folder
    if place is None:
        place = folder / staged.key
        with zipfile.ZipFile(BytesIO(staged.data or b"")) as archive:
            archive.extractall(place)
    _check_seal(staged, DataItem(place).unpack(Artifact))
    signed = sign(place)
    _check_seal(staged, signed)
    return signed


def _check_seal(staged: Staged, found: Artifact) -> None:
    if found.package.seal != staged.seal or found.key != staged.key:
        raise IntegrityError(
            "this package is not the one that the worker made",
            key=staged.key,
            file=found.path,
            remedy="Look who else writes to this folder, and run the iteration again.",
        )


@functools.lru_cache(maxsize=2)
def _opened(data: bytes) -> Setup:
    path, folder, variables, inner = pickle.loads(data)  # noqa: S301 - from the process that began this one
    if path is not None:
        sys.path[:] = path
        os.chdir(folder)
    os.environ.update(variables)
    setup: Setup = pickle.loads(inner)  # noqa: S301
    for name, plugin in _lacking(setup.plugins).items():
        for path in plugin.types:
            setup.registry.add(path, reference_for(name, plugin.version))
    return setup


def _lacking(plugins: Mapping[str, Plugin]) -> dict[str, Plugin]:
    here = versions()
    return {name: plugin for name, plugin in plugins.items() if name not in here}


def _differences(plugins: Mapping[str, Plugin]) -> tuple[str, ...]:
    here = versions()
    return tuple(
        f"{name} is {here[name]} in a worker, and {plugin.version} here"
        for name, plugin in sorted(plugins.items())
        if name in here and here[name] != plugin.version
    )


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind in (str, int, float, bool, bytes, type(None)):
        return True
    if kind in (list, tuple, set):
        return all(map(_is_plain, value))
    return kind is dict and all(_is_plain(key) and _is_plain(item) for key, item in value.items())
