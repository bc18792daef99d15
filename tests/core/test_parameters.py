"""What a function takes is found out once, and again whenever it may have changed."""

from __future__ import annotations

import fractions
import functools
import gc
import inspect
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from packagers import parameters
from packagers.parameters import signature_of


def _new() -> Any:
    def f(a: int, b: Any = 1, *, c: Any = 2) -> None: ...

    return f


def _of(function: Any) -> list[str]:
    return [str(parameter) for parameter in signature_of(function).parameters.values()]


def test_it_is_found_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    found_out = inspect.signature

    def counted(function: Any) -> inspect.Signature:
        asked.append(function)
        return found_out(function)

    monkeypatch.setattr(inspect, "signature", counted)
    function = _new()
    assert signature_of(function) == signature_of(function) == found_out(function)
    assert asked == [function]


def _other_code(function: Any) -> None:
    function.__code__ = (lambda x, y: None).__code__


def _other_defaults(function: Any) -> None:
    function.__defaults__ = (5,)


def _other_keyword_defaults(function: Any) -> None:
    function.__kwdefaults__ = {"c": 5}


def _changed_keyword_defaults(function: Any) -> None:
    function.__kwdefaults__["c"] = 5


def _no_keyword_defaults(function: Any) -> None:
    function.__kwdefaults__ = None


def _said(function: Any) -> None:
    function.__signature__ = inspect.Signature()


def _wraps_another(function: Any) -> None:
    function.__wrapped__ = lambda x: None


@pytest.mark.parametrize(
    "change",
    [
        _other_code,
        _other_defaults,
        _other_keyword_defaults,
        _changed_keyword_defaults,
        _no_keyword_defaults,
        _said,
        _wraps_another,
    ],
)
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_change_of_the_function_is_seen(change: Callable[[Any], None], is_wrapped: bool) -> None:
    inner = _new()
    function: Any = functools.wraps(inner)(lambda *args, **kwargs: inner(*args, **kwargs)) if is_wrapped else inner
    before = _of(function)
    change(inner)
    assert _of(function) == [str(parameter) for parameter in inspect.signature(function).parameters.values()] != before


def test_defaults_that_cannot_be_compared_are_told_by_what_they_are() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError("the truth of this is ambiguous")

        __hash__ = None  # type: ignore[assignment]

    function = _new()
    for default in (Odd(), Odd()):
        function.__defaults__ = (default,)
        assert signature_of(function).parameters["b"].default is default


@pytest.mark.parametrize("function", [functools.partial(_new(), 1), str.join, fractions.Fraction, _new().__call__])
def test_what_is_no_plain_function_is_asked_each_time(function: Any) -> None:
    before = len(parameters._known)
    assert signature_of(function) == inspect.signature(function)
    assert len(parameters._known) == before


def test_a_function_that_wraps_itself_is_refused() -> None:
    function = _new()
    function.__wrapped__ = function
    with pytest.raises(ValueError, match="wrapper loop"):
        signature_of(function)


def test_functions_are_not_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    function = _new()
    signature_of(function)
    gone = weakref.ref(function)
    del function
    gc.collect()
    assert gone() is None
    monkeypatch.setattr(parameters, "_MOST", 3)
    kept = [_new() for _ in range(10)]
    for each in kept:
        signature_of(each)
    assert len(parameters._known) <= 3
