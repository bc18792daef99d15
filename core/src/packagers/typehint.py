"""Type hints in one form: a flat list of alternatives, in the order in which the hint was written.

``Optional[X]``, unions, ``Annotated``, ``NewType``, type variables, ``Literal``, ``Final`` and type aliases all come down to
:class:`Alternative`: a class, what its items are hinted to be, and the options to unpack it with. Whether a value or a class fits a hint is
:mod:`packagers.conformity`. Nothing is cached by hint: ``Union[int, str] == Union[str, int]``, and the order counts.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import types
import typing
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType, NoneType
from typing import Any, Literal, TypeAlias

from packagers.errors import PackagersWarning, UnpackError
from packagers.signatures import MISSING, Unresolved, fields_of, is_typed_dict, module_of, resolve
from packagers.typepath import ELLIPSIS, STREAM, path_of
from packagers.typetext import TYPING, from_text, refusal

AnyClass: TypeAlias = type[Any]

DEEPEST = 50
"""How many wrappers, such as aliases of aliases, may stand around a class before the hint counts as endless."""

CONTAINERS = ("builtins", "collections", "collections.abc")
QUALIFIERS = ("ClassVar", "Final", "NotRequired", "ReadOnly", "Required")
STREAMS = (collections.abc.Iterable, collections.abc.Iterator, collections.abc.Generator)


class Options(Mapping[str, Any]):
    """Options to unpack an input with: ``Annotated[numpy.ndarray, Options(mmap_mode="r")]``.

    Args:
        unpacking_options: What the ``unpack_x`` method of the packager takes.
    """

    __slots__ = ("_values",)
    _values: dict[str, Any]

    def __init__(self, /, **unpacking_options: Any) -> None:
        object.__setattr__(self, "_values", unpacking_options)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Options are immutable; {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Options are immutable; {name!r} cannot be deleted")

    def _typed(self) -> dict[str, tuple[AnyClass, Any]]:
        """Give the values with their types, for 1, 1.0 and True are different options (typing caches hints by equality)."""
        return {name: (type(value), value) for name, value in self._values.items()}

    def __eq__(self, other: object) -> bool:
        return self._typed() == other._typed() if isinstance(other, Options) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._typed().items()))

    def __repr__(self) -> str:
        return f"Options({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(Options, **self._values), ()


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """One class that a hint admits.

    Attributes:
        type: The class, ``dict`` for a ``TypedDict``; ``None`` where anything is admitted (``Any``, ``object``, a free type variable, no
            hint).
        args: The hints of the items: ``(X,)`` for ``list[X]`` and ``tuple[X, ...]``, ``(A, B)`` for ``dict[A, B]`` and ``tuple[A, B]``.
            Only of containers that Python comes with; other generic classes are known by their class alone.
        options: The unpacking options of all ``Annotated`` around it; of two with one name the outer counts.
        hint: The hint without what stood around it, such as ``list[X]`` or the ``TypedDict``.
        literals: The values of a ``Literal``, all of class ``type``; empty for other hints.
        fixed: Whether ``args`` are those of a tuple, position by position (``tuple[()]`` is one without positions).
    """

    type: AnyClass | None
    args: tuple[Any, ...]
    options: Mapping[str, Any]
    hint: Any
    literals: tuple[Any, ...] = ()
    fixed: bool = False

    def keys(self) -> dict[str, Any] | None:
        """Give the hints of the keys of a ``TypedDict``, ``None`` for another hint."""
        return self._fields() if is_typed_dict(typing.get_origin(self.hint) or self.hint) else None

    def required(self) -> frozenset[str]:
        """Give the keys that a ``TypedDict`` needs; where its annotations are text, only their resolved form says so."""
        cls = typing.get_origin(self.hint) or self.hint
        required = set(cls.__required_keys__)
        for key, hint in self._fields().items():
            inside = hint
            while typing.get_origin(inside) is typing.Annotated or form_of(inside) == "ReadOnly":
                inside = typing.get_args(inside)[0]
            if form_of(inside) == "Required":
                required.add(key)
            elif form_of(inside) == "NotRequired":
                required.discard(key)
        return frozenset(required)

    def _fields(self) -> dict[str, Any]:
        """Give the hints of the fields of a record class, those of a generic one with its types filled in."""
        cls = typing.get_origin(self.hint) or self.hint
        parameters, args = getattr(cls, "__parameters__", ()), typing.get_args(self.hint)
        return {name: _substitute(hint, parameters, args) for name, hint in fields_of(cls).items()} if isinstance(cls, type) else {}

    def item(self, key: Any) -> Any:
        """Give the hint of one item of a container or record, :data:`MISSING` where the hint says nothing of it.

        Args:
            key: The position in a sequence, the key in a mapping; of a record the field's name, of a named tuple also its position.
        """
        fields = self._fields()
        if fields:
            names = list(fields)
            name = names[key] if isinstance(key, int) and 0 <= key < len(names) else key
            return fields.get(name, MISSING)
        if self.fixed:
            return self.args[key] if isinstance(key, int) and 0 <= key < len(self.args) else MISSING
        if self.type is not None and issubclass(self.type, collections.abc.Mapping):
            return self.args[1] if len(self.args) == 2 else MISSING
        return self.args[0] if self.args else MISSING


def alternatives(hint: Any) -> tuple[Alternative, ...]:
    """Bring a hint into its normal form.

    Args:
        hint: Any hint, text included (see :mod:`packagers.typetext`); ``inspect.Parameter.empty`` for none.

    Returns:
        The alternatives in written order, at least one.

    Raises:
        UnpackError: For something that is no type hint, or one that cannot be resolved.
    """
    return tuple(_flatten(hint, {}, 0))


def argument(hint: Any, key: Any) -> Any:
    """Give the hint of one of the arguments that ``*args`` or ``**kwargs`` take.

    Args:
        hint: That of the parameter. It is each argument's own, unless it unpacks a type, as in ``*args: *tuple[int, str]`` and
            ``**kwargs: Unpack[Options]``.
        key: The position, or the name.

    Returns:
        The hint; :data:`MISSING` where there is none for it.

    Raises:
        UnpackError: For something that cannot be unpacked so.
    """
    if form_of(hint) != "Unpack":
        return hint
    (inner,) = typing.get_args(hint)
    if isinstance(inner, typing.TypeVarTuple):
        return Any
    return alternatives(inner)[0].item(key)


def argument_names(hint: Any, *, required: bool = False) -> list[str]:
    """Give the names that ``**kwargs: Unpack[TD]`` take, in their order; none for another hint.

    Args:
        hint: That of the parameter.
        required: Whether only those are wanted that must be given.
    """
    member = alternatives(typing.get_args(hint)[0])[0] if form_of(hint) == "Unpack" else None
    keys = None if member is None else member.keys()
    return [] if member is None or keys is None else [name for name in keys if not required or name in member.required()]


def _flatten(hint: Any, options: Mapping[str, Any], depth: int) -> Iterator[Alternative]:
    if depth > DEEPEST:
        raise refusal(hint, "refers to itself without end", "Write the types out.")
    if typing.get_origin(hint) is typing.Annotated:
        inner: dict[str, Any] = {}
        for metadata in hint.__metadata__:
            if isinstance(metadata, Options):
                inner.update(metadata)
        yield from _flatten(hint.__origin__, {**inner, **options}, depth + 1)
        return
    around = _wrapped(hint)
    if around is None:
        yield from _leaves(hint, MappingProxyType(dict(options)))
        return
    for member in around:
        yield from _flatten(member, options, depth + 1)


def _wrapped(hint: Any) -> tuple[Any, ...] | None:
    """Give the hints that a hint stands for, or ``None`` for one that stands for itself."""
    if isinstance(hint, str):
        return (from_text(hint),)
    if isinstance(hint, typing.ForwardRef):
        return (resolve(hint, {}, {}) if hint.__forward_module__ else from_text(hint.__forward_arg__),)
    if isinstance(hint, typing.NewType):
        return (hint.__supertype__,)
    if isinstance(hint, typing.TypeVar):
        return _bounds(hint)
    if isinstance(hint, typing.ParamSpecArgs | typing.ParamSpecKwargs):
        return (Any,)
    if isinstance(hint, dataclasses.InitVar):
        return (hint.type,)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return typing.get_args(hint)
    form = form_of(hint)
    if form == "LiteralString":
        return (str,)
    if form in QUALIFIERS:
        return typing.get_args(hint) or (Any,)
    if is_alias(hint if origin is None else origin):
        return (_aliased(hint if origin is None else origin, typing.get_args(hint)),)
    return None


def _bounds(variable: typing.TypeVar) -> tuple[Any, ...]:
    """Give what a type variable may be; bounds are expressions of the user's that Python 3.12 runs only now."""
    try:
        members = variable.__constraints__ or (variable.__bound__ or Any,)
    except Exception as error:  # noqa: BLE001 - see above
        members = (Unresolved(str(variable), f"{type(error).__name__}: {error}"),)
    return tuple(resolve(member, module_of(variable), {}) for member in members)


def _leaves(hint: Any, options: Mapping[str, Any]) -> Iterator[Alternative]:
    """Give the alternatives of a hint that has nothing around it: one, or one for each class of a ``Literal``'s values."""
    origin = typing.get_origin(hint)
    if hint is Any or hint is object or hint is MISSING:
        yield Alternative(None, (), options, hint)
    elif hint is None or hint is NoneType:
        yield Alternative(NoneType, (), options, NoneType)
    elif origin is Literal:
        by_class: dict[AnyClass, list[Any]] = {}
        for value in typing.get_args(hint):
            by_class.setdefault(type(value), []).append(value)
        for cls, values in by_class.items():
            yield Alternative(cls, (), options, hint, literals=tuple(values))
    elif isinstance(hint, Unresolved):
        raise refusal(
            hint.name,
            f"cannot be resolved ({hint.reason})",
            "Import what it names where the annotation is run, not under TYPE_CHECKING nor inside of a function, or give another hint.",
        )
    else:
        yield _leaf(hint, _class_of(hint) if origin is None else origin, options)


def _class_of(hint: Any) -> Any:
    """Give the class that a hint of somebody's own making stands for; a class stands for itself, whatever attributes it has."""
    return hint if isinstance(hint, type) else getattr(hint, "__origin__", hint)


def _leaf(hint: Any, cls: Any, options: Mapping[str, Any]) -> Alternative:
    if not isinstance(cls, type) or cls in (typing.Generic, typing.Protocol):
        raise refusal(hint, "is no type that a value can be checked against", "Hint a class, or a container or union of classes.")
    if is_typed_dict(cls):
        return Alternative(dict, (), options, hint)
    args: tuple[Any, ...] = ()
    if cls.__module__ in CONTAINERS and cls is not collections.abc.Callable:
        args = typing.get_args(hint)
    if any(getattr(arg, "__unpacked__", False) or form_of(arg) == "Unpack" for arg in args):
        raise refusal(hint, "unpacks types inside of brackets, which is not supported", "Write tuple[X, ...] or each item's type.")
    if cls is not tuple:
        return Alternative(cls, args, options, hint)
    if len(args) == 2 and args[1] is Ellipsis:
        return Alternative(cls, args[:1], options, hint)
    return Alternative(cls, args, options, hint, fixed=hint is not tuple and hint is not typing.Tuple)  # noqa: UP006 - the bare alias


def form_of(hint: Any) -> str:
    """Give the name of a special form of typing, subscripted or not; empty for anything else."""
    form = typing.get_origin(hint) or hint
    return str(getattr(form, "_name", "")) if type(form).__module__ in TYPING and not isinstance(form, type) else ""


def is_alias(hint: Any) -> bool:
    """Tell whether a hint is a ``TypeAliasType``, of ``typing`` or ``typing_extensions``."""
    return type(hint).__name__ == "TypeAliasType" and type(hint).__module__ in TYPING


def _aliased(alias: Any, args: tuple[Any, ...]) -> Any:
    """Give what an alias stands for, its type parameters replaced by ``args``."""
    parameters = alias.__type_params__
    try:
        value = alias.__value__
    except Exception as error:  # noqa: BLE001 - the value is an expression of the user's, run only now
        return Unresolved(str(alias), f"{type(error).__name__}: {error}")
    value = resolve(value, module_of(alias), {param.__name__: param for param in parameters})
    return _substitute(value, parameters, args)


def _substitute(hint: Any, parameters: tuple[Any, ...], args: tuple[Any, ...]) -> Any:
    """Replace type parameters in a hint."""
    replaced = dict(zip(parameters, args, strict=False))
    if not replaced:
        return hint
    if isinstance(hint, typing.TypeVar):
        return replaced.get(hint, hint)
    inside = getattr(hint, "__parameters__", ()) if typing.get_origin(hint) is not None else ()
    try:
        return hint[tuple(replaced.get(param, param) for param in inside)] if inside else hint
    except TypeError as error:
        raise refusal(hint, f"cannot take the types {args!r} ({error})", "Write the types out.") from error


def path_of_hint(alternative: Alternative) -> str:
    """Give the type path of an alternative, such as ``dict[str, numpy.ndarray]`` or ``Iterator[pandas.DataFrame]``.

    Where an item is hinted to be one of several classes, or anything, the items are left out: ``list[int | str]`` is ``list``. What admits
    anything is ``object``. Iterables and generators are streams as well: ``Iterator``.

    Raises:
        UnpackError: For an item's hint that cannot be resolved.
    """
    cls = alternative.type
    if cls is None:
        return "object"
    name = STREAM if cls in STREAMS else path_of(cls)
    args = alternative.args[:1] if cls in STREAMS else alternative.args
    if cls is type or not args:
        return name
    items: list[str] = []
    for arg in args:
        inner = alternatives(arg)
        if len(inner) != 1 or inner[0].type is None:
            return name
        items.append(path_of_hint(inner[0]))
    if cls is tuple and not alternative.fixed:
        items.append(ELLIPSIS)
    return f"{name}[{', '.join(items)}]"


def admits(hint: Any, cls: type[Any]) -> bool:
    """Tell whether a hint names a class or a parent class of it.

    ``Any``, ``object``, no hint, ABCs that the class does not derive from, and hints that cannot be resolved name no class.
    """
    try:
        return any(alternative.type in cls.__mro__ for alternative in alternatives(hint) if not alternative.literals)
    except UnpackError:
        return False


def log_hint_of(returned: Any) -> tuple[Any, ...]:
    """Find the log hints in a return hint: ``Annotated[X, "key : dataset"]``, or one in each position of a ``tuple[...]``.

    Args:
        returned: A return hint as :func:`packagers.signatures.hints_of` gives it.

    Returns:
        One log hint (text, dict or ``LogHint``, as written) for each value, ``None`` for a position without one; empty where there are
        none. Of several on one value the outermost counts.

    Warns:
        PackagersWarning: Where the hint cannot be resolved and has an ``Annotated`` in it.
    """
    if isinstance(returned, Unresolved) and "Annotated" in returned.name:
        message = f"The return hint {returned.name!r} cannot be resolved ({returned.reason}), so its log hints are not used"
        warnings.warn(PackagersWarning(message), stacklevel=2)
    whole = _log_metadata(returned, 0)
    if whole is not None:
        return (whole,)
    origin, args = typing.get_origin(returned), typing.get_args(returned)
    if origin is not tuple or Ellipsis in args:
        return ()
    found = tuple(_log_metadata(arg, 0) for arg in args)
    return found if any(hint is not None for hint in found) else ()


def _log_metadata(hint: Any, depth: int) -> Any:
    if typing.get_origin(hint) is typing.Annotated:
        for metadata in reversed(hint.__metadata__):
            if isinstance(metadata, str | dict) or (hasattr(metadata, "artifact_type") and hasattr(metadata, "key")):
                return metadata
        return _log_metadata(hint.__origin__, depth + 1)
    origin = typing.get_origin(hint)
    members: tuple[Any, ...] = ()
    if origin in (typing.Union, types.UnionType) or form_of(hint) in QUALIFIERS:
        members = typing.get_args(hint)
    elif is_alias(hint if origin is None else origin) and depth < DEEPEST:
        members = (_aliased(hint if origin is None else origin, typing.get_args(hint)),)
    return next((found for member in members if (found := _log_metadata(member, depth + 1)) is not None), None)
