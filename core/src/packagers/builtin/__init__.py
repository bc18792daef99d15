"""The core's own packagers, registered through the same hook as everybody's. None is imported before its type turns up."""

from __future__ import annotations

from typing import Any

_SCALARS = (
    "None",
    "bool",
    "int",
    "float",
    "complex",
    "ellipsis",
    "range",
    "slice",
    "datetime.datetime",
    "datetime.date",
    "datetime.time",
    "datetime.timedelta",
    "datetime.timezone",
    "zoneinfo.ZoneInfo",
    "decimal.Decimal",
    "fractions.Fraction",
    "uuid.UUID",
    "re.Pattern",
)

_TYPES = {
    **dict.fromkeys(_SCALARS, "scalars:ScalarPackager"),
    "str": "text:TextPackager",
    "bytes": "binary:BytesPackager",
    "bytearray": "binary:BytearrayPackager",
    "memoryview": "binary:MemoryviewPackager",
    "list": "containers:ListPackager",
    "tuple": "containers:TuplePackager",
    "set": "containers:SetPackager",
    "frozenset": "containers:FrozensetPackager",
    "dict": "containers:DictPackager",
    "collections.deque": "containers:DequePackager",
    "collections.OrderedDict": "containers:OrderedDictPackager",
    "collections.Counter": "containers:CounterPackager",
    "collections.defaultdict": "containers:DefaultdictPackager",
    "enum.Enum": "enums:EnumPackager",
    "pathlib.PurePath": "paths:PurePathPackager",
    "pathlib.Path": "paths:PathPackager",
    "Iterator": "streams:StreamPackager",
    "object#dataclass": "records:DataclassPackager",
    "object#attrs": "records:AttrsPackager",
    "object#pydantic": "records:PydanticPackager",
    "object": "fallback:ObjectPackager",
}


def register(registry: Any) -> None:
    """Register the built-in packagers.

    Args:
        registry: What ``packagers_register`` gets.
    """
    for type_path, reference in _TYPES.items():
        registry.add(type_path, f"packagers.builtin.{reference}")
