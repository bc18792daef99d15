"""Bunches: the dicts with attributes that scikit-learn's data sets come in."""

from __future__ import annotations

from itertools import islice
from typing import Any

from sklearn.utils import Bunch

from packagers import Packager, PackError

_SHOWN, _LENGTH = 25, 60


class BunchPackager(Packager):
    """Takes a bunch apart by name; each item is packed by its own packager."""

    BUNDLE_FROM_DICT = True

    def unbundle(self, obj: Bunch) -> dict[Any, Any]:
        """Give the items.

        Raises:
            PackError: For a bunch that remembers deprecated keys.
        """
        if any(vars(obj).values()):
            raise PackError("the bunch carries warnings about deprecated keys", remedy="Pack sklearn.utils.Bunch(**bunch), which has none.")
        return dict(obj)

    def bundle(self, items: dict[Any, Any], cls: type[Bunch]) -> Bunch:
        """Put a bunch together."""
        made = Bunch()
        made.update(items)
        return made

    def describe(self, obj: Bunch) -> dict[str, Any]:
        """Give the number of items and the class of the first ones."""
        return {"items": len(obj), "types": dict(_first(obj))}

    def preview(self, obj: Bunch) -> dict[str, Any]:
        """Give a table of the first items."""
        return {"table": {"columns": ["item", "type"], "rows": [list(row) for row in _first(obj)], "shape": [len(obj), 2]}} if obj else {}


def _first(obj: Bunch) -> list[tuple[str, str]]:
    classes = ((name, type(item)) for name, item in islice(obj.items(), _SHOWN))
    return [(str(name)[:_LENGTH], f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")[:_LENGTH]) for name, cls in classes]
