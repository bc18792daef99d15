"""The samples of a suite: values by name, and for each an equal one that shares nothing with it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Compare = Callable[[Any, Any], str]
"""Gives what is wrong with the second value, next to the first; nothing where they are the same."""


class Samples:
    """The samples of a suite, by name. One that is used up by packing (an iterator) is made anew each time.

    Args:
        make: Gives the samples, or a dict of them by name.
    """

    def __init__(self, make: Callable[[], Iterable[Any] | Mapping[str, Any]]) -> None:
        self._make = make
        self._kept = self._made()

    def _made(self) -> dict[str, Any]:
        made = self._make()
        return dict(made) if isinstance(made, Mapping) else {f"sample {index}": value for index, value in enumerate(made)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, name: str) -> Any:
        return self._made()[name] if self.is_used_up(name) else self._kept[name]

    def is_used_up(self, name: str) -> bool:
        """Tell whether a sample can be looked at only once."""
        return hasattr(type(self._kept[name]), "__next__")

    def twin(self, name: str, compare: Compare) -> Any:
        """Give an equal value that shares nothing with the sample: a deep copy, or else one from another call.

        Raises:
            ValueError: Where there is none.
        """
        value = self._kept[name]
        try:
            twin = copy.deepcopy(value)
        except Exception:  # noqa: BLE001 - any type may refuse to be copied, in its own way
            twin = None
        is_fixed = twin is value  # what gives itself as its copy cannot be changed
        if twin is None or is_fixed or compare(value, twin):
            twin = self._made()[name]
        if twin is value and not is_fixed:
            raise ValueError("it cannot be copied, and samples() gives the same object twice: let it make a new one in each call")
        difference = compare(value, twin)
        if difference:
            raise ValueError(
                "neither a deep copy of it nor what samples() gives in a second call is the same; write same(), or seed samples(): "
                + difference
            )
        return twin
