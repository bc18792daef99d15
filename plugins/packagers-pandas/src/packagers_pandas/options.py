"""The options of formats: each format names its own in a ``TypedDict``, and a packager's method takes those of all formats.

What a format is not told is left to pandas or pyarrow, so no default is repeated here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from inspect import Parameter, signature
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from packagers import PackError, UnpackError

Kind: TypeAlias = type[Any]
"""A ``TypedDict`` with ``total=False``."""
CHOICES = frozenset(("columns", "rows", "usecols", "nrows", "memory_map", "engine", "parser", "match", "attrs", "xpath", "namespaces"))
"""What only a caller may say: which part is read, and by which parser; patterns and paths are programs of a kind."""
_MOST_SKIPPED = 1 << 20
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


@cache
def _known(kind: Any) -> dict[str, Any]:
    """Resolve the hints of a format's options; there are as many kinds as formats."""
    return get_type_hints(kind)


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
    known = _known(kind) if given else {}  # type: ignore[arg-type]  # classes can be hashed
    for name, value in given.items():
        if name not in known:
            raise error(f"format {format!r} has no option {name!r}", remedy=f"It has: {', '.join(sorted(known)) or 'none'}.")
        allowed = get_args(known[name]) if get_origin(known[name]) is Literal else None
        if allowed is not None and not any(type(value) is type(each) and value == each for each in allowed):
            raise error(f"format {format!r} cannot take {name}={value!r}", remedy=f"It takes: {', '.join(map(repr, allowed))}.")


def refuse_costly(given: Mapping[str, Any]) -> None:
    """Refuse values of options that cost pandas out of proportion to what it reads: a package may say them too.

    Args:
        given: Options of pandas' readers.

    Raises:
        UnpackError: For a separator that is a pattern, or to be found out, where nobody asked for the parser that takes them; for texts of
            a fixed width; and for more than 1,048,576 lines to leave out.
    """
    for name in {"sep", "delimiter"}.intersection(given):
        if given[name] != r"\s+" and len(given[name] or "") != 1 and given.get("engine") != "python":
            remedy = "Say engine='python' beside it: looking for it can take very long in hostile text."
            raise UnpackError(f"{name}={given[name]!r} is a pattern, or to be found out", remedy=remedy)
    skipped = given.get("skiprows")
    if isinstance(skipped, int) and skipped > _MOST_SKIPPED:
        raise UnpackError(f"skiprows={skipped} is more than {_MOST_SKIPPED}", remedy="Choose rows=(first, last).")
    asked = given.get("dtype")
    for dtype in asked.values() if isinstance(asked, Mapping) else [asked]:
        if _has_width(dtype):
            raise UnpackError(f"dtype={dtype!r} would make every text as wide as it says", remedy="Say dtype=str.")


def _has_width(dtype: Any) -> bool:
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError):
        return False  # one of pandas' own
    return found.kind in "SUV" and found.itemsize > 0
