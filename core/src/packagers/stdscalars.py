"""The standard library's scalars, each as parts that typed JSON can hold.

Nothing is imported before a value of its module turns up: the table goes by name.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from packagers.errors import PackError


class Scalar(NamedTuple):
    """How one type is written.

    Attributes:
        path: Where the class was defined.
        take: Gives the parts of a value: one plain value, or a list of plain values.
        make: Gives the value of the parts.
    """

    path: str
    take: Callable[[Any], Any]
    make: Callable[[Any], Any]

    @property
    def tag(self) -> str:
        """The key under which it stands in typed JSON."""
        return "$" + self.path.rpartition(".")[2]


def _class(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _make_timezone(parts: list[Any]) -> Any:
    offset, name = parts
    timezone, timedelta = _class("datetime.timezone"), _class("datetime.timedelta")
    if name is None:
        return timezone.utc if not any(offset) else timezone(timedelta(*offset))
    return timezone(timedelta(*offset), name)


def _take_timezone(zone: Any) -> list[Any]:
    offset, *name = zone.__getinitargs__()
    return [(offset.days, offset.seconds, offset.microseconds), name[0] if name else None]


def _take_zoned(moment: Any) -> list[Any]:
    return [moment.replace(tzinfo=None, fold=0).isoformat(), moment.tzinfo, moment.fold]


def _make_zoned(name: str, parts: list[Any]) -> Any:
    text, zone, fold = parts
    return _class(f"datetime.{name}").fromisoformat(text).replace(tzinfo=zone, fold=fold)


def _take_zone(zone: Any) -> str:
    if zone.key is None:
        raise PackError("a ZoneInfo that was read from a file has no name to find it by", remedy="Make it with ZoneInfo(key).")
    key: str = zone.key
    return key


def check_view(view: memoryview) -> None:
    """Refuse a view that could not be made again.

    Raises:
        PackError: For one that was released, one of items that ``memoryview.cast`` does not know, and an empty one of several axes.
    """
    try:
        memoryview(bytes(view.itemsize)).cast(view.format)  # type: ignore[call-overload]
        shape = view.shape or ()
        fault = "has several axes and no items" if 0 in shape and len(shape) > 1 else ""
    except (ValueError, TypeError, NotImplementedError) as error:
        fault = f"cannot be made again ({error})"
    if fault:
        raise PackError(f"the memoryview {fault}", remedy="Pack the object that it looks at, or bytes(view).")


def make_view(data: bytes, code: str, shape: Any, readonly: bool = True) -> memoryview:
    """Give a view of bytes with items of a format and a shape."""
    view = memoryview(data if readonly else bytearray(data))
    if code == "B" and len(shape) == 1:
        return view
    return view.cast(code, shape) if all(shape) else view.cast(code)  # type: ignore[call-overload, no-any-return]


def _take_memoryview(view: memoryview) -> list[Any]:
    check_view(view)
    return [view.tobytes(), view.format, view.shape, view.readonly]


def _make_bytearray(data: Any) -> bytearray:
    if type(data) is not bytes:
        raise TypeError("a bytearray is recorded as bytes")
    return bytearray(data)


SCALARS = (
    Scalar("builtins.complex", lambda c: [c.real, c.imag], lambda p: complex(*p)),
    Scalar("builtins.bytearray", bytes, _make_bytearray),
    Scalar("builtins.memoryview", _take_memoryview, lambda p: make_view(*p)),
    Scalar("builtins.range", lambda r: [r.start, r.stop, r.step], lambda p: range(*p)),
    Scalar("builtins.slice", lambda s: [s.start, s.stop, s.step], lambda p: slice(*p)),
    Scalar("builtins.ellipsis", lambda e: True, lambda p: ...),
    Scalar("datetime.datetime", _take_zoned, lambda p: _make_zoned("datetime", p)),
    Scalar("datetime.time", _take_zoned, lambda p: _make_zoned("time", p)),
    Scalar("datetime.date", lambda d: d.isoformat(), lambda p: _class("datetime.date").fromisoformat(p)),
    Scalar("datetime.timedelta", lambda d: [d.days, d.seconds, d.microseconds], lambda p: _class("datetime.timedelta")(*p)),
    Scalar("datetime.timezone", _take_timezone, _make_timezone),
    Scalar("zoneinfo.ZoneInfo", _take_zone, lambda p: _class("zoneinfo.ZoneInfo")(p)),
    Scalar("decimal.Decimal", str, lambda p: _class("decimal.Decimal")(p)),
    Scalar("fractions.Fraction", lambda f: [f.numerator, f.denominator], lambda p: _class("fractions.Fraction")(*p)),
    Scalar("uuid.UUID", lambda u: u.hex, lambda p: _class("uuid.UUID")(p)),
    Scalar("re.Pattern", lambda r: [r.pattern, r.flags], lambda p: import_module("re").compile(*p)),
)

BY_PATH = {scalar.path: scalar for scalar in SCALARS}
BY_TAG = {scalar.tag: scalar for scalar in SCALARS}
