"""Classes that golden packages name. What stands here stays as it is, for ever: a change is a new class."""

from __future__ import annotations

import enum
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import attrs
import pydantic


class Color(enum.Enum):
    RED = 1
    GREEN = "g"


class Point(NamedTuple):
    x: int
    y: float = 0.0


@dataclass
class Measurement:
    name: str
    values: list[float]
    point: Point | None = None
    tags: dict[Any, Any] = field(default_factory=dict)


@attrs.define
class Sensor:
    name: str
    limits: tuple[int, int] = (0, 1)


class Setup(pydantic.BaseModel):
    name: str
    steps: int = 3


class Names(list):  # type: ignore[type-arg]
    pass


class Table(dict):  # type: ignore[type-arg]
    pass


class Plain:
    """A class that no packager knows."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is Plain and self.value == other.value

    __hash__ = None  # type: ignore[assignment]


class Ordered(OrderedDict):  # type: ignore[type-arg]
    pass
