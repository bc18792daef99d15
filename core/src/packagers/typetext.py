"""Type hints that a caller gives as text: taken apart as Python writes them, never evaluated.

More than type paths (:mod:`packagers.typepath`), which name what is registered: a hint may be a union, and its names are imported.
"""

from __future__ import annotations

import ast
import builtins
import collections.abc
import importlib.util
import operator
import sys
import types
import typing
from typing import Any, Literal

from packagers.catalogue import plugin_for
from packagers.errors import UnpackError

TYPING = ("typing", "typing_extensions")

_CALLABLE: tuple[Any, ...] = (typing.Callable, collections.abc.Callable)
LONGEST = 4096
"""How many characters a hint may have."""
LONGEST_SHOWN = 200

_CHECK = "Check the path, and that its package is installed."


def from_text(text: str) -> Any:
    """Read a hint that a caller gave as text.

    Args:
        text: Such as ``"pandas.DataFrame"``, ``"dict[str, numpy.ndarray]"`` or ``"int | None"``. It is taken apart and never evaluated; the
            types that it names are imported on the caller's word. Names without a dot are Python's own or those of ``typing``.

    Raises:
        UnpackError: For text that is no hint, and for names that do not import or are no types.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError(f"it has {len(text)} characters")
        expression = ast.parse(text.strip(), mode="eval").body
        return _hint_of_node(expression, text)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise refusal(text, f"cannot be read ({error})", "Write it like pkg.Type, dict[str, pkg.Type] or pkg.Type | None.") from error


def _hint_of_node(node: ast.AST, text: str) -> Any:
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str(inner)):
            return from_text(inner)
        case ast.Name() | ast.Attribute():
            return _import(_dotted(node, text), text)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return typing.Union[_hint_of_node(left, text), _hint_of_node(right, text)]  # noqa: UP007 - not every hint has the operator
        case ast.Subscript(value=generic, slice=inside):
            return _subscribe(_hint_of_node(generic, text), inside, text)
    raise refusal(
        text, f"has {ast.unparse(node)!r} in it, which names no type", "Write it like pkg.Type, dict[str, pkg.Type] or pkg.Type | None."
    )


def _subscribe(generic: Any, inside: ast.AST, text: str) -> Any:
    elements = inside.elts if isinstance(inside, ast.Tuple) else [inside]
    try:
        if generic is Literal:
            return Literal[tuple(_hashable(ast.literal_eval(element)) for element in elements)]
        if generic is typing.Annotated:
            raise TypeError("text carries no options; give them beside the hint")
        args = tuple(_argument(element, text) for element in elements)
        if any(isinstance(arg, list) for arg in args) and not any(generic is each for each in _CALLABLE):
            raise TypeError("only Callable takes a list")
        return operator.getitem(generic, args if isinstance(inside, ast.Tuple) else args[0])
    except TypeError as error:
        raise refusal(text, f"cannot be put together ({error})", "Leave out the brackets of a type that takes none.") from error


def _hashable(value: Any) -> Any:
    hash(value)
    return value


def _argument(node: ast.AST, text: str) -> Any:
    """Give what stands in brackets: a hint, ``...``, or the list of hints of ``Callable``."""
    match node:
        case ast.Constant(value=value) if value is Ellipsis:
            return value
        case ast.List(elts=elements):
            return [_hint_of_node(element, text) for element in elements]
    return _hint_of_node(node, text)


def _dotted(node: ast.AST, text: str) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value, text)}.{name}"
    raise refusal(text, f"has {ast.unparse(node)!r} in it, which names no type", "Write the dotted name of a class.")


def _import(name: str, text: str) -> Any:
    """Import what a dotted name names, and nothing more."""
    first, *rest = name.split(".")
    if not rest:
        value = getattr(builtins, name, None) or (getattr(typing, name) if name in typing.__all__ else None)
        if value is None:
            raise refusal(text, f"names {name!r}, which is no type of Python's own", f"Write the whole path, like pkg.{name}.")
    else:
        try:
            value = importlib.import_module(first)
            for index, part in enumerate(rest, 1):
                if not hasattr(value, part) and isinstance(value, types.ModuleType):
                    importlib.import_module(".".join([first, *rest[:index]]))
                value = getattr(value, part)
        except (Exception, SystemExit) as error:
            why = f"{type(error).__name__}: {error}"
            raise refusal(text, *(_missing(name) or (f"names {name!r}, which cannot be imported ({why})", _CHECK))) from error
    if isinstance(value, type) or type(value).__module__ in (*TYPING, "types"):
        return value
    raise refusal(text, f"names {name!r}, which is no type but a {type(value).__name__}", "Name a class.")


def _missing(name: str) -> tuple[str, str] | None:
    """Say of a dotted name that leads nowhere which part of it is missing, and what to do; ``None`` where none is."""
    first, *rest = name.split(".")
    if sys.modules.get(first) is None:
        if importlib.util.find_spec(first) is not None:
            return None
        plugin = plugin_for(first)
        return f"names {name!r}, and {first} is not installed", f"pip install {plugin}" if plugin else _CHECK
    value, shown = sys.modules[first], first
    for part in rest:
        try:
            value = getattr(value, part)
        except AttributeError:
            import difflib  # only needed for messages

            close = difflib.get_close_matches(part, [known for known in dir(value) if not known.startswith("_")], 1, 0.7)
            return f"names {name!r}, and {shown} has no {part}", f"Did you mean {shown}.{close[0]}?" if close else _CHECK
        except Exception:  # noqa: BLE001 - a module's own __getattr__
            return None
        shown = f"{shown}.{part}"
    return None


def refusal(hint: Any, why: str, remedy: str) -> UnpackError:
    """Make the error for a hint that cannot be used."""
    shown = hint if isinstance(hint, str) else repr(hint)
    shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
    return UnpackError(f"The type hint {shown!r} {why}", remedy=remedy)
