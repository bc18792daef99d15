"""What a handler is called with: checked against its signature before anything runs, and handed to the core."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Any

from attrs import frozen

from packagers import Artifact, Bundle, DataItem, InputError, Result
from packagers import handler as with_hints
from packagers_runs.errors import HandlerError
from packagers_runs.nearest import unknown_name
from packagers_runs.running.handlers import INIT_ARGUMENTS, Handler

CONTEXT = "context"
"""The parameter that takes the context of the run, whatever it is annotated as."""
_CONTEXT_TYPE = "RunContext"
_SOURCES = (str, os.PathLike, DataItem, Artifact, Result, Bundle)


@frozen
class Arguments:
    """What a handler is called with.

    Attributes:
        handler: What is called.
        inputs: Sources by parameter, each unpacked by its type hint: paths, URLs, handles, live objects, lists and dicts of them.
        params: Values by parameter, passed as they are.
        init: What the class of a ``Class::method`` is built from.
        hints: The type hints of the inputs that are not those of the annotations, by parameter.
        context: The parameter that takes the context of the run; ``None`` where the handler asks for none.
    """

    handler: Handler
    inputs: Mapping[str, Any]
    params: Mapping[str, Any]
    init: Mapping[str, Any]
    hints: Mapping[str, Any]
    context: str | None

    def function(self) -> Callable[..., Any]:
        """Give what :func:`packagers.call` is to call, with its type hints; the class of a method is built now."""
        function = self.handler.bound(self.init)
        hints = {**getattr(function, "__packagers_inputs__", {}), **self.hints}
        hinted: Callable[..., Any] = with_hints(inputs=hints)(function) if self.hints else function
        return hinted

    def params_with(self, context: Any) -> dict[str, Any]:
        """Give the parameters, with the context of the run where the handler asks for it."""
        return {**self.params, **({} if self.context is None else {self.context: context})}


def check_arguments(
    handler: Handler,
    inputs: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    hints: Mapping[str, Any] | None = None,
) -> Arguments:
    """Check that a handler can be called with inputs and parameters, without calling or reading anything.

    Args:
        handler: What is to be called.
        inputs: Sources by parameter.
        params: Values by parameter; ``_init_args`` holds what the class of a ``Class::method`` is built from.
        hints: Type hints of inputs by parameter, which beat the annotations. An input with neither is given as a data item.

    Raises:
        UnknownNameError: For a name that the handler does not take.
        InputError: For one that it needs and does not get, and for one that stands in both.
        HandlerError: Where it does not say which parameters it takes.
    """
    inputs, params, hints = dict(inputs or {}), dict(params or {}), dict(hints or {})
    init = params.pop(INIT_ARGUMENTS, None) or {}
    signature = _signature(handler)
    if handler.owner is not None:
        _check(inspect.signature(handler.owner), init, f"{handler.owner.__name__}, the class of {handler.name}")
    elif init:
        handler.bound(init)  # refuses them
    twice = next((name for name in inputs if name in params), None)
    if twice is not None:
        raise InputError(f"{handler.name} gets {twice!r} in both inputs and parameters", key=twice, remedy="Leave it out of one.")
    context = next((p.name for p in signature.parameters.values() if _takes_context(p)), None)
    if context is not None and (context in params or context in inputs):
        context = None
    given = {**inputs, **params, **({} if context is None else {context: None})}
    _check(signature, given, handler.name)
    stray = next((name for name in hints if name not in inputs), None)
    if stray is not None:
        raise unknown_name("input", stray, inputs, owner=handler.name)
    annotated = {**getattr(handler.function, "__packagers_inputs__", {}), **hints}
    for name, source in inputs.items():
        parameter = signature.parameters.get(name)
        if name not in annotated and (parameter is None or parameter.annotation is Parameter.empty):
            hint = _handle(source)
            if hint is not None:
                hints[name] = hint
    return Arguments(handler, inputs, params, init, hints, context)


def _signature(handler: Handler) -> Signature:
    try:
        signature = inspect.signature(handler.function)
    except (TypeError, ValueError) as error:
        raise HandlerError(
            f"{handler.name} does not say which parameters it takes: {error}", remedy="Wrap it into a function that does."
        ) from None
    is_plain = handler.owner is not None and inspect.isfunction(inspect.getattr_static(handler.owner, handler.function.__name__))
    return signature.replace(parameters=[*signature.parameters.values()][1:]) if is_plain else signature


def _takes_context(parameter: Parameter) -> bool:
    if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
        return False
    annotation = parameter.annotation
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    if any(part.strip().rpartition(".")[2] == _CONTEXT_TYPE for part in text.split("|")):
        return True
    # One of another type that need not be given is the handler's own.
    return parameter.name == CONTEXT and (annotation is Parameter.empty or parameter.default is Parameter.empty)


def _check(signature: Signature, given: Mapping[str, Any], name: str) -> None:
    parameters = signature.parameters.values()
    by_name = [p.name for p in parameters if p.kind is not Parameter.VAR_KEYWORD]
    if not any(p.kind is Parameter.VAR_KEYWORD for p in parameters):
        for given_name in given:
            if given_name not in by_name:
                raise unknown_name("parameter", given_name, by_name, owner=name)
    missing = [
        p.name
        for p in parameters
        if p.default is Parameter.empty and p.kind not in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL) and p.name not in given
    ]
    if missing:
        listed = ", ".join(map(repr, missing))
        raise InputError(f"{name} is not given {listed}", key=missing[0], remedy="Give a parameter or an input of that name.")


def _handle(source: Any) -> Any:
    """Give the hint under which a source is handed over unread, ``None`` for a live object."""
    if isinstance(source, _SOURCES):
        return DataItem
    if isinstance(source, list) and source and all(isinstance(item, _SOURCES) for item in source):
        return list[DataItem]
    if isinstance(source, Mapping) and source and all(isinstance(item, _SOURCES) for item in source.values()):
        return dict[str, DataItem]
    return None
