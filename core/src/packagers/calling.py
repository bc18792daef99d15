"""What people call: ``pack``, ``unpack`` and ``call``.

A call binds its inputs to the parameters of a function, runs it, and packs what it returns.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar, overload

from packagers.artifact import Artifact, Bundle, Outputs, Result
from packagers.binding import bind_inputs
from packagers.conformity import conforms
from packagers.dataitem import DataItem
from packagers.errors import InputError, UnpackError
from packagers.handling import parsed_hints, returns_of
from packagers.loghint import LogHint
from packagers.registry import Registry, default_registry
from packagers.session import Session

T = TypeVar("T")


def pack(
    obj: Any,
    hint: str | Mapping[str, Any] | LogHint,
    folder: str | Path = ".",
    *,
    project: str | Path | None = None,
    exist: str = "replace",
) -> Artifact | Result | Bundle:
    """Pack one value into a folder.

    Args:
        obj: The value.
        hint: How: a key, such as ``"model"``; the whole text ``"2*key : type[option=literal]"``; a dict or a ``LogHint``.
        folder: Where the package's folder is made.
        project: A project folder whose ``pyproject.toml`` registers packagers.
        exist: ``"replace"`` a package of that key whole, or ``"error"``.

    Returns:
        The artifact; a result, where the value is small (it is a package too, without files); a bundle, where it was itemized.

    Raises:
        PackError: Where it cannot be packed, with the path of the leaf that cannot.
        NoPackagerError: Where nobody packs its type.
        HintSyntaxError: For a hint that cannot be read.
    """
    session = Session(folder, registry=registry_of(project), record="packages")
    output = session.pack(obj, hint, exist=exist)
    session.close()
    return output


@overload
def unpack(
    source: Any, hint: type[T], *, trust: str | None = None, project: str | Path | None = None, verify: bool = True, **options: Any
) -> T: ...
@overload
def unpack(
    source: Any, hint: Any = None, *, trust: str | None = None, project: str | Path | None = None, verify: bool = True, **options: Any
) -> Any: ...
def unpack(
    source: Any,
    hint: Any = None,
    *,
    trust: str | None = None,
    project: str | Path | None = None,
    verify: bool = True,
    **options: Any,
) -> Any:
    """Unpack a value.

    Args:
        source: A package (folder, zip, URL), the place of a result such as ``"out/accuracy"``, a plain file, an artifact, result or data
            item.
        hint: As what: a class, any type hint, or its text (``"pandas.DataFrame"``); ``None`` for as it was packed. Plain files need one.
        trust: What may run code: ``"data"``, ``"own"`` or ``"all"``; by default as configured.
        project: A project folder whose ``pyproject.toml`` registers packagers.
        verify: Whether digests are checked before anything is decoded.
        options: For the packager, such as ``mmap_mode="r"``.

    Raises:
        UnpackError: Where it cannot be unpacked, or not as that.
        UntrustedPackageError: Where reading it could run code that the policy does not allow.
        IntegrityError: Where its bytes are not those that were packed.
    """
    if isinstance(source, (Result, Bundle)):
        value = source.value if isinstance(source, Result) else source.structure
        mismatch = None if hint is None else conforms(value, hint)
        if mismatch is not None:
            raise UnpackError(f"the value does not fit the hint: {mismatch}", key=source.key)
        return value
    registry = registry_of(project) if project is not None else None
    return DataItem(source, registry=registry).unpack(hint, trust=trust, verify=verify, **options)


def call(
    function: Callable[..., Any],
    inputs: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    returns: Any = None,
    folder: str | Path = "artifacts",
    *,
    session: Session | None = None,
    project: str | Path | None = None,
    trust: str | None = None,
    errors: str | None = None,
) -> Outputs:
    """Run a function: unpack its inputs by their type hints, pack what it returns by log hints.

    Args:
        function: A function, method, ``functools.partial`` or callable object; an ``async def`` is run to its end.
        inputs: By parameter: paths, URLs, artifacts, data items, results, live objects; lists and dicts of them are bundled.
        params: Values that are passed as they are, by parameter.
        returns: Log hints, one for each returned value; by default those of its handler, or of its return annotation.
        folder: Where the outputs are packed.
        session: A session to pack into, instead of a new one in ``folder``.
        project: A project folder whose ``pyproject.toml`` registers packagers.
        trust: The policy for reading the inputs.
        errors: ``"raise"`` or ``"warn"``; by default as configured.

    Returns:
        The outputs, by key.

    Raises:
        HintSyntaxError: For a log hint that cannot be read; the function is not run.
        InputError: For inputs and parameters that the function does not take or that it misses, and for objects of a wrong type.
        UnpackError: Where an input cannot be unpacked.
        PackingFailed: Where outputs could not be packed; the others stand in its ``outputs``.
    """
    if session is None:
        with Session(folder, registry=registry_of(project), errors=errors) as made:
            return _call(function, inputs, params, returns, made, trust)
    if project is not None or errors is not None:
        raise InputError("a session that is given has its own project and errors", remedy="Give them to the session.")
    return _call(function, inputs, params, returns, session, trust)


def _call(
    function: Callable[..., Any],
    inputs: Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    returns: Any,
    session: Session,
    trust: str | None,
) -> Outputs:
    hints = returns_of(function) if returns is None else parsed_hints(returns)
    with session.running():
        bound = bind_inputs(function, inputs, params, session, trust=trust)
        value = function(*bound.args, **bound.kwargs)
        if inspect.isawaitable(value):
            value = _run(value)
    return session.pack_returns(value, hints)


def registry_of(project: str | Path | None) -> Registry:
    """Give the registry of a project folder, or of what is installed."""
    return default_registry() if project is None else Registry.for_project(project)


def _run(awaitable: Any) -> Any:
    """Run an awaitable to its end; beside a running event loop, in a thread of its own."""
    import asyncio

    async def wait() -> Any:
        return await awaitable

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    box: list[Any] = []
    context = copy_context()

    def run() -> None:
        try:
            box.extend((True, context.run(asyncio.run, wait())))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            box.extend((False, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if box[0]:
        return box[1]
    raise box[1]
