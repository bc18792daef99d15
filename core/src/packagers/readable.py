"""Recorded JSON as text for people: short whatever it holds, and without a character that could be taken for anything but itself."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

_DEPTH = 20
_NODES, _PLACE = 100_000, 400
"""Nodes of a skeleton that are looked at for its parts, and the longest place of one that is looked into."""
_PAIRS = {"$tuple": ("(", ")"), "$set": ("{", "}"), "$frozenset": ("frozenset({", "})")}


def visible(text: str, *, lines: bool = False) -> str:
    r"""Give text in which every character that does not print is shown by its number.

    Args:
        text: Any text.
        lines: Whether ends of lines and tabs stay what they are.

    >>> visible("a\x1b[31m\u202eb\n"), visible("a\nb", lines=True)
    ('a\\x1b[31m\\u202eb\\n', 'a\nb')
    """
    if text.isprintable():
        return text
    kept = "\n\t" if lines else ""
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode("ascii") for c in text)


def size(count: int) -> str:
    """Give a number of bytes in words.

    >>> size(0), size(1536), size(5 << 20)
    ('0 B', '1.5 KiB', '5.0 MiB')
    """
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def cut(text: str, length: int) -> str:
    """Give a text, or its beginning."""
    return text if len(text) <= length else text[: length - 1] + "…"


def value_text(node: Any, length: int = 80) -> str:
    """Give typed JSON as Python would write the value, or its beginning; nothing is made of it.

    Args:
        node: The JSON.
        length: Characters at most.

    >>> value_text({"$tuple": [1, {"$set": ["a"]}, {"$Decimal": "1.10"}, {"$part": 0}]})
    "(1, {'a'}, Decimal('1.10'), <part 0>)"
    """
    return _joined(_value(node, length, 0), length)


def fact_text(entry: Any, length: int = 80) -> str:
    """Give plain JSON without quotes and brackets where it can do without; of a link its value, or where it leads to.

    Args:
        entry: A label, a link, or an entry of a description.
        length: Characters at most.

    >>> fact_text({"a": "int64", "b": [1, None]}), fact_text({"$link": "figure"}), fact_text("text")
    ('a: int64, b: [1, None]', '→ figure', 'text')
    """
    if isinstance(entry, dict) and "$link" in entry:
        return value_text(entry["value"], length) if "value" in entry else cut(f"→ {entry['$link']!s:.{length}}", length)
    return _joined(_fact(entry, length, 0), length)


def places_of_parts(skeleton: Any) -> dict[int, list[str]]:
    """Give, by its number, where each part of a container stands: a place for each item of a part that holds several.

    >>> places_of_parts({"a": [{"$part": 0}], "b": {"$tuple": [{"$part": 1, "item": 0}, {"$part": 1, "item": 1}]}})
    {0: ['.a[0]'], 1: ['.b[0]', '.b[1]']}
    """
    found: dict[int, list[str]] = {}
    waiting = [("", skeleton)]
    for _ in range(_NODES):
        if not waiting:
            break
        place, node = waiting.pop()
        if isinstance(node, dict) and isinstance(node.get("$part"), int):
            found.setdefault(node["$part"], []).append(place)
            continue
        if len(place) <= _PLACE:
            inner = ((place + step, item) for step, item in islice(_inside(node), _NODES) if isinstance(item, (dict, list)))
            waiting += reversed(list(inner))
    return found


def _inside(node: Any) -> Iterator[tuple[str, Any]]:
    """Give the items of a container in typed JSON, each with the step that leads to it."""
    from packagers.jsonvalue import step_of  # every command prints, few print containers

    if isinstance(node, list):
        yield from ((f"[{index}]", item) for index, item in enumerate(_without_number(node)))
    if not isinstance(node, dict):
        return
    tag = next((key for key in node if key.startswith("$") and key != "$shared"), None)
    if tag is None:
        yield from ((step_of(key[:_PLACE]), item) for key, item in node.items())
    elif tag in _PAIRS:
        yield from _inside(node[tag])
    elif tag == "$dict" and isinstance(node[tag], list):
        pairs = (pair for pair in node[tag] if isinstance(pair, list) and len(pair) == 2)
        yield from ((f"[{value_text(key, 60)}]", item) for key, item in pairs)
    elif tag == "$object":
        yield from _inside(node.get("items"))
        yield from _inside(node.get("state"))


def _without_number(items: list[Any]) -> list[Any]:
    """Leave out what marks a list that stands in several places."""
    first = items[0] if items else None
    return items[1:] if isinstance(first, dict) and list(first) == ["$shared"] else items


def _joined(pieces: Iterator[str], length: int) -> str:
    """Join pieces until there are enough; the others are never made."""
    taken: list[str] = []
    total = 0
    for piece in pieces:
        taken.append(piece)
        total += len(piece)
        if total > length:
            break
    return cut("".join(taken), length)


def _list(opening: str, items: Iterable[Iterator[str]], closing: str) -> Iterator[str]:
    yield opening
    for index, item in enumerate(items):
        if index:
            yield ", "
        yield from item
    yield closing


def _named(key: Iterator[str], value: Iterator[str], between: str = ": ") -> Iterator[str]:
    yield from key
    yield between
    yield from value


def _value(node: Any, length: int, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        yield "…"
    elif isinstance(node, str):
        yield repr(node[: length + 1])
    elif isinstance(node, list):
        yield from _list("[", (_value(item, length, depth + 1) for item in _without_number(node)), "]")
    elif isinstance(node, dict):
        tag = next((key for key in node if key.startswith("$") and key != "$shared"), None)
        yield from _tagged(node, tag, length, depth + 1) if tag is not None else _mapping(node, length, depth + 1)
    else:
        yield repr(node)


def _mapping(node: Mapping[str, Any], length: int, depth: int) -> Iterator[str]:
    items = ((key, value) for key, value in node.items() if key != "$shared")
    return _list("{", (_named(iter([repr(key[: length + 1])]), _value(value, length, depth)) for key, value in items), "}")


def _tagged(node: Mapping[str, Any], tag: str, length: int, depth: int) -> Iterator[str]:
    """Write an object of typed JSON whose key begins with ``$``."""
    inner = node[tag]
    if tag in _PAIRS and isinstance(inner, list):
        opening, closing = _PAIRS[tag]
        end = f",{closing}" if tag == "$tuple" and len(inner) == 1 else closing
        return _list(opening, (_value(item, length, depth) for item in inner), end) if inner or tag == "$tuple" else iter([f"{tag[1:]}()"])
    if tag == "$dict" and isinstance(inner, list):
        pairs = (pair for pair in inner if isinstance(pair, list) and len(pair) == 2)
        return _list("{", (_named(_value(key, length, depth), _value(value, length, depth)) for key, value in pairs), "}")
    if tag == "$object":
        return _object(node, length, depth)
    if tag == "$value":
        return _list(f"{node.get('type')!s:.{length}}(", [_value(inner, length, depth)], ")")
    if tag == "$part":
        return iter([f"<part {inner!s:.20}, item {node['item']!s:.20}>" if "item" in node else f"<part {inner!s:.20}>"])
    if tag == "$link":
        return iter([f"→ {inner!s:.{length}}"])
    if tag == "$same":
        return iter(["<the same as before>"])
    if tag in ("$int", "$float"):
        return iter([f"{inner!s:.{length}}"])
    if tag == "$ellipsis":
        return iter(["..."])
    if tag in ("$bytes", "$str"):
        return iter([_decoded(inner, tag == "$str", length)])
    parts = inner if isinstance(inner, list) else [inner]
    return _list(f"{tag[1:]:.{length}}(", (_value(part, length, depth) for part in parts), ")")


def _object(node: Mapping[str, Any], length: int, depth: int) -> Iterator[str]:
    items = node.get("items")
    name = f"{node['$object']!s:.{length}}"
    if isinstance(items, dict) and not any(key.startswith("$") for key in items):
        named = (_named(iter([key[: length + 1]]), _value(value, length, depth), "=") for key, value in items.items())
        return _list(f"{name}(", named, ")")
    return _list(f"{name}(", [_value(items, length, depth)], ")")


def _decoded(text: Any, is_text: bool, length: int) -> str:
    """Give the beginning of what base64 stands for."""
    try:
        data = base64.b64decode(text[: 4 * (length // 2)], validate=True)
        return repr(data.decode("utf-8", "surrogatepass")) if is_text else repr(data)
    except (binascii.Error, TypeError, ValueError):
        return repr(text)[: length + 1]


def _fact(entry: Any, length: int, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        yield "…"
    elif isinstance(entry, str):
        yield entry[: length + 1]
    elif isinstance(entry, dict):
        opening, closing = ("{", "}") if depth else ("", "")
        pairs = (_named(iter([key[: length + 1]]), _fact(value, length, depth + 1)) for key, value in entry.items())
        yield from _list(opening, pairs, closing)
    elif isinstance(entry, list):
        opening, closing = ("[", "]") if depth else ("", "")
        yield from _list(opening, (_fact(item, length, depth + 1) for item in entry), closing)
    else:
        yield repr(entry)
