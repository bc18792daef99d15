"""What functions and record classes say about their parameters and fields: every annotation resolved on its own.

:func:`typing.get_type_hints` gives up on all annotations where one cannot be resolved, say a name that is only imported under
``TYPE_CHECKING``. Here such a one becomes an :class:`Unresolved`, so that it matters only where that parameter is really used.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MISSING: Any = inspect.Parameter.empty
"""Stands where there is no annotation."""

DEEPEST_WRAPPING = 100


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An annotation that names something that cannot be found.

    Attributes:
        name: The annotation as it is written.
        reason: Why it cannot be resolved.
    """

    name: str
    reason: str


UNKNOWN = Unresolved("", "there is no annotation")


def resolve(annotation: Any, globals_: Mapping[str, Any], locals_: Mapping[str, Any]) -> Any:
    """Resolve one annotation as :func:`typing.get_type_hints` does, ``Annotated`` kept.

    Args:
        annotation: Text, a hint with text inside, or a hint. A forward reference that knows its module is looked up there.
        globals_: The names of the module around the annotation.
        locals_: Names that go before them.

    Returns:
        The hint, or an :class:`Unresolved`.
    """
    if isinstance(annotation, type) or annotation is MISSING:
        return annotation
    module = sys.modules.get(getattr(annotation, "__forward_module__", None) or "")
    if module is not None:
        globals_, locals_ = {**globals_, **vars(module)}, {}
    # A class, for get_type_hints refuses Final and Required in the annotations of anything else.
    holder = type("holder", (), {"__annotations__": {"hint": annotation}})
    try:
        # A locals_ of its own for each call: typing reuses what it once found for a forward reference where the two are the same.
        return typing.get_type_hints(holder, dict(globals_), dict(locals_), include_extras=True)["hint"]
    except Exception as error:  # noqa: BLE001 - annotations are expressions of the user's
        text = getattr(annotation, "__forward_arg__", annotation)
        return Unresolved(text if isinstance(text, str) else repr(text), f"{type(error).__name__}: {error}")


def hints_of(function: Any) -> tuple[dict[str, Any], Any]:
    """Give the type hints of a function, method, ``functools.partial``, callable object or class.

    Args:
        function: Anything that :func:`inspect.signature` takes; decorators that set ``__wrapped__`` are looked through.

    Returns:
        The hints of the annotated parameters by name (those that a ``partial`` has filled by position are gone), and the return hint or
        :data:`MISSING`. What cannot be resolved is an :class:`Unresolved`. ``Self`` is the class that a method was taken from. A class
        returns itself.

    Raises:
        TypeError: For something that cannot be called.
    """
    try:
        signature = _signature(function)
    except ValueError:
        return {}, function if isinstance(function, type) else MISSING
    globals_, locals_ = _scope(function)
    owner = _owner(function)
    fields = fields_of(function) if isinstance(function, type) else {}
    hints: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        if parameter.annotation is not MISSING:
            hint = _with_self(resolve(parameter.annotation, globals_, locals_), owner)
            # The constructor of a record is generated, and its annotations come from the fields.
            hints[name] = fields.get(name, hint) if isinstance(hint, Unresolved) else hint
    if isinstance(function, type):
        return hints, function
    return hints, _with_self(resolve(signature.return_annotation, globals_, locals_), owner)


def fields_of(cls: type[Any]) -> dict[str, Any]:
    """Give the type hints of the fields of a record class, inherited ones included.

    Args:
        cls: A dataclass, attrs class, ``NamedTuple``, ``TypedDict`` or pydantic model; any other class has no fields.

    Returns:
        Hints by field name. What cannot be resolved is an :class:`Unresolved`. ``Self`` is the class.
    """
    return {name: _with_self(hint, cls) for name, hint in _fields_of(cls).items()}


def _fields_of(cls: type[Any]) -> dict[str, Any]:
    models = getattr(cls, "model_fields", None) if hasattr(cls, "__pydantic_validator__") else None
    if isinstance(models, dict):
        return {name: resolve(field.annotation, module_of(cls), {}) for name, field in models.items()}
    types_by_name = _field_types(cls)
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__) if types_by_name else ():
        params = _type_params(base)
        for name, annotation in _own_annotations(base).items():
            if name in types_by_name:
                # As in typing: what the module calls by a name goes before what the class calls by it.
                found[name] = resolve(annotation, {base.__name__: base, **vars(base)}, {**module_of(base), **params})
    for name, known in types_by_name.items():
        if known is not None and not isinstance(known, str) and isinstance(found.get(name, UNKNOWN), Unresolved):
            found[name] = known
    return {name: found[name] for name in types_by_name if name in found}


def _signature(function: Any) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def _own_annotations(cls: type[Any]) -> Mapping[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(cls)


def _scope(function: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Find the names around the function that carries the annotations: of its module, and of what it stands in."""
    params: dict[str, Any] = {}
    for _ in range(DEEPEST_WRAPPING):
        owner = getattr(function, "__self__", None) if isinstance(function, types.MethodType) else function
        for base in (owner if isinstance(owner, type) else type(owner)).__mro__:
            params.update(_type_params(base))
        inner = _inner(function)
        if inner is None:
            break
        function = inner
    return getattr(function, "__globals__", module_of(function)), {**_closure(function), **params, **_type_params(function)}


def _owner(function: Any) -> type[Any] | None:
    """Give the class that a method was taken from, or whose object is called; ``None`` for a function."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, types.MethodType):
        return function.__self__ if isinstance(function.__self__, type) else type(function.__self__)
    if isinstance(function, type):
        return function
    return None if inspect.isroutine(function) else type(function)


def _with_self(hint: Any, owner: type[Any] | None) -> Any:
    """Put a class where a hint says ``Self``."""
    if owner is None or hint is typing.Self:
        return owner or hint
    origin, args = typing.get_origin(hint), getattr(hint, "__args__", None)
    if origin is None or origin is typing.Literal or not isinstance(args, tuple):
        return hint
    replaced = tuple(_with_self(arg, owner) for arg in args)
    if all(new is old for new, old in zip(replaced, args, strict=True)):
        return hint
    if origin in (typing.Union, types.UnionType):
        return typing.Union[replaced]  # noqa: UP007 - not every hint has the operator
    return hint.copy_with(replaced) if hasattr(hint, "copy_with") else types.GenericAlias(origin, replaced)


def _type_params(thing: Any) -> dict[str, Any]:
    """Give the type parameters of a function or class that is written ``def f[T]``, by name."""
    params = getattr(thing, "__type_params__", ())
    return {param.__name__: param for param in params} if isinstance(params, tuple) else {}


def _inner(function: Any) -> Any:
    """Give the callable inside of a callable, in the order in which ``inspect.signature`` looks; ``None`` at the end."""
    if isinstance(function, types.MethodType):
        return function.__func__
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None:
        return wrapped
    if isinstance(function, functools.partial):
        return function.func
    if isinstance(function, type):
        constructors = (getattr(function, name) for name in ("__new__", "__init__"))
        return next((made for made in constructors if isinstance(made, types.FunctionType)), None)
    call = inspect.getattr_static(type(function), "__call__", None)
    return call if isinstance(call, types.FunctionType) else None


def _closure(function: Any) -> dict[str, Any]:
    """Give the variables of the enclosing functions that a function uses, where they are set."""
    found: dict[str, Any] = {}
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    for name, cell in zip(names, getattr(function, "__closure__", None) or (), strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found


def _field_types(cls: type[Any]) -> dict[str, Any]:
    """Give the names of a record's fields, each with its type where the class was made from more than annotations."""
    if dataclasses.is_dataclass(cls):
        return dict.fromkeys(cls.__dataclass_fields__)
    attributes = getattr(cls, "__attrs_attrs__", None)
    if isinstance(attributes, tuple):
        return {attribute.name: attribute.type for attribute in attributes}
    names = getattr(cls, "_fields", None) if issubclass(cls, tuple) else None
    if isinstance(names, tuple):
        return dict.fromkeys(names)
    return dict.fromkeys(_own_annotations(cls)) if is_typed_dict(cls) else {}


def module_of(thing: Any) -> Mapping[str, Any]:
    """Give the names of the loaded module that a class or function says it is from."""
    return getattr(sys.modules.get(getattr(thing, "__module__", None) or ""), "__dict__", {})


def is_typed_dict(hint: Any) -> bool:
    """Tell whether a hint is a ``TypedDict`` class, of ``typing`` or ``typing_extensions``."""
    return isinstance(hint, type) and dict in hint.__mro__ and "__required_keys__" in vars(hint)
