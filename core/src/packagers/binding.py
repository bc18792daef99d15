"""The inputs of a call: bound to the parameters of a function, and each unpacked by its type hint."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from inspect import BoundArguments, Parameter, Signature
from types import NoneType
from typing import Any, cast

from packagers.artifact import Artifact, Bundle, Result
from packagers.conformity import conforms, step
from packagers.dataitem import DataItem
from packagers.errors import InputError, PackagersError, UnpackError
from packagers.names import did_you_mean
from packagers.parameters import signature_of
from packagers.session import Session
from packagers.signatures import MISSING, Unresolved, hints_of
from packagers.standins import stand_ins
from packagers.typehint import STREAMS, Alternative, admits, alternatives, argument, argument_names, path_of_hint

HANDLES = (DataItem, Artifact, Result, Bundle)
SOURCES = (str, os.PathLike, *HANDLES)


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
        inputs: By parameter; see :func:`packagers.call`. Those of ``*args`` are a list under its name.
        params: By parameter, passed as they are.
        session: Its registry and settings are used.
        trust: The policy for reading the inputs.

    Raises:
        InputError: For names that the function does not take, for those it misses, and for names in both.
        UnpackError: Where an input cannot be unpacked.
    """
    name = name_of(function)
    inputs, params = _by_parameter(name, "inputs", inputs), _by_parameter(name, "params", params)
    try:
        signature = signature_of(function)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} does not say which parameters it takes: {error}", remedy="Wrap it into a function that does.") from None
    _check_names(name, signature, inputs, params)
    takes_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in signature.parameters.values())
    hints = input_hints(function) if inputs or takes_any else {}  # nobody asks for those of parameters that are passed as they are
    values = dict(params)
    for key, source in inputs.items():
        parameter = _parameter_of(signature, key)
        unpacker = Unpacker(session, key, trust, parameter.default)
        if parameter.kind is Parameter.VAR_POSITIONAL:
            values[key] = unpacker.unpack_each(source, hints.get(key, MISSING))
        else:
            values[key] = unpacker.unpack(source, hint_of_argument(hints, parameter, key))
    return _bind(name, signature, values, _names_required(signature, hints))


def input_hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Give the hints of the inputs of a function by parameter: what its handler says goes before its annotations."""
    carrier: Any = function
    while isinstance(carrier, functools.partial):
        carrier = carrier.func
    return {**hints_of(function)[0], **getattr(carrier, "__packagers_inputs__", {})}


def hint_of_argument(hints: Mapping[str, Any], parameter: Parameter, key: Any) -> Any:
    """Give the hint of an argument, :data:`MISSING` where there is none.

    Args:
        hints: Those of the function.
        parameter: The one that takes the argument.
        key: The name of the argument, for ``**kwargs`` one of several; for ``*args`` the position among them.

    Raises:
        InputError: For a name that the ``TypedDict`` of ``**kwargs: Unpack[TD]`` does not have.
        UnpackError: For something that cannot be unpacked so.
    """
    hint = hints.get(parameter.name, MISSING)
    if parameter.kind is Parameter.VAR_POSITIONAL:
        return argument(hint, key)
    if parameter.kind is not Parameter.VAR_KEYWORD:
        return hint
    found = hints[key] if key in hints else argument(hint, key)
    if found is MISSING and hint is not MISSING:
        raise InputError(f"**{parameter.name} take no {key!r}", key=key, remedy=did_you_mean(key, argument_names(hint)))
    return found


def name_of(function: Any) -> str:
    """Give the name of a function, for messages."""
    inner = getattr(function, "func", function)
    return str(getattr(inner, "__qualname__", None) or repr(inner))


def _by_parameter(function: str, what: str, given: Any) -> dict[Any, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"the {what} of {function} are a {type(given).__qualname__}", remedy="Give a dict: each value by its parameter.")
    return dict(given or {})


def _check_names(function: str, signature: Signature, inputs: Mapping[Any, Any], params: Mapping[Any, Any]) -> None:
    twice = [name for name in inputs if name in params]
    if twice:
        raise InputError(f"{function} gets {twice[0]!r} in both inputs and params", key=str(twice[0]), remedy="Leave it out of one.")
    by_name = [p.name for p in signature.parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
    takes_all = len(by_name) < len(signature.parameters)
    for name in (*inputs, *params):
        if not isinstance(name, str) or not (takes_all or name in by_name):
            raise InputError(f"{function} takes no parameter {name!r}", key=str(name), remedy=did_you_mean(str(name), by_name))


def _parameter_of(signature: Signature, name: str) -> Parameter:
    """Give the parameter that takes an argument of a name, one that is known to be taken."""
    parameter = signature.parameters.get(name)
    if parameter is not None and parameter.kind is not Parameter.VAR_KEYWORD:
        return parameter
    return next(p for p in signature.parameters.values() if p.kind is Parameter.VAR_KEYWORD)


def _names_required(signature: Signature, hints: Mapping[str, Any]) -> list[str]:
    """Give the names that ``**kwargs`` must be given, where they unpack a ``TypedDict``."""
    takers = [p.name for p in signature.parameters.values() if p.kind is Parameter.VAR_KEYWORD]
    return [name for taker in takers for name in argument_names(hints.get(taker, MISSING), required=True)]


def _bind(function: str, signature: Signature, values: dict[str, Any], required: list[str]) -> BoundArguments:
    """Bind values, those by position first; in front of ``*args`` the defaults stand where nothing was given."""
    given = list(values)
    star = next((p.name for p in signature.parameters.values() if p.kind is Parameter.VAR_POSITIONAL), None)
    positional: list[Any] = []
    missing = [name for name in required if name not in values]
    for parameter in signature.parameters.values():
        if parameter.kind is Parameter.VAR_KEYWORD:
            continue
        if parameter.kind is Parameter.VAR_POSITIONAL:
            positional.extend(values.pop(parameter.name, ()))
        elif parameter.name not in values and parameter.default is Parameter.empty:
            missing.append(parameter.name)
        elif parameter.kind is Parameter.POSITIONAL_ONLY or (parameter.kind is Parameter.POSITIONAL_OR_KEYWORD and star in given):
            positional.append(values.pop(parameter.name, parameter.default))
    if missing:
        what = ", ".join(repr(name) for name in missing)
        remedy = f"Give each in inputs (to be unpacked) or in params (as it is). Given: {', '.join(given) or 'nothing'}."
        raise InputError(f"{function} misses {what}", key=missing[0], remedy=remedy)
    return signature.bind(*positional, **values)


class Unpacker:
    """Unpacks one input of a call.

    Args:
        session: Its registry and settings are used.
        name: Of the parameter, for messages.
        trust: The policy.
        default: Of the parameter; it is always taken.
        sources: The types of what is unpacked; anything else is a live object.
    """

    def __init__(
        self, session: Session, name: str, trust: str | None, default: Any = Parameter.empty, sources: tuple[type, ...] = SOURCES
    ) -> None:
        self._session = session
        self._name = name
        self._trust = trust
        self._default = default
        self._sources = sources

    def unpack(self, source: Any, hint: Any) -> Any:
        """Give the value of an input: sources are unpacked, lists and dicts of them bundled, live objects checked.

        Raises:
            InputError: For a live object that does not fit the hint.
            UnpackError: Where a source cannot be unpacked.
        """
        if not self._session.settings.enabled or source is self._default:
            return source
        try:
            return self._unpack(source, hint)
        except PackagersError as error:
            error.key = self._name
            if isinstance(hint, Unresolved):
                error.remedy = f'{error.remedy} Or name it beside the function: @packagers.handler(inputs={{"{self._name}": "pkg.Type"}}).'
            raise

    def unpack_each(self, sources: Any, hint: Any) -> list[Any]:
        """Give the values of the inputs for ``*args``."""
        if isinstance(sources, (str, bytes, Mapping)) or not isinstance(sources, Iterable):
            raise InputError(
                f"the inputs for *{self._name} are a {type(sources).__qualname__}", key=self._name, remedy="Give a list of them."
            )
        return [self.unpack(source, argument(hint, index)) for index, source in enumerate(sources)]

    def holds_sources(self, value: Any) -> bool:
        """Tell whether a value is something to unpack, or a list, tuple or dict that holds such, at any depth."""
        pending, seen = [value], set()
        while pending:
            item = pending.pop()
            if isinstance(item, self._sources):
                return True
            if type(item) in (list, tuple, dict) and id(item) not in seen:
                seen.add(id(item))
                pending.extend(item.values() if type(item) is dict else item)
        return False

    def _unpack(self, source: Any, hint: Any) -> Any:
        if isinstance(source, HANDLES) and hint is not MISSING and admits(hint, type(source)):
            return source
        if isinstance(source, (Result, Bundle)):
            return self._checked(source.value if isinstance(source, Result) else source.structure, hint)
        if not isinstance(source, self._sources) and not self.holds_sources(source):
            return self._checked(source, hint)
        if isinstance(hint, Unresolved):
            raise UnpackError(
                f"the type hint {hint.name!r} cannot be resolved ({hint.reason})",
                remedy="Import what it names at the top of the module, not under TYPE_CHECKING nor inside of a function.",
            )
        if not isinstance(source, self._sources):
            return self._bundle(source, hint)
        if isinstance(source, DataItem) and type(source) is not DataItem:
            item = source  # it reads in a way of its own
        else:
            item = DataItem(cast(Any, source), registry=self._session.registry, trust=self._trust)
        if hint is MISSING:
            is_wanted = self._session.settings.auto_unpack_inputs and item.kind in ("package", "result")
            return self._read(item, source, None) if is_wanted else item
        return self._read(item, source, hint)

    def _read(self, item: DataItem, source: Any, hint: Any) -> Any:
        with self._session.configured():
            try:
                return item.unpack(hint)
            except UnpackError as error:
                if isinstance(source, str) and error.remedy is None:
                    error.remedy = "Inputs are paths and URLs of what is to be unpacked; plain text is given in params."
                raise

    def _checked(self, value: Any, hint: Any) -> Any:
        mismatch = None if hint is MISSING or isinstance(hint, Unresolved) else conforms(value, hint)
        if mismatch is not None:
            raise InputError(
                f"the input does not fit the hint: {mismatch}", remedy="Give an object of the hinted type, or a path or URL of one."
            )
        return value

    def _bundle(self, sources: Any, hint: Any) -> Any:
        """Unpack the sources of a list or dict, and put the hinted container together from them."""
        failures: list[PackagersError] = []
        members = alternatives(Any if hint is MISSING else hint)
        # What is given is something; None is nothing to make of it.
        for member in [member for member in members if member.type is not NoneType] or members:
            try:
                return self._bundle_into(sources, member, is_hinted=hint is not MISSING)
            except PackagersError as error:
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        reasons = "; ".join(str(failure.args[0]) for failure in failures)
        raise UnpackError(f"the inputs fit no part of the hint: {reasons}") from failures[0]

    def _bundle_into(self, sources: Any, member: Alternative, *, is_hinted: bool) -> Any:
        kind = member.type
        if kind is not None and not issubclass(type(sources), kind) and kind in STREAMS and type(sources) is not dict:
            return (self.unpack(source, member.item(index)) for index, source in enumerate(sources))
        if kind is None or issubclass(type(sources), kind):
            packager = None
        elif made_of := stand_ins(member):
            return self._bundle_into(sources, made_of[0], is_hinted=is_hinted)
        else:
            packager = self._bundler(sources, member)

        def item(key: Any, source: Any) -> Any:
            hint = member.item(key) if kind is not None else Any if is_hinted else MISSING
            try:
                return self._unpack(source, hint)
            except PackagersError as error:
                error.leaf = step(key) + (error.leaf or "")
                raise

        items: Any
        if type(sources) is dict:
            items = {key: item(key, source) for key, source in sources.items()}
        else:
            items = type(sources)(item(index, source) for index, source in enumerate(sources))
        made = items if packager is None else packager.bundle(items, kind)
        return self._checked(made, member.hint) if is_hinted else made

    def _bundler(self, sources: Any, member: Alternative) -> Any:
        """Find the packager that bundles a list or dict into a class: the nearest one that does, for another may read it whole."""
        flag = "BUNDLE_FROM_DICT" if type(sources) is dict else "BUNDLE_FROM_LIST"
        registry = self._session.registry
        for candidate in registry.candidates(member.hint):
            if getattr(candidate.packager, flag):
                return registry.instance(candidate.registration)
        raise UnpackError(
            f"a {type(sources).__qualname__} of inputs cannot be bundled into {path_of_hint(member)}",
            remedy=f"Hint a container, or a type whose packager sets {flag}.",
        )
