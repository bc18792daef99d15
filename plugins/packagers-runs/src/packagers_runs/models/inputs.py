"""Inputs and outputs as a task names them: type hints inside of keys, and the keys of what comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

from packagers import LogHint
from packagers_runs.errors import FieldError
from packagers_runs.models.fields import refuse

LIVE = "live://"
"""What a document says of an input that was an object: this and its type."""

_KEY = re.compile(r"[\w.\-]+")


def check_inputs(value: dict[str, Any], field: str, owner: str) -> dict[str, Any]:
    """Give inputs with paths as text; all else stays as it is, live objects too."""
    return {name: _as_text(source) for name, source in value.items()}


def _as_text(source: Any) -> Any:
    if isinstance(source, PathLike):
        return source.__fspath__()
    if type(source) is list:
        return [_as_text(item) for item in source]
    if type(source) is dict:
        return {name: _as_text(item) for name, item in source.items()}
    return source


def check_hints(value: dict[str, Any], field: str, owner: str) -> dict[str, Any]:
    """Check type hints by input: text, or types."""
    for name, hint in value.items():
        if hint is None or (isinstance(hint, str) and not hint.strip()):
            refuse(f"{field}[{name!r}]", owner, "a type, or its name", hint)
    return value


def check_returns(value: list[Any], field: str, owner: str) -> list[Any]:
    """Check log hints; they stay as they were written.

    Raises:
        packagers.HintSyntaxError: One cannot be read; says where.
    """
    for each in value:
        if each is not None:
            LogHint.parse(each)
    return value


def check_twins(returns: Iterable[Any]) -> None:
    """Refuse log hints that name two outputs alike.

    Raises:
        FieldError: Two have one key.
    """
    keys = [LogHint.parse(each).key for each in returns if each is not None]
    for key in keys:
        if keys.count(key) > 1:
            raise FieldError(f"two outputs have the key {key!r}", model="RunSpec", field="returns", remedy="Rename one of them.")


def split_key(key: str) -> tuple[str, str | None]:
    """Take the type hint out of an input's key.

    Args:
        key: ``"name"`` or ``"name : type"``.

    Returns:
        The name, and the type if there is one.

    Raises:
        FieldError: There is no name or no type, there are two colons, or the name is none.

    >>> split_key("data : pandas.DataFrame"), split_key("data")
    (('data', 'pandas.DataFrame'), ('data', None))
    """
    name, colon, hint = (part.strip() for part in key.partition(":"))
    problem = ""
    if ":" in hint:
        problem = "has more than one colon"
    elif colon and not hint:
        problem = "has a colon and no type after it"
    elif not _KEY.fullmatch(name):
        problem = "has no name that an input can have"
    if problem:
        raise FieldError(
            f"the input key {key!a:.100} {problem}",
            model="RunSpec",
            field="inputs",
            remedy="Write 'name' or 'name : type', such as 'data : pandas.DataFrame'; names have letters, digits and _ . -",
        )
    return name, hint or None


def split_keys(inputs: Mapping[str, Any], hints: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take the type hints out of the keys of inputs.

    Args:
        inputs: The inputs by key, some with a type in it.
        hints: Type hints that were given besides; they win.

    Returns:
        The inputs by name, and all type hints by name.

    Raises:
        FieldError: A key cannot be read, or two have the same name.
    """
    names: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for key, source in inputs.items():
        name, hint = split_key(key)
        if name in names:
            raise FieldError(f"two inputs have the name {name!r}", model="RunSpec", field="inputs", remedy="Leave one of them out.")
        names[name] = source
        if hint is not None:
            found[name] = hint
    return names, {**found, **hints}


def join_keys(outputs: Iterable[str] | None, returns: Sequence[Any] | None) -> list[str]:
    """Give the keys of what a run puts out: those of ``outputs``, then those of log hints, each once, in this order.

    Args:
        outputs: Keys.
        returns: Log hints; ``None`` is that of a value that is not logged.
    """
    hinted = [LogHint.parse(hint).key for hint in returns or () if hint is not None]
    return list(dict.fromkeys([*(outputs or ()), *hinted]))


def is_live(recorded: Any) -> bool:
    """Tell whether what a document says of an input is, or holds, an object that was passed as it is."""
    if isinstance(recorded, list | dict):
        return any(map(is_live, recorded.values() if isinstance(recorded, dict) else recorded))
    return str(recorded).startswith(LIVE)
