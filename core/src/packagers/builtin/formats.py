"""Public text formats of plain containers: JSON, JSON lines, YAML and text lines, each with what it cannot hold."""

from __future__ import annotations

import json
import math
import sys
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal

from packagers.errors import PackagersError, PackError
from packagers.jsonvalue import MAX_DEPTH
from packagers.ordering import in_order

Format = Literal["json", "jsonl", "yaml", "txt"]
_BREAKS = "\x85\u2028\u2029\ufeff"
"""What YAML takes for line ends, or drops, unless it is escaped."""
_MOST_BITS = int(sys.int_info.default_max_str_digits * math.log2(10))
"""Of an int that Python reads from decimal digits; here it may do so, where a library has lifted the limit, and not in the next process."""


def write_text(obj: Any, format: Format) -> bytes:
    """Give a container as text in a public format, without anything of ours.

    Raises:
        PackError: Where the format cannot hold it, or would give back fewer items.
    """
    try:
        return _WRITERS[format](_plain(obj, format, 0)).encode()
    except (TypeError, ValueError) as error:
        raise PackError(f"the value has no form in {format}: {error}", remedy="Leave the format out: then nothing is lost.") from error


def read_text(text: bytes, format: Format) -> Any:
    """Read a public format.

    Raises:
        ValueError: Where it is not that.
    """
    # A mark at the front is what some editors leave there; in lines of text it may be one of theirs.
    return _READERS[format](text.decode("utf-8" if format == "txt" else "utf-8-sig"))


def _plain(obj: Any, format: Format, depth: int) -> Any:
    """Turn containers into lists and dicts, as far down as they go; a set into the list of its items, where it is the value itself."""
    if depth > MAX_DEPTH:
        raise ValueError(f"it contains itself, or is nested deeper than {MAX_DEPTH} levels")
    if isinstance(obj, Mapping):
        found = {key: _plain(value, format, depth + 1) for key, value in obj.items()}
        _check_keys(found, format)
        return found
    if isinstance(obj, (set, frozenset)):
        if depth:
            raise TypeError("a set stands inside of it")
        return [_plain(item, format, depth + 1) for item in in_order(obj)]
    if isinstance(obj, (list, tuple, deque)):
        return [_plain(item, format, depth + 1) for item in obj]
    _check_size(obj)
    return obj


def _check_size(obj: Any) -> None:
    if isinstance(obj, int) and obj.bit_length() > _MOST_BITS:
        raise ValueError(f"an int has more than {sys.int_info.default_max_str_digits} digits")


def _check_keys(items: dict[Any, Any], format: Format) -> None:
    """Refuse keys that a format cannot read back; in JSON also keys that would be one there, such as ``1`` and ``"1"``."""
    for key in items:
        _check_size(key)
    if format == "yaml":
        strange = next((key for key in items if isinstance(key, (tuple, frozenset))), None)
        if strange is not None:
            raise TypeError(f"a key is a {type(strange).__qualname__}")
    elif len({key if isinstance(key, str) else json.dumps(key) for key in items}) < len(items):
        raise ValueError("two of its keys are the same text there")


def _to_json(items: Any) -> str:
    return json.dumps(items, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _to_jsonl(items: Any) -> str:
    if not isinstance(items, list):
        raise TypeError("jsonl holds lists, one item a line")
    return "".join(json.dumps(item, ensure_ascii=False, allow_nan=False) + "\n" for item in items)


def _from_jsonl(text: str) -> list[Any]:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _to_txt(items: Any) -> str:
    if not isinstance(items, list) or any(not isinstance(item, str) or (item and item.splitlines() != [item]) for item in items):
        raise TypeError("txt holds lists of texts without line breaks, one a line")
    return "".join(item + "\n" for item in items)


def _to_yaml(items: Any) -> str:
    yaml = _yaml()
    try:
        text: str = yaml.safe_dump(items, allow_unicode=True, sort_keys=False)
        if any(mark in text for mark in _BREAKS):
            text = yaml.safe_dump(items, sort_keys=False)
        return text
    except yaml.representer.RepresenterError as error:
        raise TypeError(f"{error.args[0]} of class {type(error.args[-1]).__qualname__}") from None


def _from_yaml(text: str) -> Any:
    yaml = _yaml()
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise PackagersError("yaml needs pyyaml", remedy="pip install packagers[yaml]") from None
    return yaml


_WRITERS: dict[str, Callable[[Any], str]] = {"json": _to_json, "jsonl": _to_jsonl, "yaml": _to_yaml, "txt": _to_txt}
_READERS: dict[str, Callable[[str], Any]] = {"json": json.loads, "jsonl": _from_jsonl, "yaml": _from_yaml, "txt": str.splitlines}
