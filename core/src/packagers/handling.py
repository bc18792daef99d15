"""The handler: a function that packs what it returns when it is called inside of a session, and is itself anywhere else."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any, ParamSpec, TypeVar, overload

from packagers.binding import HANDLES, Unpacker, hint_of_argument, input_hints
from packagers.ledger import ATOMS
from packagers.loghint import LogHint
from packagers.parameters import signature_of
from packagers.session import Session, hint_list, packing_session
from packagers.signatures import Unresolved, hints_of
from packagers.typehint import log_hint_of

P = ParamSpec("P")
R = TypeVar("R")


@overload
def handler(function: Callable[P, R]) -> Callable[P, R]: ...
@overload
def handler(
    function: None = None, *, returns: Any = None, inputs: bool | Mapping[str, Any] = True
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def handler(function: Any = None, *, returns: Any = None, inputs: bool | Mapping[str, Any] = True) -> Any:
    """Make a function pack what it returns when it is called inside of a session; outside of one it is the bare function.

    Of handlers that call one another only the outermost packs. Links to what others of the session return are filled when it closes.

    Args:
        function: The function, where the decorator stands without arguments.
        returns: Log hints, one for each returned value; by default those of the return annotation.
        inputs: Whether data items, artifacts and results among the arguments are unpacked by their type hints; a mapping gives hints by
            parameter.

    Returns:
        The function; it returns what it always returns.

    Raises:
        HintSyntaxError: For a log hint that cannot be read.
    """
    if function is None:
        return lambda decorated: handler(decorated, returns=returns, inputs=inputs)
    if isinstance(function, (classmethod, staticmethod)):
        inner: Any = handler(returns=returns, inputs=inputs)
        return type(function)(inner(function.__func__))
    hints = None if returns is None else parsed_hints(returns)
    given = inputs if isinstance(inputs, Mapping) else {}
    known = hints

    def carried() -> list[LogHint | None]:
        """Give the log hints: those of the annotation once they are resolved, for that takes long."""
        nonlocal known
        if known is not None:
            return known
        found = returns_of(function)
        if not isinstance(hints_of(function)[1], Unresolved):
            known = found
        return found

    async def finish(session: Session, found: list[Any], value: Any) -> Any:
        with session.running():
            value = await value
        return session.pack_returns(value, found, final=False).returned

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        session = packing_session()
        if session is None:
            return function(*args, **kwargs)
        found = carried()
        if inputs is not False:
            args, kwargs = _unpacked(function, args, kwargs, given, session)
        with session.running():
            value = function(*args, **kwargs)
        if inspect.iscoroutine(value):
            return finish(session, found, value)
        # As asyncio.isfuture tells, which need not be imported.
        if type(value) not in ATOMS and hasattr(type(value), "_asyncio_future_blocking"):
            return value.get_loop().create_task(finish(session, found, value))
        return session.pack_returns(value, found, final=False).returned

    wrapper: Any = run
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            return await run(*args, **kwargs)

        wrapper = run_async
    wrapper.__packagers_returns__ = hints
    wrapper.__packagers_inputs__ = given
    return wrapper


def returns_of(function: Any) -> list[Any]:
    """Give the log hints that a function carries: those of its outermost handler that has some, else those of its return annotation.

    Raises:
        HintSyntaxError: For a log hint that cannot be read.
    """
    inner = function
    while inner is not None:
        if isinstance(inner, functools.partial):
            inner = inner.func
            continue
        hints = getattr(inner, "__packagers_returns__", None)
        if hints is not None:
            return list(hints)
        inner = getattr(inner, "__wrapped__", None)
    return parsed_hints(log_hint_of(hints_of(function)[1]))


def parsed_hints(hints: Any) -> list[LogHint | None]:
    """Read log hints: one that stands alone, several, or none.

    Raises:
        HintSyntaxError: For one that cannot be read.
    """
    return [None if hint is None else LogHint.parse(hint) for hint in hint_list(hints)]


def _unpacked(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], given: Mapping[str, Any], session: Session
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Unpack the data items, artifacts and results among the arguments, those in lists, tuples and dicts too."""
    if ATOMS.issuperset(map(type, args)) and (not kwargs or ATOMS.issuperset(map(type, kwargs.values()))):
        return args, kwargs
    search = Unpacker(session, "", None, sources=HANDLES)
    if not any(search.holds_sources(value) for value in (*args, *kwargs.values())):
        return args, kwargs
    signature = signature_of(function)
    bound = signature.bind(*args, **kwargs)
    hints = {**input_hints(function), **given}

    def unpacked(item: Any, parameter: Parameter, key: Any) -> Any:
        if not search.holds_sources(item):
            return item
        name = parameter.name if parameter.kind is Parameter.VAR_POSITIONAL else key
        return Unpacker(session, name, None, sources=HANDLES).unpack(item, hint_of_argument(hints, parameter, key))

    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        if parameter.kind is Parameter.VAR_POSITIONAL:
            bound.arguments[name] = tuple(unpacked(item, parameter, index) for index, item in enumerate(value))
        elif parameter.kind is Parameter.VAR_KEYWORD:
            bound.arguments[name] = {key: unpacked(item, parameter, key) for key, item in value.items()}
        else:
            bound.arguments[name] = unpacked(value, parameter, name)
    return bound.args, bound.kwargs
