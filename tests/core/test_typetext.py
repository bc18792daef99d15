"""Hints that a caller gives as text."""

# ruff: noqa: UP045 - older forms of hints are tested too, and text that is a type path

from __future__ import annotations

import collections.abc
import contextlib
import decimal
import sys
import types
import typing
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.errors import UnpackError
from packagers.typetext import LONGEST, from_text

READ = {
    "int": int,
    " int ": int,
    "None": None,
    "object": object,
    "Any": Any,
    "builtins.int": int,
    "decimal.Decimal": decimal.Decimal,
    "pandas.DataFrame": pd.DataFrame,
    "numpy.ndarray": np.ndarray,
    "pathlib.Path": Path,
    "xml.etree.ElementTree.Element": ElementTree.Element,
    "collections.OrderedDict": collections.OrderedDict,
    "dict[str, numpy.ndarray]": dict[str, np.ndarray],
    "dict[ str,numpy.ndarray ]": dict[str, np.ndarray],
    "list[int]": list[int],
    "tuple[int, ...]": tuple[int, ...],
    "tuple[int, str]": tuple[int, str],
    "tuple[()]": tuple[()],
    "int | None": int | None,
    "None | int": None | int,
    "int | str | pandas.DataFrame": int | str | pd.DataFrame,
    "list[int | None]": list[int | None],
    "dict[str, list[tuple[int, ...]]]": dict[str, list[tuple[int, ...]]],
    "Optional[pandas.DataFrame]": pd.DataFrame | None,
    "typing.Optional[int]": int | None,
    "Union[int, str]": int | str,
    "Iterator[pandas.DataFrame]": typing.Iterator[pd.DataFrame],
    "collections.abc.Iterator[pandas.DataFrame]": collections.abc.Iterator[pd.DataFrame],
    "Mapping[str, int]": typing.Mapping[str, int],
    "Callable[[int], str]": typing.Callable[[int], str],
    "Literal['a', 1, None, -2, b'x']": typing.Literal["a", 1, None, -2, b"x"],
    "typing.Literal['os.system']": typing.Literal["os.system"],
    "'int'": int,
    "list['pandas.DataFrame']": list[pd.DataFrame],
    "type[int]": type[int],
    "numpy.typing.NDArray[numpy.float64]": np.typing.NDArray[np.float64],
}
REFUSED = {
    "": "cannot be read",
    "   ": "cannot be read",
    "int,": "names no type",
    "int, str": "names no type",
    "pandas.": "cannot be read",
    ".DataFrame": "cannot be read",
    "DataFrame": "whole path",
    "numpy": "whole path",
    "print": "no type but a builtin_function_or_method",
    "os.system": "no type but a builtin_function_or_method",
    "os.path": "no type but a module",
    "numpy.pi": "no type but a float",
    "gone_away.Type": "gone_away is not installed",
    "pandas.Gone": "pandas has no Gone",
    "pandas.DataFrame.Gone": "pandas.DataFrame has no Gone",
    "os.system('true')": "names no type",
    "__import__('os').system('true')": "names no type",
    "(lambda: int)()": "names no type",
    "[int]": "names no type",
    "{int}": "names no type",
    "1": "names no type",
    "1 + 1": "names no type",
    "int & str": "names no type",
    "int if True else str": "names no type",
    "f'{1}'": "names no type",
    "[x for x in ()]": "names no type",
    "list[1]": "names no type",
    "list[os.system('true')]": "names no type",
    "list[0].append": "names no type",
    "Literal[print]": "cannot be",
    "Literal[__import__('os')]": "cannot be",
    "dict[str, [int]] | None": "only Callable takes a list",
    "Literal[[1]] | None": "unhashable",
    "Literal | None": "cannot be read",
    "Annotated[int, 5]": "cannot be put together",
    "pandas.DataFrame[int]": "cannot be put together",
    "None[int]": "cannot be put together",
    "int[str]": "cannot be put together",
    "Optional[int, str]": "cannot be put together",
    "x := int": "cannot be read",
    "import os": "cannot be read",
    "int; str": "cannot be read",
    "int\x00": "cannot be read",
    "(" * 500 + "int" + ")" * 500: "cannot be read",
    "list[" * 300 + "int" + "]" * 300: "cannot be read",
    "int | " * 3000 + "int": "cannot be read",
    "a." * 3000 + "b": "cannot be read",
    "\ud800": "cannot be read",
    "...": "names no type",
}


@pytest.mark.parametrize("text", READ)
def test_hints_are_read_as_python_writes_them(text: str) -> None:
    assert from_text(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:30]))
def test_what_is_no_hint_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(UnpackError) as caught:
        from_text(text)
    assert REFUSED[text] in str(caught.value)
    assert caught.value.remedy
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("pandas.Dataframe", "Did you mean pandas.DataFrame?"), ("sklearn.linear_model.LogisticRegresion", "LogisticRegression?")],
)
def test_a_typo_gets_the_nearest_name(text: str, remedy: str) -> None:
    with pytest.raises(UnpackError) as caught:
        from_text(text)
    assert caught.value.remedy is not None
    assert remedy in caught.value.remedy


def test_the_order_of_a_union_is_kept() -> None:
    assert typing.get_args(from_text("str | int")) == (str, int)
    assert typing.get_args(from_text("int | str")) == (int, str)


def test_only_what_is_named_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lonely"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "named.py").write_text("class Type: ...\n")
    (package / "other.py").write_text("class Type: ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert from_text("list[lonely.named.Type]").__args__[0].__module__ == "lonely.named"
    assert {name for name in sys.modules if name.startswith("lonely")} == {"lonely", "lonely.named"}


@pytest.mark.parametrize("source", ["raise ValueError('no')", "raise SystemExit(3)", "import gone_away", "def f(:", "1/0"])
def test_a_module_that_does_not_import_is_an_error_that_says_so(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_one.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UnpackError, match=r"broken_one\.Type.*cannot be imported"):
        from_text("broken_one.Type")


def test_names_that_a_module_computes_and_aliases() -> None:
    lazy = types.ModuleType("lazy_one")
    lazy.__dict__["__getattr__"] = {"Type": int, "Alias": list[int], "Maybe": typing.Optional[int]}.__getitem__
    sys.modules["lazy_one"] = lazy
    try:
        assert from_text("lazy_one.Type") is int
        assert from_text("lazy_one.Alias") == list[int]
        assert from_text("lazy_one.Maybe | str") == int | None | str
        with pytest.raises(UnpackError, match="cannot be imported"):
            from_text("lazy_one.Gone")
    finally:
        del sys.modules["lazy_one"]


@given(st.text(alphabet="int|[]., None'\"()dictx.*:=-{}\n\\", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnpackError):
        from_text(text)


def test_long_text_is_refused_early() -> None:
    with pytest.raises(UnpackError, match="characters"):
        from_text("x" * (LONGEST + 1))
