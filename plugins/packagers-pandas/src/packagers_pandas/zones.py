"""Time zones as JSON, by the name of the library that they come from."""

from __future__ import annotations

import datetime
import sys
import zoneinfo
from types import ModuleType
from typing import Any

from packagers import PackError, UnpackError


def encode(zone: Any) -> Any:
    """Describe a time zone.

    Args:
        zone: A ``tzinfo`` of the standard library, pytz or dateutil; ``None`` for none.

    Raises:
        PackError: For a zone that has no name to find it by.
    """
    if zone is None:
        return None
    if type(zone) is datetime.timezone:
        return _encode_offset(zone)
    if type(zone) is zoneinfo.ZoneInfo and zone.key:
        return {"zoneinfo": zone.key}
    library = type(zone).__module__.partition(".")[0]
    if library == "pytz":
        name = getattr(zone, "zone", None)
        return {"pytz": name} if name else {"pytz": int(zone.utcoffset(None).total_seconds() // 60)}
    if library == "dateutil" and type(zone).__name__ in ("tzutc", "tzfile"):
        return {"dateutil": _dateutil_name(zone)}
    raise PackError(
        f"the time zone {zone!r} of class {type(zone).__module__}.{type(zone).__qualname__} cannot be recorded",
        remedy="Convert to a zoneinfo.ZoneInfo first, with tz_convert.",
    )


def decode(value: Any) -> Any:
    """Give the time zone that :func:`encode` described.

    Raises:
        UnpackError: Where there is no such zone, or its library is not installed.
    """
    if value is None:
        return None
    try:
        ((library, name),) = value.items()
        return _DECODERS[library](name)
    except (AttributeError, TypeError, ValueError, KeyError, OverflowError, zoneinfo.ZoneInfoNotFoundError, OSError) as error:
        raise UnpackError(f"there is no time zone {value!r}", remedy="Install tzdata if this machine has no time zones.") from error


def is_exact(zone: Any) -> bool:
    """Tell whether the zone itself comes back: pytz has one object for each offset of a zone, and one name for all of them."""
    return bool(decode(encode(zone)) == zone)


def _encode_offset(zone: datetime.timezone) -> Any:
    if zone is datetime.UTC:
        return {"datetime": None}
    offset, *name = zone.__getinitargs__()  # type: ignore[attr-defined]  # the parts that pickle takes
    return {"datetime": [offset.days, offset.seconds, offset.microseconds, *name]}


def _decode_offset(parts: Any) -> datetime.timezone:
    if parts is None:
        return datetime.UTC
    days, seconds, microseconds, *name = parts
    return datetime.timezone(datetime.timedelta(days, seconds, microseconds), *name)


def _decode_pytz(name: Any) -> Any:
    pytz = _library("pytz")
    return pytz.FixedOffset(name) if isinstance(name, int) else pytz.timezone(name)


def _dateutil_name(zone: Any) -> str:
    """Find the name under which dateutil gives an equal zone."""
    if type(zone).__name__ == "tzutc":
        return "UTC"
    path = str(getattr(zone, "_filename", "")).replace("\\", "/")
    parts = path.split("/")
    for start in reversed(range(len(parts))):
        name = "/".join(parts[start:])
        if name and _library("dateutil.tz").gettz(name) == zone:
            return name
    raise PackError(f"the time zone {zone!r} has no name", remedy="Convert to a zoneinfo.ZoneInfo first, with tz_convert.")


def _decode_dateutil(name: str) -> Any:
    tz = _library("dateutil.tz")
    zone = tz.tzutc() if name == "UTC" else tz.gettz(name)
    if zone is None:
        raise ValueError(name)
    return zone


def _library(name: str) -> ModuleType:
    """Import one of the two libraries that this module knows."""
    try:
        __import__(name)
    except ImportError as error:
        top = {"pytz": "pytz", "dateutil.tz": "python-dateutil"}[name]
        raise UnpackError(f"the time zones come from {top}, which is not installed", remedy=f"pip install {top}") from error
    return sys.modules[name]


_DECODERS = {"datetime": _decode_offset, "zoneinfo": zoneinfo.ZoneInfo, "pytz": _decode_pytz, "dateutil": _decode_dateutil}
