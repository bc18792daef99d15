"""The options of formats: each format names its own in a ``TypedDict``, and a packager's method takes those of all formats.

What a format is not told is left to pandas or pyarrow, so no default is repeated here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar, Union, get_args, get_origin, get_type_hints

from packagers import PackError, UnpackError

Kind: TypeAlias = type[Any]
"""A ``TypedDict`` with ``total=False``."""
Method = TypeVar("Method", bound=Callable[..., Any])


class Nothing(TypedDict):
    """The options of a format that has none."""


def takes(*kinds: Kind) -> Callable[[Method], Method]:
    """Give a method, instead of its ``**options``, the options of several formats as keyword-only parameters.

    Args:
        kinds: The options of each format. What two formats have may be of the type that either says.
    """
    hints: dict[str, Any] = {}
    for kind in kinds:
        for name, hint in get_type_hints(kind).items():
            hints[name] = Union[hints[name], hint] if name in hints else hint  # noqa: UP007 - of types that are known only now

    def widen(method: Method) -> Method:
        old = signature(method)
        own = [parameter for parameter in old.parameters.values() if parameter.kind is not Parameter.VAR_KEYWORD]
        more = [Parameter(name, Parameter.KEYWORD_ONLY, default=..., annotation=hint) for name, hint in hints.items()]
        method.__signature__ = old.replace(parameters=own + more)  # type: ignore[attr-defined]  # read by inspect.signature
        return method

    return widen


def refuse_strange(format: str, kind: Kind, given: Mapping[str, Any], error: type[PackError] | type[UnpackError]) -> None:
    """Refuse options, and values of them, that a format does not have.

    Args:
        format: The format.
        kind: Its options.
        given: What was said.
        error: The class of the error.

    Raises:
        PackError: Or what else ``error`` says; lists what there is.
    """
    known = get_type_hints(kind)
    for name, value in given.items():
        if name not in known:
            raise error(f"format {format!r} has no option {name!r}", remedy=f"It has: {', '.join(sorted(known)) or 'none'}.")
        allowed = get_args(known[name]) if get_origin(known[name]) is Literal else None
        if allowed is not None and not any(type(value) is type(each) and value == each for each in allowed):
            raise error(f"format {format!r} cannot take {name}={value!r}", remedy=f"It takes: {', '.join(map(repr, allowed))}.")
