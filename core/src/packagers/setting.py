"""One setting: which values it takes, and what the text of its environment variable means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NoReturn, Protocol, TypeVar, overload

from packagers.errors import SettingError

_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}

Got = TypeVar("Got")
Given = TypeVar("Given")


class Table(Protocol):
    """What holds settings: it says where their values come from."""

    def _value_of(self, setting: Setting[Any, Any]) -> Any: ...

    def _set(self, setting: Setting[Any, Any], value: Any) -> None: ...

    def _forget(self, setting: Setting[Any, Any]) -> None: ...


class Setting(Generic[Got, Given]):
    """One setting: a descriptor that asks the object it is read from.

    Args:
        default: The default.
        expected: What values it takes, as the end of "It takes …".
        accept: Gives the checked value, or raises ``ValueError``.
        read: Gives the value that the text of an environment variable means; :attr:`accept` checks it.
        doc: What it is for.
        empty_counts: Whether an empty text of the environment variable is a value.
        in_project: Whether a project's file may set it.
    """

    def __init__(
        self,
        default: Got,
        expected: str,
        accept: Callable[[Any], Got],
        read: Callable[[str], Any],
        doc: str,
        empty_counts: bool = False,
        in_project: bool = True,
    ) -> None:
        self.default = default
        self.in_project = in_project
        self.expected = expected
        self.doc = doc
        self.empty_counts = empty_counts
        self._accept = accept
        self._read = read

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.variable = f"PACKAGERS_{name.upper()}"
        self.for_process = f"settings.{name} = …"
        self.for_block = f"with settings({name}=…)"

    @overload
    def __get__(self, holder: None, owner: type) -> Setting[Got, Given]: ...
    @overload
    def __get__(self, holder: Table, owner: type) -> Got: ...
    def __get__(self, holder: Table | None, owner: type) -> Any:
        return self if holder is None else holder._value_of(self)

    def __set__(self, holder: Table, value: Given) -> None:
        holder._set(self, value)

    def __delete__(self, holder: Table) -> None:
        holder._forget(self)

    def check(self, value: Any, origin: str, **where: Any) -> Got:
        """Check a value.

        Args:
            value: The value.
            origin: Where it comes from.
            **where: More facts for the error.

        Raises:
            SettingError: The setting cannot have it.
        """
        try:
            return self._accept(value)
        except ValueError:
            raise SettingError(
                f"the setting {self.name!r} cannot be {shown(value)}, from {origin}",
                setting=self.name,
                origin=origin,
                remedy=f"It takes {self.expected}.",
                **where,
            ) from None

    def check_text(self, text: str) -> Got:
        """Check the text of the environment variable."""
        return self.check(self._read(text.strip()), self.variable)


def flag(default: bool, doc: str) -> Setting[bool, bool]:
    """Give a setting that is true or false."""

    def accept(value: Any) -> bool:
        return value if isinstance(value, bool) else _refuse()

    return Setting(default, "True or False", accept, lambda text: _WORDS.get(text.lower(), text), doc)


def choice(choices: tuple[str, ...], doc: str) -> Setting[str, str]:
    """Give a setting that takes one of some words, the first if unsaid."""

    def accept(value: Any) -> str:
        return str.__str__(value) if isinstance(value, str) and value in choices else _refuse()

    return Setting(choices[0], " or ".join(map(repr, choices)), accept, str, doc)


def text(default: str, doc: str) -> Setting[str, str]:
    """Give a setting that is a text."""

    def accept(value: Any) -> str:
        return str.__str__(value) if isinstance(value, str) and value.strip() else _refuse()

    return Setting(default, "text that is not empty", accept, str, doc)


def rank(default: int, doc: str) -> Setting[int, int]:
    """Give a setting that is a whole number from 0."""

    def accept(value: Any) -> int:
        return value if type(value) is int and value >= 0 else _refuse()

    return Setting(default, "a whole number from 0", accept, lambda text: whole_number(text, text), doc)


def limit(default: int, doc: str) -> Setting[int, int]:
    """A limit protects the machine, so it is set there, and not by files that came with a project."""

    def accept(value: Any) -> int:
        return value if type(value) is int and value > 0 else _refuse()

    return Setting(default, "a whole number from 1", accept, lambda text: whole_number(text, text), doc, in_project=False)


def names(doc: str) -> Setting[tuple[str, ...], Sequence[str]]:
    """Give a setting that is a list of names."""

    def accept(value: Any) -> tuple[str, ...]:
        if isinstance(value, list | tuple) and all(isinstance(each, str) and each.strip() for each in value):
            return tuple(map(str.__str__, value))
        return _refuse()

    def read(text: str) -> list[str]:
        return [part.strip() for part in text.split(",") if part.strip()]

    return Setting((), "a list of names, such as ['packagers-x']", accept, read, doc, empty_counts=True)


def _refuse() -> NoReturn:
    raise ValueError


def shown(value: Any) -> str:
    """Give a value for a message, cut."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def whole_number(text: str, otherwise: Any) -> Any:
    """Give the whole number that a text is."""
    try:
        return int(text)
    except ValueError:
        return otherwise
