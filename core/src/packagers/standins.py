"""The class that is made where an abstract one is hinted: a ``dict`` for a ``Mapping``, a ``list`` for a ``Sequence``."""

from __future__ import annotations

import collections.abc
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from packagers.typehint import Alternative, alternatives

_STAND_INS: dict[Any, tuple[Any, ...]] = {
    **dict.fromkeys((collections.abc.Mapping, collections.abc.MutableMapping), (dict,)),
    **dict.fromkeys((collections.abc.Sequence, collections.abc.MutableSequence), (list,)),
    **dict.fromkeys((collections.abc.Set, collections.abc.MutableSet), (set,)),
    **dict.fromkeys((collections.abc.Collection, collections.abc.Container, collections.abc.Sized), (list, dict)),
    **dict.fromkeys((collections.abc.Iterable, collections.abc.Reversible), (list, dict)),
    **dict.fromkeys((collections.abc.Iterator, collections.abc.Generator), (list,)),
    os.PathLike: (Path,),
}


def stand_ins(member: Alternative) -> tuple[Alternative, ...]:
    """Give what may be made where a hint names an abstract class, the first choice first; nothing for any other class.

    Args:
        member: An alternative of a hint. What it says of items holds for its stand-ins, too. That of an iterator is to be iterated over.
    """
    found = next((classes for abstract, classes in _STAND_INS.items() if member.type is abstract), ())
    args = member.args[:1] if member.type is collections.abc.Generator else member.args
    return tuple(replace(alternatives(_with_items(cls, args))[0], options=member.options) for cls in found)


def _with_items(cls: Any, args: tuple[Any, ...]) -> Any:
    if not args:
        return cls
    return dict[args[0], Any] if cls is dict and len(args) == 1 else cls[args]  # type: ignore[valid-type]  # made of values
