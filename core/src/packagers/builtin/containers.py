"""The containers of Python and ``collections``, and their subclasses.

They write no files of their own: ``structure`` walks them, and their leaves are packed by their own packagers. What is asked for by the
name of a public format (``json``, ``yaml``, …) is written as that format and nothing more.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping
from pathlib import Path
from types import GenericAlias
from typing import Any, ClassVar

from packagers.attributes import attributes_of, set_attributes
from packagers.builtin.formats import Format, read_text, write_text
from packagers.builtin.summaries import Summarised
from packagers.errors import PackError, UnpackError
from packagers.packager import Instructions, Packager
from packagers.policy import import_class
from packagers.typepath import lookup, path_of

_MADE_BY = (OrderedDict, defaultdict, deque, dict, list, set)
"""The classes whose ``__new__`` makes a container before it has items, the more special ones first."""


class ObjectContainer(Summarised, Packager):
    """Base of containers that can be made before their items are, so that they may contain themselves.

    Attributes:
        CYCLIC: Whether :meth:`empty` and :meth:`fill` work; immutable containers have :meth:`bundle` alone.
        IDENTITY: Whether it matters that one object stands in several places; it does not for members of an enumeration.
    """

    CYCLIC: ClassVar[bool] = False
    IDENTITY: ClassVar[bool] = True
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
        """Give what belongs to the object besides its items: the attributes of a subclass, in slots too."""
        return attributes_of(obj)

    def restore(self, obj: Any, state: dict[str, Any]) -> None:
        """Give an object back what :meth:`state` gave."""
        set_attributes(obj, state)


class _BuiltinContainer(ObjectContainer):
    """Base of the containers of Python itself."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "result"
    DEFAULT_UNPACKING_ARTIFACT_TYPE = "file"
    PACK_SUBCLASSES = True
    READERS = {"file": "data", "result": "data", "json": "data", "jsonl": "data", "yaml": "data", "txt": "data"}
    LOSSY = frozenset({"json", "jsonl", "yaml", "txt"})

    def empty(self, cls: Any) -> Any:
        """Make the container without calling anything of a class that is not Python's own."""
        return next(made_by for made_by in _MADE_BY if issubclass(cls, made_by)).__new__(cls)

    def pack_file(self, obj: Any, folder: Path, *, format: Format) -> Instructions | None:
        """Write the items in a public format, without anything of ours.

        Args:
            obj: The container.
            folder: Where to write.
            format: ``json``, ``jsonl`` (one item a line), ``yaml``, or ``txt`` (one text a line).
        """
        with self.create_file(folder, f"data.{format}") as file:
            file.write(write_text(obj, format))
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
            items = read_text(file.read_bytes(), format)
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
    BUNDLE_FROM_DICT = True

    def unbundle(self, obj: Any) -> list[Any]:
        """Give the items."""
        return list(tuple.__iter__(obj))

    def bundle(self, items: Any, cls: type[Any]) -> Any:
        """Make the tuple; of a named one, with as many items as its class has names, or of inputs by name."""
        names = getattr(cls, "_fields", None)
        if isinstance(items, dict):
            if not isinstance(names, tuple):
                raise UnpackError(f"a {cls.__qualname__} has no names for a dict of inputs", remedy="Give a list of inputs.")
            return construct(cls, items)
        if isinstance(names, tuple) and len(names) != len(items):
            raise UnpackError(
                f"{cls.__qualname__} has {len(names)} fields, and {len(items)} were packed",
                remedy="Use the version of the class that the value was packed with.",
            )
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
    """Pack a ``dict``."""

    CYCLIC = True
    BUNDLE_FROM_DICT = True
    MADE_OF_DICT: ClassVar[type[dict[Any, Any]]] = dict

    def unbundle(self, obj: Any) -> dict[str, Any]:
        """Give the items."""
        return dict(dict.items(obj))

    def fill(self, obj: Any, items: Any) -> None:
        """Set the items, in their order."""
        for key, value in items.items():
            _setter(obj)(obj, key, value)

    def from_plain(self, items: Any) -> Any:
        """Take an object."""
        return self.MADE_OF_DICT(_expect(items, dict))


class OrderedDictPackager(DictPackager):
    """Pack an ``OrderedDict``."""

    MADE_OF_DICT = OrderedDict

    def unbundle(self, obj: Any) -> dict[str, Any]:
        """Give the items in its own order, which ``move_to_end`` changes and that of the dict below does not follow."""
        return dict(OrderedDict.items(obj))


class CounterPackager(DictPackager):
    """Pack a ``Counter``."""

    MADE_OF_DICT = Counter


class DefaultdictPackager(DictPackager):
    """Pack a ``defaultdict`` whose factory is a class that can be named."""

    def state(self, obj: Any) -> dict[str, Any]:
        """Give the factory too."""
        factory = obj.default_factory
        return {**super().state(obj), "default_factory": None if factory is None else _name_of(factory)}

    def restore(self, obj: Any, state: dict[str, Any]) -> None:
        """Give the factory back; one that is no class of Python's own is imported where that is allowed."""
        name = state.pop("default_factory")
        obj.default_factory = None if name is None else _FACTORIES.get(name) or import_class(name, object)
        super().restore(obj, state)

    def from_plain(self, items: Any) -> Any:
        """Take an object; no file says what its missing items would be."""
        return defaultdict(None, _expect(items, dict))


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


def construct(cls: type[Any], fields: Mapping[str, Any]) -> Any:
    """Make an object of inputs by name, by its constructor.

    Raises:
        UnpackError: Where the constructor does not take them.
    """
    try:
        return cls(**fields)
    except Exception as error:
        raise UnpackError(
            f"no {cls.__qualname__} can be made of the inputs {', '.join(map(str, fields)) or '(none)'}: {type(error).__name__}: {error}",
            remedy="Give what its constructor takes, by name.",
        ) from error


_FACTORIES = {
    path_of(cls): cls
    for cls in (
        *(list, dict, set, frozenset, tuple, int, float, complex, str, bytes, bytearray, bool, object),
        *(OrderedDict, Counter, defaultdict, deque),
    )
}


def _name_of(factory: Any) -> str:
    """Name the factory of a ``defaultdict`` so that another process finds it."""
    name = path_of(factory) if type(factory) is not GenericAlias and isinstance(factory, type) else ""
    if name in _FACTORIES or (name and factory.__module__ != "__main__" and lookup(name) is factory):
        return name
    raise PackError(
        f"the default_factory {factory!r:.100} is no class that another process could find by its name",
        remedy='Use a class at the top of a module, or ask for artifact type "object" (pickled, factory and all).',
    )


def _setter(obj: Any) -> Any:
    """Give the ``__setitem__`` of the builtin or standard class that an object's class descends from, never an overridden one."""
    return OrderedDict.__setitem__ if isinstance(obj, OrderedDict) else dict.__setitem__


def _expect(items: Any, kind: type[Any]) -> Any:
    if not isinstance(items, kind):
        raise UnpackError(f"the file holds a {type(items).__name__}, and a {kind.__name__} was asked for")
    return items
