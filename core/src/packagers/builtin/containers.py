"""The containers of Python and ``collections``, and their subclasses.

They write no files of their own: ``structure`` walks them, and their leaves are packed by their own packagers. What is asked for by the
name of a public format (``json``, ``yaml``, …) is written as that format and nothing more.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from packagers.errors import PackError, UnpackError
from packagers.packager import Instructions, Packager

Format = Literal["json", "jsonl", "yaml", "txt"]


class ObjectContainer(Packager):
    """Base of containers that can be made before their items are, so that they may contain themselves.

    Attributes:
        CYCLIC: Whether :meth:`empty` and :meth:`fill` work; immutable containers have :meth:`bundle` alone.
    """

    CYCLIC: ClassVar[bool] = False
    READERS = {"file": "data", "result": "data"}
    DETERMINISTIC = frozenset({"file", "result"})

    def unbundle(self, obj: Any) -> list[Any] | dict[str, Any]:
        """Give the items, or the fields by name."""
        raise PackError(f"{type(self).__qualname__} does not take {type(obj).__qualname__} objects apart")

    def empty(self, cls: Any) -> Any:
        """Make an object of class ``cls`` without calling its ``__init__``."""
        return cls.__new__(cls)

    def fill(self, obj: Any, items: Any) -> None:
        """Put the items into an object that :meth:`empty` made."""
        raise UnpackError(f"{type(obj).__qualname__} objects cannot be filled")

    def bundle(self, items: Any, cls: type[Any]) -> Any:
        """Make the container and fill it."""
        made = self.empty(cls)
        self.fill(made, items)
        return made

    def state(self, obj: Any) -> dict[str, Any]:
        """Give what belongs to the object besides its items: the attributes of a subclass."""
        return dict(getattr(obj, "__dict__", {}))

    def restore(self, obj: Any, state: dict[str, Any]) -> None:
        """Give an object back what :meth:`state` gave."""
        for name, value in state.items():
            object.__setattr__(obj, name, value)


class _BuiltinContainer(ObjectContainer):
    """Base of the containers of Python itself."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "result"
    DEFAULT_UNPACKING_ARTIFACT_TYPE = "file"
    PACK_SUBCLASSES = True
    READERS = {"file": "data", "result": "data", "json": "data", "jsonl": "data", "yaml": "data", "txt": "data"}
    LOSSY = frozenset({"json", "jsonl", "yaml", "txt"})

    def pack_file(self, obj: Any, folder: Path, *, format: Format) -> Instructions | None:
        """Write the items in a public format, without anything of ours.

        Args:
            obj: The container.
            folder: Where to write.
            format: ``json``, ``jsonl`` (one item a line), ``yaml``, or ``txt`` (one text a line).
        """
        items = _plain(obj)
        try:
            text = _WRITERS[format](items)
        except (TypeError, ValueError) as error:
            raise PackError(f"the value has no form in {format}: {error}", remedy="Leave the format out: then nothing is lost.") from error
        (folder / f"data.{format}").write_text(text, encoding="utf-8", newline="")
        return None

    def unpack_file(self, folder: Path, *, format: Format = "json") -> Any:
        """Read a public format.

        Args:
            folder: Where the file is.
            format: Its format.

        Raises:
            UnpackError: Where the text is not of that format, or holds something that is no such container.
        """
        file = self.only_file(folder)
        try:
            items = _READERS[format](file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise UnpackError(f"the file is no {format}: {error}", file=file) from error
        return self.from_plain(items)

    def from_plain(self, items: Any) -> Any:
        """Make the container of what a public format holds."""
        raise UnpackError(f"{type(self).__qualname__} reads no plain files")


class ListPackager(_BuiltinContainer):
    """Pack a ``list``."""

    CYCLIC = True
    BUNDLE_FROM_LIST = True

    def unbundle(self, obj: Any) -> list[Any]:
        """Give the items."""
        return list(list.__iter__(obj))

    def fill(self, obj: Any, items: Any) -> None:
        """Append the items."""
        list.extend(obj, items)

    def from_plain(self, items: Any) -> Any:
        """Take a list."""
        return _expect(items, list)


class TuplePackager(_BuiltinContainer):
    """Pack a ``tuple``, also a named one."""

    BUNDLE_FROM_LIST = True

    def unbundle(self, obj: Any) -> list[Any]:
        """Give the items."""
        return list(tuple.__iter__(obj))

    def bundle(self, items: Any, cls: type[Any]) -> Any:
        """Make the tuple."""
        return tuple.__new__(cls, items)

    def from_plain(self, items: Any) -> Any:
        """Take a list."""
        return tuple(_expect(items, list))


class SetPackager(_BuiltinContainer):
    """Pack a ``set``."""

    CYCLIC = True
    BUNDLE_FROM_LIST = True

    def unbundle(self, obj: Any) -> list[Any]:
        """Give the items."""
        return list(set.__iter__(obj))

    def fill(self, obj: Any, items: Any) -> None:
        """Add the items."""
        set.update(obj, items)

    def from_plain(self, items: Any) -> Any:
        """Take a list."""
        return set(_expect(items, list))


class FrozensetPackager(_BuiltinContainer):
    """Pack a ``frozenset``."""

    BUNDLE_FROM_LIST = True

    def unbundle(self, obj: Any) -> list[Any]:
        """Give the items."""
        return list(frozenset.__iter__(obj))

    def bundle(self, items: Any, cls: type[Any]) -> Any:
        """Make the set."""
        return frozenset.__new__(cls, items)

    def from_plain(self, items: Any) -> Any:
        """Take a list."""
        return frozenset(_expect(items, list))


class DictPackager(_BuiltinContainer):
    """Pack a ``dict``, an ``OrderedDict`` or a ``Counter``."""

    CYCLIC = True
    BUNDLE_FROM_DICT = True

    def unbundle(self, obj: Any) -> dict[str, Any]:
        """Give the items."""
        return dict(dict.items(obj))

    def fill(self, obj: Any, items: Any) -> None:
        """Set the items, in their order."""
        for key, value in items.items():
            _setter(obj)(obj, key, value)

    def from_plain(self, items: Any) -> Any:
        """Take an object."""
        return _expect(items, dict)


class DefaultdictPackager(DictPackager):
    """Pack a ``defaultdict`` whose factory is a class that can be named."""

    def state(self, obj: Any) -> dict[str, Any]:
        """Give the factory too."""
        factory = obj.default_factory
        if factory is not None and factory not in _FACTORIES.values():
            raise PackError(
                f"the default_factory {factory!r} has no name to find it by",
                remedy=f'Use one of {", ".join(_FACTORIES)}, or ask for artifact type "object".',
            )
        return {**super().state(obj), "default_factory": None if factory is None else factory.__name__}

    def restore(self, obj: Any, state: dict[str, Any]) -> None:
        """Give the factory back."""
        obj.default_factory = _FACTORIES[name] if (name := state.pop("default_factory")) is not None else None
        super().restore(obj, state)


class DequePackager(ListPackager):
    """Pack a ``deque`` with its bound."""

    def unbundle(self, obj: Any) -> list[Any]:
        """Give the items."""
        return list(deque.__iter__(obj))

    def state(self, obj: Any) -> dict[str, Any]:
        """Give the bound too."""
        return {**super().state(obj), "maxlen": obj.maxlen}

    def fill(self, obj: Any, items: Any) -> None:
        """Append the items."""
        deque.extend(obj, items)

    def restore(self, obj: Any, state: dict[str, Any]) -> None:
        """Give the bound back; it can only be set from the start."""
        maxlen = state.pop("maxlen")
        if maxlen is not None:
            items = list(deque.__iter__(obj))
            deque.__init__(obj, items, maxlen)
        super().restore(obj, state)

    def from_plain(self, items: Any) -> Any:
        """Take a list."""
        return deque(_expect(items, list))


_FACTORIES = {cls.__name__: cls for cls in (list, dict, set, frozenset, tuple, int, float, complex, str, bytes, bytearray, bool)}


def _setter(obj: Any) -> Any:
    """Give the ``__setitem__`` of the builtin or standard class that an object's class descends from, never an overridden one."""
    return OrderedDict.__setitem__ if isinstance(obj, OrderedDict) else dict.__setitem__


def _plain(obj: Any) -> Any:
    """Turn containers into lists and dicts, as far down as they go; sets in a stable order."""
    if isinstance(obj, Mapping):
        return {key: _plain(value) for key, value in obj.items()}
    if isinstance(obj, (set, frozenset)):
        return sorted((_plain(item) for item in obj), key=repr)
    if isinstance(obj, (list, tuple, deque)):
        return [_plain(item) for item in obj]
    return obj


def _expect(items: Any, kind: type[Any]) -> Any:
    if not isinstance(items, kind):
        raise UnpackError(f"the file holds a {type(items).__name__}, and a {kind.__name__} was asked for")
    return items


def _to_json(items: Any) -> str:
    return json.dumps(items, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _to_jsonl(items: Any) -> str:
    if not isinstance(items, list):
        raise TypeError("jsonl holds lists, one item a line")
    return "".join(json.dumps(item, ensure_ascii=False, allow_nan=False) + "\n" for item in items)


def _from_jsonl(text: str) -> list[Any]:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _to_txt(items: Any) -> str:
    if not isinstance(items, list) or any(not isinstance(item, str) or len(item.splitlines()) > 1 for item in items):
        raise TypeError("txt holds lists of texts without line breaks, one a line")
    return "".join(item + "\n" for item in items)


def _to_yaml(items: Any) -> str:
    text: str = _yaml().safe_dump(items, allow_unicode=True, sort_keys=False)
    return text


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
        raise UnpackError("yaml needs pyyaml", remedy="pip install packagers[yaml]") from None
    return yaml


_WRITERS: dict[str, Callable[[Any], str]] = {"json": _to_json, "jsonl": _to_jsonl, "yaml": _to_yaml, "txt": _to_txt}
_READERS: dict[str, Callable[[str], Any]] = {"json": json.loads, "jsonl": _from_jsonl, "yaml": _from_yaml, "txt": str.splitlines}
