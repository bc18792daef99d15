"""Typed JSON: plain Python values as RFC 8259 JSON and back, with their exact types.

What JSON has stands as itself: ``None``, ``bool``, finite ``float``, ``str``, ``list``, ``dict`` with text keys, and ``int`` up to 64 bits.
All else is an object with one key that begins with ``$``::

    {"$int": "0x10000000000000000"}     {"$float": "nan"}            {"$str": "<base64 of UTF-8 with surrogates>"}
    {"$bytes": "<base64>"}              {"$complex": [1.0, …]}       {"$tuple": […]}  {"$set": […]}  {"$frozenset": […]}
    {"$dict": [[key, value], …]}        (keys that are not clean text, or that begin with $)
    {"$datetime": …} {"$Decimal": …} …  (the scalars of the standard library: ``stdscalars``)

One object that stands in several places, or that contains itself, is written once: its first place carries a number
(``{"$shared": 3, …}``, in a list the first item ``{"$shared": 3}``), the others are ``{"$same": 3}``. Sets are written in an order of what
their items are made of, so that equal values give equal bytes in every process. Anything else is handed to a function that the caller
gives: the walk over containers of packaged objects (``structure``) is built on that.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable, Collection, Iterable
from typing import Any

from packagers.errors import PackagersError, PackError, UnpackError
from packagers.ordering import in_order
from packagers.stdscalars import BY_PATH, BY_TAG, Scalar

MAX_DEPTH = 100
LARGE = 1 << 16
"""Bytes beyond this many are handed to ``default``, where there is one: base64 is for small things."""
_FEW = 64
"""How many items are looked at for nothing where one of them has parts."""
_INT_LIMIT = 1 << 63
_NAN = struct.pack(">d", math.nan)
_BINARY = (bytes, bytearray, memoryview)
_WRITABLE = (bytearray, memoryview)
_ALONE = frozenset({"$same", "$dict", "$set", "$tuple", "$frozenset", "$str", "$bytes", "$int", "$float"})
_TEXT = frozenset({str})
_CONTAINERS = (list, dict, tuple, set, frozenset)

PARTS: Any = object()
"""Stands for what is more than text, a number, a boolean or ``None``."""

Default = Callable[[Any, "Encoder"], Any]
Build = Callable[[dict[str, Any], "Decoder"], Any]


def encode(obj: Any) -> Any:
    """Encode a value made of plain values as JSON.

    Raises:
        PackError: For a value that is not plain; gives the path of the leaf.

    >>> encode((1, {"a": {2}}))
    {'$tuple': [1, {'a': {'$set': [2]}}]}
    """
    node = atom(obj)
    if node is not PARTS:
        return node
    encoder = Encoder()
    return encoder.finish(encoder.encode(obj))


def decode(value: Any) -> Any:
    """Give back what :func:`encode` was given.

    Raises:
        UnpackError: For JSON that :func:`encode` does not write.

    >>> decode({"$tuple": [1, {"a": {"$set": [2]}}]})
    (1, {'a': {2}})
    """
    return Decoder().decode(value)


def atom(obj: Any) -> Any:
    """Encode a value that has no parts; gives :data:`PARTS` for any other."""
    cls = type(obj)
    if cls is str:
        return obj if obj.isascii() or _is_clean(obj) else {"$str": _to_base64(obj.encode("utf-8", "surrogatepass"))}
    if cls is int:
        return obj if -_INT_LIMIT <= obj < _INT_LIMIT else {"$int": hex(obj)}
    if cls is float:
        return obj if math.isfinite(obj) else {"$float": _text_of(obj)}
    return obj if obj is None or cls is bool else PARTS


def flat(obj: Any) -> Any:
    """Encode a list, or a dict with keys of text, whose few items have no parts; gives :data:`PARTS` for any other."""
    cls = type(obj)
    if (cls is not dict and cls is not list) or len(obj) > _FEW or (cls is dict and not _are_plain(obj)):
        return PARTS
    nodes = list(map(atom, obj.values() if cls is dict else obj))
    if PARTS in nodes:
        return PARTS
    return dict(zip(obj, nodes, strict=True)) if cls is dict else nodes


class Encoder:
    """Encodes values, and remembers the containers that it has seen.

    Args:
        default: Called with a value that is not plain, and this encoder; gives JSON.
    """

    def __init__(self, default: Default | None = None) -> None:
        self._default = default
        self._path: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._open: set[int] = set()
        self._seen: list[tuple[Any, Any]] = []
        self._repeated: set[int] = set()
        self._sets = 0

    @property
    def leaf(self) -> str:
        """The path of the value that is being encoded, such as ``.layers[3].hook``."""
        return "".join(map(step_of, self._path))

    def _down(self, step: Any) -> None:
        """Go one step down the path, by a key or an index."""
        if len(self._path) >= MAX_DEPTH:
            raise PackError(
                f"the value is nested deeper than {MAX_DEPTH} levels",
                leaf=self.leaf[:80] + "…",
                remedy="Pack a flatter value, such as a list of its nodes, each with the number of the one above it.",
            )
        self._path.append(step)

    def encode(self, obj: Any) -> Any:
        """Encode one value."""
        node = atom(obj)
        if node is not PARTS:
            return node
        cls = type(obj)
        if cls in _CONTAINERS:
            return self._container(obj, cls)
        if cls in _BINARY and self._default is not None and _is_large(obj):
            return self._default(obj, self)
        if cls is bytes:
            return {"$bytes": _to_base64(obj)}
        scalar = BY_PATH.get(f"{cls.__module__}.{cls.__qualname__}")
        if scalar is not None:
            known = self.known(obj) if cls in _WRITABLE else None
            return self.done(obj, {scalar.tag: self._parts(scalar, obj)}) if known is None else known
        if self._default is not None:
            return self._default(obj, self)
        raise PackError(
            f"{cls.__module__}.{cls.__qualname__} objects are not plain values",
            leaf=self.leaf,
            remedy="Pack it as an artifact (a file, an object), not as a result.",
        )

    def _container(self, obj: Any, cls: type[Any]) -> Any:
        known = self.known(obj)
        if known is not None:
            return known
        if cls is list:
            node: Any = self.items(obj)
        elif cls is dict:
            node = self._dict(obj)
        elif cls is tuple:
            node = {"$tuple": self.items(obj)}
        else:
            node = {f"${cls.__name__}": self.unordered(obj)}
        return self.done(obj, node)

    def known(self, obj: Any, *, cyclic: bool = True) -> Any:
        """Say that an object is about to be encoded; gives what stands for it where it has been already, else ``None``.

        However often an object stands in the whole, it is encoded once, and the other places refer to the first.

        Args:
            obj: The object.
            cyclic: Whether it can be made before its items are; what cannot must not contain itself. A tuple that does is written again:
                the mutable container in between ends the cycle.
        """
        key = id(obj)
        plain = isinstance(obj, (tuple, frozenset)) and cyclic
        if plain and (self._sets or not obj):
            return None
        if key in self._numbers and not (plain and key in self._open):
            if key in self._open and not cyclic:
                raise PackError("the value contains itself", leaf=self.leaf, remedy='Ask for artifact type "object".')
            self._repeated.add(self._numbers[key])
            return {"$same": self._numbers[key]}
        if key not in self._numbers:
            self._numbers[key] = len(self._seen)
            self._seen.append((obj, None))
        self._open.add(key)
        return None

    def done(self, obj: Any, node: Any) -> Any:
        """Say that an object has been encoded; gives its JSON."""
        number = self._numbers.get(id(obj))
        if number is not None:
            self._open.discard(id(obj))
            self._seen[number] = (obj, node)
        return node

    def finish(self, encoded: Any) -> Any:
        """Number the objects that stand in several places; give the finished JSON of the whole."""
        for number in self._repeated:
            node = self._seen[number][1]
            if isinstance(node, list):
                node.insert(0, {"$shared": number})
            else:
                if not node:  # an object with nothing but a number would be taken for that of the list which begins with it
                    node["$dict"] = []
                node["$shared"] = number
        self._repeated.clear()
        return encoded

    def items(self, items: Iterable[Any]) -> list[Any]:
        """Encode items by position."""
        found: list[Any] = []
        for index, item in enumerate(items):
            if not index:
                self._down(index)
            cls = type(item)
            if (cls is int and -_INT_LIMIT <= item < _INT_LIMIT) or (cls is str and item.isascii()):
                found.append(item)
                continue
            self._path[-1] = index
            found.append(self.encode(item))
        if found:
            self._path.pop()
        return found

    def unordered(self, items: Iterable[Any]) -> list[Any]:
        """Encode the items of a set, in the one order that they have in every process."""
        self._sets += 1
        found = self.items(in_order(items))
        self._sets -= 1
        return found

    def _parts(self, scalar: Scalar, obj: Any) -> Any:
        """Encode the parts of a scalar: a list stays a JSON list."""
        try:
            parts = scalar.take(obj)
        except PackError as error:
            error.leaf = error.leaf or self.leaf
            raise
        return [self.encode(part) for part in parts] if type(parts) is list else self.encode(parts)

    def _dict(self, obj: dict[Any, Any]) -> Any:
        if not _are_plain(obj):
            return {"$dict": self.pairs(obj)}
        found = {}
        if obj:
            self._down(None)
        for key, item in obj.items():
            node = atom(item)
            if node is PARTS:
                self._path[-1] = key
                node = self.encode(item)
            found[key] = node
        if found:
            self._path.pop()
        return found

    def pairs(self, obj: dict[Any, Any]) -> list[list[Any]]:
        """Encode a dict as pairs, whatever its keys are."""
        found = []
        for key, item in obj.items():
            self._down(key)
            found.append([self.encode(key), self.encode(item)])
            self._path.pop()
        return found


class Decoder:
    """Decodes typed JSON.

    Args:
        build: Called with an object whose key begins with ``$`` and is not one of typed JSON's own, and this decoder; gives the value.
    """

    def __init__(self, build: Build | None = None) -> None:
        self._build = build
        self._known: dict[int, Any] = {}
        self._depth = 0

    def decode(self, value: Any) -> Any:
        """Decode one value."""
        cls = type(value)
        if cls is not list and cls is not dict:
            return value
        if self._depth > 3 * MAX_DEPTH:
            raise UnpackError("the recorded value is nested too deeply")
        self._depth += 1
        try:
            return self._list(value) if cls is list else self._object(value)
        except PackagersError:
            raise
        except Exception as error:
            raise UnpackError(f"the recorded value cannot be read: {type(error).__name__}: {error}") from error
        finally:
            self._depth -= 1

    def remember(self, node: dict[str, Any], obj: Any) -> Any:
        """Remember an object that its own items may refer to; call it before they are decoded."""
        number = node.get("$shared")
        if number is not None:
            if number in self._known:
                raise UnpackError(f"the recorded value has two parts of the number {number!r}")
            self._known[number] = obj
        return obj

    def _list(self, value: list[Any]) -> list[Any]:
        made: list[Any] = []
        if value and type(value[0]) is dict and len(value[0]) == 1 and "$shared" in value[0]:
            self.remember(value[0], made)
            value = value[1:]
        made.extend(map(self.decode, value))
        return made

    def _object(self, node: dict[str, Any]) -> Any:
        tag = next((key for key in node if key.startswith("$") and key != "$shared"), None)
        if tag is None:
            made: dict[Any, Any] = self.remember(node, {})
            made.update((key, self.decode(item)) for key, item in node.items() if key != "$shared")
            return made
        inner = node[tag]
        if len(node) > 1 + ("$shared" in node) and (self._build is None or tag in _ALONE or tag in BY_TAG):
            raise UnpackError(f"the recorded value has a part {tag!r} with more in it than that")
        if tag == "$same":
            if inner not in self._known:
                raise UnpackError("the recorded value refers to a part that is not there")
            return self._known[inner]
        if tag == "$dict":
            made = self.remember(node, {})
            made.update((self.decode(key), self.decode(item)) for key, item in inner)
            return made
        if tag == "$set":
            items = self.remember(node, set())
            items.update(self.decode(item) for item in inner)
            return items
        if tag in ("$tuple", "$frozenset"):
            return self.remember(node, (tuple if tag == "$tuple" else frozenset)(self.decode(item) for item in inner))
        if tag == "$str":
            return _from_base64(inner).decode("utf-8", "surrogatepass")
        if tag == "$bytes":
            return _from_base64(inner)
        if tag == "$int":
            return int(inner, 16)
        if tag == "$float":
            return _float_of(inner)
        scalar = BY_TAG.get(tag)
        if scalar is not None:
            return self.remember(node, scalar.make([self.decode(part) for part in inner] if type(inner) is list else self.decode(inner)))
        if self._build is None:
            raise UnpackError(f"the recorded value has an unknown part {tag!r}")
        return self._build(node, self)


def step_of(key: Any) -> str:
    """Give the step that a key adds to the path of a leaf: ``.name``, ``['odd name']``, ``[3]``."""
    if type(key) is str and key.isidentifier():
        return f".{key}"
    if type(key) is int and key.bit_length() > 200:  # Python refuses to write very long ones in decimals
        return f"[{hex(key)[:60]}]"
    text = repr(key) if isinstance(key, (str, int, float, bool, bytes, type(None))) else f"<{type(key).__qualname__}>"
    return f"[{text[:60]}]"


def _is_large(data: Any) -> bool:
    try:
        return memoryview(data).nbytes > LARGE
    except ValueError:  # released; the scalar's own check says so
        return False


def _are_plain(keys: Collection[Any]) -> bool:
    """Tell whether all keys of a dict can be those of an object."""
    if not _TEXT.issuperset(map(type, keys)):
        return False
    together = "".join(keys)
    return (together.isascii() and "$" not in together) or all(not key.startswith("$") and _is_clean(key) for key in keys)


def _is_clean(text: str) -> bool:
    """Tell whether text has no lone surrogates, which RFC 8259 leaves without a meaning."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text_of(number: float) -> str:
    """Write an infinity or nan; a nan that is not the usual one by its bits, which say what it stands for."""
    bits = struct.pack(">d", number)
    return f"nan:{bits.hex()}" if math.isnan(number) and bits != _NAN else repr(number)


def _float_of(text: str) -> float:
    found: float = struct.unpack(">d", bytes.fromhex(text[4:]))[0] if text.startswith("nan:") else float(text)
    return found


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
