"""Frozen values: copies that nothing outside can change, taken within bounds, and what makes two of them equal."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from packagers.errors import PackError

MAX_PARTS = 100_000
MAX_DEPTH = 50


class Frozen(Mapping[str, Any]):
    """A mapping that never changes: its values are handed out as copies.

    Args:
        values: The values by name; the caller keeps no hold on any of them.
    """

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self._values = values or {}

    def __getitem__(self, name: str) -> Any:
        return copy.deepcopy(self._values[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __repr__(self) -> str:
        return repr(self._values)

    def __copy__(self) -> Frozen:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Frozen:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Frozen, (self._values,)

    def identity(self) -> Any:
        """Give what makes this mapping equal to another one, types included; hashable."""
        return identity(self._values)


class Copier:
    """Copies one value, whatever it is.

    Args:
        what: What the value is, for errors.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._left = MAX_PARTS

    def copy(self, value: Any, depth: int = 0) -> Any:
        """Copy a value and all in it.

        Raises:
            PackError: It is too large, too deep or contains itself, or a part of it cannot be copied.
        """
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise PackError(
                f"{self._what} has more than {MAX_PARTS} parts"
                if self._left < 0
                else f"{self._what} is nested deeper than {MAX_DEPTH} levels",
                remedy="Keep it to a few plain values; data goes through the function.",
            )
        cls = type(value)
        if cls is list:
            return [self.copy(item, depth + 1) for item in value]
        if cls is dict:
            return {self.copy_key(key, depth): self.copy(item, depth + 1) for key, item in value.items()}
        return self.copy_other(value, depth)

    def copy_key(self, key: Any, depth: int) -> Any:
        """Copy the key of a dict."""
        return self.copy(key, depth + 1)

    def copy_other(self, value: Any, depth: int) -> Any:
        """Copy what is neither a list nor a dict."""
        if type(value) in (tuple, set, frozenset):
            return type(value)(self.copy(item, depth + 1) for item in value)
        try:
            return copy.deepcopy(value)
        except Exception as error:
            raise PackError(
                f"{self._what} cannot be copied: {type(error).__name__}: {error}",
                remedy="Give it a value that can be copied, to be used again.",
            ) from error


class JsonCopier(Copier):
    """Copies one value that JSON has, to JSON's plain types."""

    def copy_key(self, key: Any, depth: int) -> str:
        """Copy the key of an object."""
        return self._text(key) if isinstance(key, str) else self._refuse(key)

    def copy_other(self, value: Any, depth: int) -> Any:
        """Copy a scalar."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int):
            return int(value)
        return float(value) if isinstance(value, float) else self._refuse(value)

    @staticmethod
    def _text(value: str) -> str:
        return str.__str__(value)

    def _refuse(self, value: Any) -> Any:
        raise PackError(
            f"{self._what} holds a value of type {type(value).__qualname__}, which JSON does not have",
            remedy="Use text, numbers, True, False, None, lists, and dicts with text as keys.",
        )


class _Other:
    """A value of a type that this module does not know, compared by its own ``==``."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        try:
            return isinstance(other, _Other) and (self._value is other._value or bool(self._value == other._value))
        except Exception:  # noqa: BLE001 - any type's own ==; an array has no truth value
            return False

    def __hash__(self) -> int:
        return 0


def identity(value: Any) -> Any:
    """Give what makes a value equal to another one.

    Unlike ``==`` it tells ``True`` from ``1`` and ``1`` from ``1.0``, and NaN is equal to NaN.

    Args:
        value: The value.

    Returns:
        Something hashable, equal for equal values of equal types.
    """
    cls = type(value)
    if cls is dict:
        return cls, frozenset((identity(key), identity(item)) for key, item in value.items())
    if cls in (list, tuple):
        return cls, tuple(map(identity, value))
    if cls in (set, frozenset):
        return cls, frozenset(map(identity, value))
    if cls in (float, complex) or cls.__module__ == "decimal":  # not equal to themselves where they are NaN
        return cls, repr(value)
    if value is None or cls in (bool, int, str, bytes):
        return cls, value
    return cls, _Other(value)
