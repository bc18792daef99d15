"""Bunches: the dicts with attributes that scikit-learn's data sets come in."""

from __future__ import annotations

from typing import Any

from sklearn.utils import Bunch

from packagers import Packager, PackError


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
