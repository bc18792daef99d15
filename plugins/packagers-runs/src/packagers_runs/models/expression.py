"""Conditions: a small, safe language over results, for ``stop_condition`` and for the condition of a notification.

``accuracy > 0.9 and epoch >= 3``, ``0 < loss < 1e-3``, ``status in ["a", "b"]``, ``run["status"]["results"]["accuracy"] < 0.9``; also
between ``{{`` and ``}}``. There are numbers, text, ``True False None``, names, items by constant keys, comparisons, ``in``, ``and or not``
and arithmetic. There are no attributes, no calls and no loops, and text, depth, and numbers are bounded, so that an expression of a
stranger costs nothing and reaches nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from packagers_runs.errors import ExpressionError
from packagers_runs.models import operators
from packagers_runs.nearest import nearest

_LONGEST = 1000
_DEEPEST = 40
_SHOWN = 12
_BRACES = re.compile(r"\s*\{\{(?P<inner>.*)\}\}\s*", re.DOTALL)
_TOKEN = re.compile(
    r"""\s+
    | (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w."'])
    | (?:"[^"\\\n]*"|'[^'\\\n]*')(?!["'])
    | (?:[^\W\d]\w*)(?!["'])
    | ==|!=|<=|>=|<|>|\*\*|//|[-+*/%()\[\],]
    """,
    re.VERBOSE,
)
_JINJA = {"true": True, "false": False, "none": None}
_ALLOWED = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Subscript, ast.List, ast.Tuple,
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.BinOp, ast.Compare,
    *operators.ARITHMETIC, *operators.COMPARISONS,
)  # fmt: skip
_LEFT_OUT = {
    ast.Call: "a call",
    ast.IfExp: "'if'",
    ast.Starred: "a star",
    ast.Is: "'is'",
    ast.IsNot: "'is'",
    ast.ListComp: "a loop",
    ast.GeneratorExp: "a loop",
}
_PARTS = "They have names, numbers, text in quotes, comparisons, and, or, not, in, + - * / // % ** and [ ]."
_EXAMPLE = "Write one such as 'accuracy > 0.9'."


@attrs.frozen
class Expression:
    """A condition that has been read and found safe; :func:`parse` makes them.

    Attributes:
        text: The condition as it was given.
        names: The names that it asks for.
        items: The names whose items it asks for, each with a key: ``("results", "val.loss")``.
    """

    text: str
    names: frozenset[str]
    items: frozenset[tuple[str, str]]
    _tree: ast.expr = attrs.field(repr=False, eq=False)
    _shift: int = attrs.field(repr=False, eq=False)

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """Tell whether the condition holds.

        Comparisons with ``nan`` are false, but for ``!=``, as everywhere.

        Args:
            values: The values of names: results, and what else the caller offers.

        Raises:
            ExpressionError: It asks for a name or key that does not exist, compares what cannot be compared, or is not true or false.
        """
        found = self._value(self._tree, values)
        if not isinstance(found, bool):
            raise self._error(f"it is {operators.shown(found)}, which is neither true nor false", self._tree, "Compare it with something.")
        return found

    def _value(self, node: ast.expr, values: Mapping[str, Any]) -> Any:
        try:
            return self._compute(node, values)
        except ExpressionError:
            raise
        except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
            raise self._error(str(error) or type(error).__name__, node) from error

    def _compute(self, node: ast.expr, values: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._named(node, values)
        if isinstance(node, ast.Subscript):
            return self._item(node, values)
        if isinstance(node, ast.BoolOp):
            return self._joined(node, values)
        if isinstance(node, ast.UnaryOp):
            return operators.unary(type(node.op), self._value(node.operand, values))
        if isinstance(node, ast.BinOp):
            return operators.ARITHMETIC[type(node.op)](self._value(node.left, values), self._value(node.right, values))
        if isinstance(node, ast.Compare):
            return self._compared(node, values)
        if isinstance(node, ast.List | ast.Tuple):
            return [self._value(item, values) for item in node.elts]
        raise AssertionError(f"parse() lets no {type(node).__name__} through")

    def _named(self, node: ast.Name, values: Mapping[str, Any]) -> Any:
        if node.id in values:
            return operators.plain(values[node.id])
        if node.id in _JINJA:
            return _JINJA[node.id]
        raise self._error(f"there is no {node.id!r}", node, _known(node.id, values))

    def _item(self, node: ast.Subscript, values: Mapping[str, Any]) -> Any:
        owner, key = self._value(node.value, values), self._value(node.slice, values)
        if isinstance(owner, Mapping):
            if key not in owner:
                raise self._error(f"there is no {key!r}", node.slice, _known(key, owner))
            return operators.plain(owner[key])
        if isinstance(owner, list | tuple) and isinstance(key, int) and not isinstance(key, bool):
            if not -len(owner) <= key < len(owner):
                raise self._error(f"there is no item {key}", node.slice, f"There are {len(owner)}.")
            return operators.plain(owner[key])
        raise self._error(f"{operators.shown(owner)} has no item {key!r}", node, "Dicts have items by key, lists by number.")

    def _joined(self, node: ast.BoolOp, values: Mapping[str, Any]) -> bool:
        ends_with = isinstance(node.op, ast.Or)
        for part in node.values:
            found = self._value(part, values)
            if not isinstance(found, bool):
                raise self._error(f"{operators.shown(found)} is neither true nor false", part, "Compare it with something.")
            if found is ends_with:
                return ends_with
        return not ends_with

    def _compared(self, node: ast.Compare, values: Mapping[str, Any]) -> bool:
        left = self._value(node.left, values)
        for operator, part in zip(node.ops, node.comparators, strict=True):
            right = self._value(part, values)
            if not operators.COMPARISONS[type(operator)](left, right):
                return False
            left = right
        return True

    def _error(self, problem: str, node: ast.expr, remedy: str = "") -> ExpressionError:
        line = self.text[self._shift :].encode()
        place = self._shift + len(line[: node.col_offset].decode(errors="ignore"))
        return make_error(self.text, problem, place, remedy)


def parse(text: str) -> Expression:
    """Read a condition.

    Args:
        text: The condition, also between ``{{`` and ``}}``.

    Returns:
        The condition, to be evaluated any number of times.

    Raises:
        ExpressionError: It cannot be read, or holds what conditions have not; says where.

    >>> parse("accuracy > 0.9").evaluate({"accuracy": 0.93})
    True
    """
    if not isinstance(text, str):
        raise ExpressionError(f"a condition is text, not a {type(text).__name__}", text=repr(text)[:_LONGEST])
    if len(text) > _LONGEST:
        raise make_error(text, f"it is longer than {_LONGEST} characters", None)
    braces = _BRACES.fullmatch(text)
    shift = braces.start("inner") if braces else 0
    inner = braces["inner"] if braces else text
    shift += len(inner) - len(inner.lstrip())
    inner = re.sub(r"\s", " ", inner.strip())
    if not inner:
        raise make_error(text, "it is empty", None, _EXAMPLE)
    _check_tokens(text, inner, shift)
    try:
        tree = ast.parse(inner, mode="eval")
    except SyntaxError as error:
        place = error.offset - 1 if error.offset else len(inner)  # Python says 0 where the end came too soon
        raise make_error(text, error.msg, shift + min(place, len(inner)), _EXAMPLE) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise make_error(text, f"it is nested too deeply ({type(error).__name__})", None) from None
    nodes = list(_checked_nodes(tree, text, shift))
    names = frozenset(node.id for node in nodes if isinstance(node, ast.Name)) - _JINJA.keys()
    return Expression(text, names, frozenset(_items(nodes)), tree.body, shift)


def values_of(results: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """Give the names that a condition may ask for: each result, ``results`` for those whose names are no words, and others.

    Args:
        results: The results of a run.
        **others: What else the caller offers, such as ``run``; before a result of the same name.
    """
    return {**results, "results": results, **others}


def make_error(text: str, problem: str, place: int | None, remedy: str = "") -> ExpressionError:
    """Make the error of a condition.

    Args:
        text: The condition.
        problem: What is wrong with it.
        place: Where, counted in characters from 0; ``None`` for all of it.
        remedy: What to do.
    """
    excerpt = ascii(text[:_LONGEST]) if not text.isprintable() else repr(text)
    excerpt = excerpt if len(excerpt) <= 200 else f"{excerpt[:200]}…"
    where = f", at character {place + 1}" if place is not None else ""
    return ExpressionError(f"the condition {excerpt}: {problem}{where}", text=text, position=place, remedy=remedy or None)


def _check_tokens(text: str, inner: str, shift: int) -> None:
    """Let through only what the language has, so that Python's own parser sees nothing else and has nothing to warn of."""
    place = 0
    while place < len(inner):
        token = _TOKEN.match(inner, place)
        if token is None:
            is_dot = re.match(r"\.\s*[^\W\d]", inner[place:]) is not None
            found = "an attribute" if is_dot else ascii(inner[place:].split()[0][:20])
            remedy = 'A result whose name is no word is written results["its name"].' if is_dot else _PARTS
            raise make_error(text, f"{found} is no part of conditions", shift + place, remedy)
        place = token.end()


def _checked_nodes(tree: ast.AST, text: str, shift: int) -> Iterator[ast.AST]:
    waiting = [(tree, 0, 0)]
    while waiting:
        node, depth, place = waiting.pop()
        place = getattr(node, "col_offset", place)
        if not isinstance(node, _ALLOWED):
            found = _LEFT_OUT.get(type(node), type(node).__name__)
            raise make_error(text, f"{found} is no part of conditions", shift + place, _PARTS)
        if depth > _DEEPEST:
            raise make_error(text, f"it is nested more than {_DEEPEST} levels deep", shift + place)
        if isinstance(node, ast.Subscript) and not _is_constant(node.slice):
            raise make_error(text, "an item is named by a constant", shift + place, 'Write results["accuracy"].')
        yield node
        waiting += [(child, depth + 1, place) for child in ast.iter_child_nodes(node)]


def _items(nodes: list[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant):
            yield node.value.id, str(node.slice.value)


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
        return isinstance(node, ast.Constant) and type(node.value) is int
    return isinstance(node, ast.Constant) and isinstance(node.value, str | int)


def _known(name: Any, values: Mapping[str, Any]) -> str:
    known = sorted(str(other) for other in values)
    listed = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    near = nearest(str(name), known)
    return (f"Did you mean {near!r}? " if near else "") + (f"Known: {listed}." if known else "There is nothing yet.")
