"""A table of values that is packed here and compared in a fresh process: what is wrong is found, and named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from packagers.testing import cross


class Box:
    """Holds something, in this process."""

    def __init__(self, content: Any = None) -> None:
        self.content = content


class Forgetful(Box):
    """Forgets what it holds on its way into a package."""

    def __getstate__(self) -> dict[str, Any]:
        return {"content": None}


class Homebound(Box):
    """Knows itself only where it was made."""

    def __getstate__(self) -> dict[str, Any]:
        return {"content": self.content, "home": os.getpid()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.content = state["content"] if state["home"] == os.getpid() else "lost"


class Touchy(Box):
    """Is another one after it was packed."""

    def __getstate__(self) -> dict[str, Any]:
        found = {"content": self.content}
        self.content = "packed"
        return found


class Locked(Box):
    def __reduce__(self) -> Any:
        raise TypeError("it holds a lock")


class Deadly(Box):
    """Ends the process that unpacks it."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        print("no air in here", file=__import__("sys").stderr, flush=True)
        os._exit(3)


GOOD = {"nothing": lambda: None, "text": lambda: "a\ud800", "box": lambda: Box([1.5, float("nan")]), "stream": lambda: iter([1, 2])}
BAD = {
    "good": lambda: Box(1),
    "forgetful": lambda: Forgetful("this"),
    "homebound": lambda: Homebound("here"),
    "touchy": lambda: Touchy("untouched"),
    "locked": Locked,
}
DEADLY = {"box": Box, "deadly": lambda: Deadly(1)}


def alike_streams(left: Any, right: Any) -> bool | None:
    if isinstance(left, Iterator):
        return list(left) == list(right)
    return vars(left).keys() == vars(right).keys() if isinstance(left, Box) else bool(left == right)


def contents(left: Box, right: Box) -> bool:
    return bool(left.content == right.content)


def refused(left: Any, right: Any) -> None:
    assert type(left) is Box, "only boxes"


def test_what_comes_back_is_no_problem() -> None:
    assert cross(__name__, "GOOD", "alike_streams") == {}


def test_every_bad_value_is_named_and_no_other() -> None:
    problems = cross(__name__, "BAD", "contents")
    assert problems.keys() == BAD.keys() - {"good"}
    assert " came back as " in problems["forgetful"]
    assert " came back as " in problems["homebound"]
    assert problems["touchy"].startswith("packing has changed the value: ")
    assert problems["locked"].startswith("packing fails: PackError: ")
    assert "it holds a lock" in problems["locked"]


def test_a_comparison_may_assert() -> None:
    assert cross(__name__, "BAD", "refused")["forgetful"] == "only boxes"


def test_a_process_that_dies_is_an_error_with_its_last_words() -> None:
    with pytest.raises(AssertionError, match=r"(?s)the fresh process ended with 3: .*no air in here"):
        cross(__name__, "DEADLY")


def test_a_table_in_the_main_module_is_refused() -> None:
    with pytest.raises(ValueError, match="__main__"):
        cross("__main__")
