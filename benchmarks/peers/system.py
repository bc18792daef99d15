"""What the module of a system in :mod:`benchmarks.peers.systems` offers.

Such a module has ``REQUIRES``, what is installed for it; ``IMPORT``, the statement whose time is taken; ``ABOUT``, what each of its
ways does to save; and ``ways(folder)``, which gives a :class:`Way` by name, or ``grids(folder)``, or both. Where it needs variables, they
are its ``ENVIRONMENT``. It imports its system inside of functions: the program that makes environments reads it, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

TORCH = "torch==2.13.0"  # pinned: a later one may bring builds for other devices, of gigabytes
LIBRARIES = (TORCH, "numpy", "pandas", "pyarrow", "scikit-learn", "matplotlib")


class NotOffered(Exception):
    """A system has no way for a value; says why."""


class Way(NamedTuple):
    """One way of a system to save and load.

    Attributes:
        save: Saves a value under a key that is fresh, and gives what ``load`` needs in another process: something that pickles.
        load: Loads it; is also given the value's type as a hint.
        choose: Chooses what would save a value, where the system has such a step.
    """

    save: Callable[[str, Any], Any]
    load: Callable[[Any, Any], Any]
    choose: Callable[[Any], Any] | None = None
