"""Types by name: the normal form, and which class a name names without importing anything."""

from __future__ import annotations

import importlib.util
import io
import re
import sys
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers import PackagerDefinitionError
from packagers.typepath import TypePath, distance, lookup, names_class, parse, path_of


@pytest.mark.parametrize(
    ("text", "normal", "label"),
    [
        ("torch.Tensor", "torch.Tensor", ""),
        (" torch.Tensor ", "torch.Tensor", ""),
        ("torch.Tensor#legacy", "torch.Tensor", "legacy"),
        ("torch.Tensor # very old one", "torch.Tensor", "very old one"),
        ("dict[str,torch.Tensor]", "dict[str, torch.Tensor]", ""),
        ("dict [ str , torch.Tensor ] ", "dict[str, torch.Tensor]", ""),
        ("builtins.dict[builtins.str, a.B]", "dict[str, a.B]", ""),
        ("tuple[a.B,...]", "tuple[a.B, ...]", ""),
        ("list[dict[str, list[a.B]]]", "list[dict[str, list[a.B]]]", ""),
        ("NoneType", "None", ""),
        ("a.f.<locals>.B", "a.f.<locals>.B", ""),
        ("ünï.Cödé", "ünï.Cödé", ""),
    ],
)
def test_normal_form(text: str, normal: str, label: str) -> None:
    path = parse(text)
    assert (str(path), path.label) == (normal, label)
    assert parse(str(path)) == TypePath(path.name, path.items)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "a name is missing"),
        ("#label", "a name is missing"),
        ("a..b", "no dotted name"),
        (".a", "no dotted name"),
        ("a b", "no dotted name"),
        ("3d.Model", "no dotted name"),
        ("a-b.C", "no dotted name"),
        ("list[", "a name is missing"),
        ("list[]", "a name is missing"),
        ("list[int", "a closing bracket is missing"),
        ("list[int,]", "a name is missing"),
        ("list]", "']' follows the type"),
        ("list[int] x", "'x' follows the type"),
        ("a, b", "', b' follows the type"),
        ("...", "inside of tuple"),
        ("list[...]", "tuple[X, ...]"),
        ("tuple[...]", "tuple[X, ...]"),
        ("tuple[..., int]", "tuple[X, ...]"),
        ("tuple[int, str, ...]", "tuple[X, ...]"),
        ("tuple[int, ...[int]]", "has no items"),
        ("list[" * 30 + "int" + "]" * 30, "nested too deeply"),
    ],
)
def test_what_is_no_type_path(text: str, complaint: str) -> None:
    with pytest.raises(PackagerDefinitionError, match=re.escape(complaint)) as caught:
        parse(text)
    assert caught.value.remedy == "Write it like pkg.Type or dict[str, pkg.Type]."


NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,5}(\.[A-Za-z_][a-z0-9_]{0,5}){0,3}", fullmatch=True)
PATHS = st.recursive(
    st.builds(TypePath, NAMES.filter(lambda name: name != "NoneType")),
    lambda inner: st.builds(TypePath, NAMES, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=8,
)


@given(PATHS, st.text(alphabet=" \t", max_size=3))
def test_white_space_does_not_count(path: TypePath, blank: str) -> None:
    spaced = re.sub(r"([\[\],])", lambda found: f"{blank}{found[1]}{blank}", str(path).replace(", ", ","))
    assert parse(spaced) == path


@given(st.text(alphabet="ab.[], #<>\n", max_size=20))
def test_any_text_is_a_path_or_a_definition_error(text: str) -> None:
    try:
        path = parse(text)
    except PackagerDefinitionError:
        return
    assert parse(str(path)) == TypePath(path.name, path.items)


def test_package() -> None:
    assert [parse(text).package for text in ("torch.nn.Module", "dict[str, torch.Tensor]", "Iterator[a.B]")] == [
        "torch",
        "builtins",
        "builtins",
    ]


# Names and classes


class Outer:
    class Inner: ...


@pytest.mark.parametrize(
    ("cls", "path"),
    [
        (dict, "dict"),
        (type(None), "None"),
        (type(...), "ellipsis"),
        (OrderedDict, "collections.OrderedDict"),
        (io.BytesIO, "_io.BytesIO"),
        (Outer.Inner, f"{__name__}.Outer.Inner"),
    ],
)
def test_path_of(cls: type[Any], path: str) -> None:
    assert path_of(cls) == path


def test_a_local_class_has_a_path_too() -> None:
    class Local: ...

    assert parse(path_of(Local)).name == f"{__name__}.test_a_local_class_has_a_path_too.<locals>.Local"
    assert lookup(path_of(Local)) is None


@pytest.mark.parametrize("name", ["io.BytesIO", "_io.BytesIO", "builtins.dict", "dict", "None", "collections.abc.Mapping"])
def test_a_name_is_looked_up_where_a_module_shows_it(name: str) -> None:
    found = lookup(name)
    assert isinstance(found, type)
    assert names_class(name, found)


@pytest.mark.parametrize(
    "name", ["len", "io.open", "io", "nowhere.Thing", "io.Nothing", "io.BytesIO.read.deeper", "collections.abc", "Any"]
)
def test_what_is_no_class(name: str) -> None:
    assert lookup(name) is None


def test_nothing_is_imported_or_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Lazy(types.ModuleType):
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return dict

    module = Lazy("lazy_typepath")
    module.__dict__["Thing"] = Outer
    monkeypatch.setitem(sys.modules, "lazy_typepath", module)
    monkeypatch.setitem(sys.modules, "nothing_typepath", None)
    before = set(sys.modules)
    assert lookup("lazy_typepath.Thing") is Outer
    assert lookup("lazy_typepath.Thing.Inner") is Outer.Inner
    assert lookup("lazy_typepath.Other") is None
    assert lookup("nothing_typepath.Thing") is None
    assert lookup("xml.dom.pulldom.PullDOM") is None
    assert asked == []
    assert set(sys.modules) == before


def test_a_module_that_loads_lazily_stays_unloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heavy_typepath.py").write_text("raise RuntimeError('loaded')")
    spec = importlib.util.spec_from_file_location("heavy_typepath", tmp_path / "heavy_typepath.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "heavy_typepath", module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(vars(sys.modules[__name__]), "heavy", module)
    assert lookup("heavy_typepath.Thing") is None
    assert lookup(f"{__name__}.heavy") is None
    assert lookup(f"{__name__}.heavy.Thing") is None


def test_distance_is_the_place_in_the_mro() -> None:
    class Child(OrderedDict[Any, Any]): ...

    names = [path_of(Child), "collections.OrderedDict", "dict", "object", "list"]
    assert [distance(name, Child) for name in names] == [0, 1, 2, 3, None]


def test_a_class_is_found_once_a_module_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert distance("shown_typepath.Other", Outer) is None
    module = types.ModuleType("shown_typepath")
    module.__dict__["Other"] = Outer
    monkeypatch.setitem(sys.modules, "shown_typepath", module)
    assert distance("shown_typepath.Other", Outer) == 0
