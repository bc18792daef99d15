"""The types that other plugins vouch for: estimators of third parties, and what they are made of.

A distribution names them in the entry-point group ``packagers_sklearn.trusts``. The name of an entry point is the full name of a type, as
skops gives it; what it refers to says where the type stands, and is not imported::

    [project.entry-points."packagers_sklearn.trusts"]
    "boosters.trees.BoostedTrees" = "boosters.trees:BoostedTrees"
    "boosters.trees.Leaf" = "boosters.trees:Leaf"

So who installs a plugin decides, and never the package that is read. :mod:`packagers_sklearn.trusted` says what a name there promises.
"""

from __future__ import annotations

import re
from importlib.metadata import entry_points

from packagers import settings

GROUP = "packagers_sklearn.trusts"


def vouched() -> frozenset[str]:
    """Give the types that the installed distributions vouch for, but those that are switched off (``disable``)."""
    disabled = {_normal(name) for name in settings.disable}
    return frozenset(entry.name for entry in entry_points(group=GROUP) if entry.dist is None or _normal(entry.dist.name) not in disabled)


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()
