"""Classes that values of the tests are made of: importable by name in every process that has this folder on its path."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import random
import typing
import uuid
import zoneinfo
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from dataclasses import KW_ONLY, InitVar, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import attrs
import pydantic


class Color(enum.Enum):
    RED = 1
    GREEN = "g"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


@dataclass
class Layer:
    size: int
    hook: Any = None


@dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    items: tuple[Any, ...] = ()


@dataclass
class Strict:
    """Its construction has effects that rebuilding must not have."""

    value: int
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.value > 10:
            raise ValueError("too large to be constructed")


@attrs.define
class Point:
    x: float
    y: float = 0.0


@attrs.frozen(slots=False)
class Pinned:
    label: str


class Config(pydantic.BaseModel):
    depth: int = 3
    names: list[str] = []
    _secret: int = pydantic.PrivateAttr(default=5)


Item = TypeVar("Item")


class Generic(pydantic.BaseModel, typing.Generic[Item]):
    item: Item


class GenericOfInt(Generic[int]):
    pass


class Ages(pydantic.RootModel[list[int]]):
    pass


@pydantic.dataclasses.dataclass
class Checked:
    age: int


@dataclass
class Hidden:
    """Its slots have private names."""

    __slots__ = ("__code", "name")
    name: str

    def __post_init__(self) -> None:
        self.__code = len(self.name)

    def code(self) -> int:
        return self.__code


@dataclass
class Guarded:
    """Nothing of its class may run when it is taken apart or rebuilt."""

    value: int

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value * 2)


@attrs.define(frozen=True, cache_hash=True)
class Hashed:
    """Its cached hash holds in one process alone."""

    name: str


class Row(list[Any]):
    """A list that cannot be made without an argument, with a slot, and with methods that lie."""

    __slots__ = ("note",)
    note: Any

    def __new__(cls, items: Any) -> Row:
        return super().__new__(cls)

    def __init__(self, items: Any) -> None:
        super().__init__(items)
        self.note = "n"

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 99


class Liar(dict[Any, Any]):
    """A dict whose methods lie, and that cannot be filled by its own ``__setitem__``."""

    def __getitem__(self, key: Any) -> Any:
        return 0

    def __setitem__(self, key: Any, value: Any) -> None:
        raise RuntimeError("closed")

    def items(self) -> Any:
        return [("z", 1)]

    def __iter__(self) -> Any:
        return iter("z")


class Pair(NamedTuple):
    left: Any
    right: Any


class Names(list[Any]):
    pass


class Table(dict[Any, Any]):
    pass


class Groups(defaultdict[Any, Any]):
    pass


class Ordered(OrderedDict[Any, Any]):
    pass


class Tail(deque[Any]):
    pass


class Bag(set[Any]):
    pass


class Holder:
    """A plain object: pickled, unless it is refused."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Holder) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]


class Moment(dt.datetime):
    pass


class Day(dt.date):
    pass


class Hour(dt.time):
    pass


class Span(dt.timedelta):
    __slots__ = ("unit",)
    unit: Any


class Amount(decimal.Decimal):
    pass


class Share(fractions.Fraction):
    __slots__ = ("note", "owner")


class Serial(uuid.UUID):
    pass


class Zone(zoneinfo.ZoneInfo):
    pass


class Address(ipaddress.IPv4Address):
    pass


class Tally(Counter[Any]):
    pass


class Dice(random.Random):
    pass


class Number(int):
    pass


class Ratio(float):
    pass


class Label(str):
    __slots__ = ("note",)
    note: Any


class Blob(bytes):
    pass


class Buffer(bytearray):
    pass


class Club(frozenset[Any]):
    pass


class Trio(tuple[Any, ...]):
    pass


class Chained(ChainMap[Any, Any]):
    pass


class Mapped(UserDict[Any, Any]):
    pass


class Listed(UserList[Any]):
    pass


class Fixed(dt.tzinfo):
    """A time zone of one's own."""

    def utcoffset(self, moment: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(hours=1)

    def dst(self, moment: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(0)

    def tzname(self, moment: dt.datetime | None) -> str:
        return "fixed"

    def __eq__(self, other: object) -> bool:
        return type(other) is Fixed

    def __hash__(self) -> int:
        return 1


Planet = enum.Enum("Planet", ["EARTH", "MARS"])


class Shape(enum.Enum):
    """Members with values that are equal, and with values that cannot be compared."""

    ROUND = [1]
    CIRCLE = [1]  # noqa: PIE796 - an alias
    SQUARE = float("nan")


class Word(enum.StrEnum):
    YES = "y"


class Rights(enum.IntFlag):
    X = 1
    R = 4


@dataclass
class Base:
    _: KW_ONLY
    first: Any = None


@dataclass(slots=True, kw_only=True)
class Derived(Base):
    scale: InitVar[int] = 1
    second: list[Any] = field(default_factory=list)
    third: int = field(init=False, default=0)

    def __post_init__(self, scale: int) -> None:
        self.third = 10 * scale


@dataclass
class Box(typing.Generic[Item]):
    item: Item


@attrs.define
class Cased:
    """Attributes with a converter and a validator, which neither packing nor rebuilding may call."""

    name: str = attrs.field(converter=str.upper)
    size: int = attrs.field(default=0, validator=attrs.validators.ge(0), on_setattr=attrs.setters.NO_OP)
    __secret: int = attrs.field(default=1, init=False)


class Open(pydantic.BaseModel):
    """A model with fields that nobody declared, and another model inside."""

    model_config = pydantic.ConfigDict(extra="allow", frozen=True)
    inner: Config = Config()


class Entry(typing.TypedDict, total=False):
    name: str
    size: int


class Thing:
    """A plain object that is hashed by its address."""

    def __init__(self, name: str, held: Any) -> None:
        self.name = name
        self.held = held


def here() -> Path:
    """Give the folder to put on the path of another process."""
    return Path(__file__).parent
