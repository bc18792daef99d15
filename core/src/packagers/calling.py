"""What people call: ``pack``, ``unpack``, ``call`` and ``handler``.

A call binds its inputs to the parameters of a function, runs it, and packs what it returns; a handler does the same for a function that
somebody else calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import os
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar, copy_context
from inspect import BoundArguments, Parameter
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

from packagers.artifact import Artifact, Bundle, Outputs, Result
from packagers.conformity import conforms
from packagers.dataitem import DataItem
from packagers.errors import PackagersError, UnpackError
from packagers.loghint import LogHint
from packagers.names import did_you_mean
from packagers.registry import Registry, default_registry
from packagers.session import Session, current_session
from packagers.signatures import MISSING as _NO_HINT
from packagers.signatures import hints_of
from packagers.typehint import Alternative, admits, alternatives, log_hint_of

P = ParamSpec("P")
R = TypeVar("R")



def pack(
    obj: Any, hint: str | Mapping[str, Any] | LogHint, folder: str | Path = ".", *, project: str | Path | None = None, exist: str = "replace"
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
        source: A package (folder, zip, URL), the place of a result such as ``"out/accuracy"``, a plain file, an artifact, or a data item.
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
    if isinstance(source, Result):
        return source.value
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
        UnpackError: Where an input cannot be unpacked.
        PackingFailed: Where outputs could not be packed.
        TypeError: For inputs and parameters that the function does not take, or that it misses.
    """
    if session is None:
        with Session(folder, registry=registry_of(project), errors=errors) as made:
            return call(function, inputs, params, returns, session=made, trust=trust)
    bound = bind_inputs(function, inputs, params, session, trust=trust)
    if returns is None:
        returns = returns_of(function)
    with _inside():
        value = function(*bound.args, **bound.kwargs)
        if inspect.isawaitable(value):
            value = _run(value)
    return session.pack_returns(value, returns)


def bind_inputs(
    function: Callable[..., Any],
    inputs: Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    session: Session,
    *,
    trust: str | None = None,
) -> BoundArguments:
    """Bind inputs and parameters to a function, each input unpacked by its type hint.

    Args:
        function: What is to be called.
        inputs: By parameter; see :func:`call`.
        params: By parameter, passed as they are.
        session: Its registry and settings are used.
        trust: The policy for reading the inputs.

    Raises:
        TypeError: For names that the function does not take, for those it misses, and for names in both.
        UnpackError: Where an input cannot be unpacked.
    """
    inputs, params = dict(inputs or {}), dict(params or {})
    signature = inspect.signature(function)
    hints = hints_of(function)[0]
    both = sorted(inputs.keys() & params.keys())
    if both:
        raise TypeError(f"{_name(function)}: {both[0]!r} stands in both inputs and params")
    parameters = signature.parameters
    rest = next((p.name for p in parameters.values() if p.kind is Parameter.VAR_KEYWORD), None)
    star = next((p.name for p in parameters.values() if p.kind is Parameter.VAR_POSITIONAL), None)
    taken = {p.name for p in parameters.values() if p.kind is not Parameter.VAR_KEYWORD}
    unknown = [name for name in (*inputs, *params) if name not in taken]
    if unknown and rest is None:
        raise TypeError(f"{_name(function)} takes no parameter {unknown[0]!r}. {did_you_mean(unknown[0], taken)}")
    values = dict(params)
    for name, source in inputs.items():
        hint = hints.get(name if name in taken else rest or name, _NO_HINT)
        unpacker = _InputUnpacker(session, trust, name)
        values[name] = [unpacker.unpack(item, hint) for item in source] if name == star else unpacker.unpack(source, hint)
    positional: list[Any] = []
    for parameter in parameters.values():
        if parameter.kind is Parameter.POSITIONAL_ONLY or (star in values and parameter.kind is Parameter.POSITIONAL_OR_KEYWORD):
            if parameter.name not in values:
                break
            positional.append(values.pop(parameter.name))
        elif parameter.name == star and star in values:
            positional.extend(values.pop(star))
    try:
        return signature.bind(*positional, **values)
    except TypeError as error:
        raise TypeError(f"{_name(function)}: {error}; given were inputs {sorted(inputs)} and params {sorted(params)}") from None


class _InputUnpacker:
    """Unpacks one input of a call.

    Args:
        session: Its registry and settings are used.
        trust: The policy.
        name: Of the parameter, for messages.
    """

    def __init__(self, session: Session, trust: str | None, name: str) -> None:
        self._session = session
        self._trust = trust
        self._name = name

    def unpack(self, source: Any, hint: Any) -> Any:
        """Give the value of an input: sources are unpacked, lists and dicts of them bundled, live objects checked."""
        if not self._session.settings.enabled:
            return source
        try:
            if isinstance(source, (list, dict)) and _holds_sources(source):
                return self._bundle(source, hint)
            if isinstance(source, Result):
                return self._checked(source.value, hint)
            if not isinstance(source, (str, os.PathLike, Artifact, DataItem)):
                return self._checked(source, hint)
            item = DataItem(source, registry=self._session.registry, trust=self._trust)
            if hint is _NO_HINT:
                return item.unpack() if self._session.settings.auto_unpack_inputs else item
            return item if admits(hint, DataItem) else item.unpack(hint)
        except PackagersError as error:
            error.key = error.key or self._name
            raise

    def _checked(self, value: Any, hint: Any) -> Any:
        mismatch = None if hint is _NO_HINT else conforms(value, hint)
        if mismatch is not None:
            raise UnpackError(f"the input does not fit the hint: {mismatch}", remedy="Pass an object of the hinted type, or a path to one.")
        return value

    def _bundle(self, sources: list[Any] | dict[Any, Any], hint: Any) -> Any:
        """Unpack the sources of a list or dict, and put the hinted container together from them."""
        member = alternatives(Any)[0] if hint is _NO_HINT else self._container(sources, hint)

        def item(key: Any) -> Any:
            return member.item(key)

        items: Any
        if isinstance(sources, dict):
            items = {key: self.unpack(source, item(key)) for key, source in sources.items()}
        else:
            items = [self.unpack(source, item(index)) for index, source in enumerate(sources)]
        if member.type is None or isinstance(items, member.type):
            return items
        found = self._session.registry.find_for_hint(member)
        return found.packager.bundle(items, member.type)

    def _container(self, sources: list[Any] | dict[Any, Any], hint: Any) -> Alternative:
        """Find the alternative of a hint that a list or dict of inputs can be bundled into."""
        flag = "BUNDLE_FROM_DICT" if isinstance(sources, dict) else "BUNDLE_FROM_LIST"
        for member in alternatives(hint):
            if member.type is None or issubclass(type(sources), member.type):
                return member
            with contextlib.suppress(PackagersError):
                if getattr(self._session.registry.find_for_hint(member).packager, flag):
                    return member
        raise UnpackError(f"a {type(sources).__name__} of inputs cannot be bundled into {hint}")


def _holds_sources(source: Any) -> bool:
    """Tell whether a list or dict holds something to unpack, at any depth."""
    items = source.values() if isinstance(source, dict) else source
    return any(
        isinstance(item, (str, os.PathLike, Artifact, DataItem, Result)) or (isinstance(item, (list, dict)) and _holds_sources(item))
        for item in items
    )


@overload
def handler(function: Callable[P, R]) -> Callable[P, R]: ...
@overload
def handler(function: None = None, *, returns: Any = None, inputs: bool | Mapping[str, Any] = True) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def handler(function: Any = None, *, returns: Any = None, inputs: bool | Mapping[str, Any] = True) -> Any:
    """Make a function pack what it returns when it is called inside of a session; outside of one it is the bare function.

    Args:
        function: The function, where the decorator stands without arguments.
        returns: Log hints, one for each returned value; by default those of the return annotation.
        inputs: Whether data items and artifacts among the arguments are unpacked by their type hints; a mapping gives hints by parameter.

    Returns:
        The function; it returns what it always returns.
    """
    if function is None:
        return lambda decorated: handler(decorated, returns=returns, inputs=inputs)
    hints = _as_hints(returns)
    for hint in hints:
        if hint is not None:
            LogHint.parse(hint)

    def enter(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Session | None:
        session = current_session()
        return None if session is None or _is_inside.get() or not session.settings.enabled else session

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            session = enter(args, kwargs)
            if session is None:
                return await function(*args, **kwargs)
            with _inside():
                args, kwargs = _unpack_arguments(function, args, kwargs, inputs, session)
                value = await function(*args, **kwargs)
            session.pack_returns(value, hints or returns_of(function))
            return value

        run_async._packagers_returns = hints  # type: ignore[attr-defined]
        return run_async

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        session = enter(args, kwargs)
        if session is None:
            return function(*args, **kwargs)
        with _inside():
            args, kwargs = _unpack_arguments(function, args, kwargs, inputs, session)
            value = function(*args, **kwargs)
        session.pack_returns(value, hints or returns_of(function))
        return value

    run._packagers_returns = hints  # type: ignore[attr-defined]
    return run


def _unpack_arguments(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], inputs: bool | Mapping[str, Any], session: Session
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Unpack the data items and artifacts among the arguments of a handler."""
    if inputs is False:
        return args, kwargs
    wanted = (DataItem, Artifact)
    if not any(isinstance(value, wanted) for value in (*args, *kwargs.values())):
        return args, kwargs
    bound = inspect.signature(function).bind(*args, **kwargs)
    hints = {**hints_of(function)[0], **(inputs if isinstance(inputs, Mapping) else {})}
    for name, value in bound.arguments.items():
        unpacker = _InputUnpacker(session, None, name)
        hint = hints.get(name, _NO_HINT)
        kind = inspect.signature(function).parameters[name].kind
        if kind is Parameter.VAR_POSITIONAL:
            bound.arguments[name] = tuple(unpacker.unpack(item, hint) if isinstance(item, wanted) else item for item in value)
        elif kind is Parameter.VAR_KEYWORD:
            bound.arguments[name] = {key: unpacker.unpack(item, hint) if isinstance(item, wanted) else item for key, item in value.items()}
        elif isinstance(value, wanted):
            bound.arguments[name] = unpacker.unpack(value, hint)
    return bound.args, bound.kwargs


def returns_of(function: Any) -> list[Any]:
    """Give the log hints that a function carries: those of its handler, else those of its return annotation."""
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    hints = getattr(inner, "_packagers_returns", None)
    return list(hints) if hints else list(log_hint_of(hints_of(function)[1]))


def registry_of(project: str | Path | None) -> Registry:
    """Give the registry of a project folder, or of what is installed."""
    return default_registry() if project is None else Registry.for_project(project)


_is_inside: ContextVar[bool] = ContextVar("packagers_inside", default=False)


@contextlib.contextmanager
def _inside() -> Any:
    """Mark that a handler runs: only the outermost packs."""
    token = _is_inside.set(True)
    try:
        yield
    finally:
        _is_inside.reset(token)


def _run(awaitable: Any) -> Any:
    """Run an awaitable to its end; beside a running event loop, in a thread of its own."""

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


def _as_hints(returns: Any) -> list[Any]:
    if returns is None:
        return []
    return [returns] if isinstance(returns, (str, Mapping, LogHint)) else list(returns)


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", None) or repr(function))
