"""What is installed is read from metadata alone, and one broken distribution hides no other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from packagers import PackagersError, PluginLoadWarning, discovery, testing
from packagers.discovery import Extension, canonical_name, check_core, installed_version, scan
from packagers.loading import LoadFailure, cause_of, guarded, load_reference, with_colon

Install = Callable[[Mapping[str, Any]], Path]


@pytest.fixture
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Install fake distributions without making a registry, which would load their hook modules."""
    with ExitStack() as stack:
        yield lambda files: stack.enter_context(testing.installed(files, tmp_path_factory.mktemp("installed")))


def plugin(reference: str, *types: str, **more: Any) -> dict[str, Any]:
    return {"entry_points": {"packagers.types": dict.fromkeys(types, reference)}, **more}


def found(distribution: str) -> list[Extension]:
    return [extension for extension in scan().types if extension.distribution == distribution]


def test_the_three_groups_are_read_and_nothing_is_imported(installed: Install) -> None:
    groups = {
        "packagers.types": {"dict[str, maps.Map]": "packagers_maps:DictPackager", "maps.Map#old": "packagers_maps.old:MapPackager"},
        "packagers": {"timing": "packagers_maps.hooks"},
        "packagers.commands": {"draw": "packagers_maps.cli:draw"},
        "console_scripts": {"maps": "packagers_maps:main"},
    }
    files = {"packagers_maps.py": "raise SystemExit"}
    installed({"packagers-maps": {"version": "2.5", "requires": ["numpy", "packagers>=0.1"], "entry_points": groups, "files": files}})
    before = set(sys.modules)
    everything = scan()
    ours = [tuple(each for each in group if each.distribution == "packagers-maps") for group in everything]
    assert ours == [
        (
            Extension("dict[str, maps.Map]", "packagers_maps:DictPackager", "packagers-maps", "2.5", ("packagers>=0.1",)),
            Extension("maps.Map#old", "packagers_maps.old:MapPackager", "packagers-maps", "2.5", ("packagers>=0.1",)),
        ),
        (Extension("timing", "packagers_maps.hooks", "packagers-maps", "2.5", ("packagers>=0.1",)),),
        (Extension("draw", "packagers_maps.cli:draw", "packagers-maps", "2.5", ("packagers>=0.1",)),),
        (),
    ]
    assert "packagers_maps" not in sys.modules
    assert not {name for name in set(sys.modules) - before if name.startswith("packagers")}


def test_two_distributions_that_use_the_same_names_are_both_seen(installed: Install) -> None:
    installed({"graphs-a": plugin("a:P", "maps.Map"), "graphs-b": plugin("b:P", "maps.Map")})
    assert [(each.distribution, each.reference) for each in scan().types if each.name == "maps.Map"] == [
        ("graphs-a", "a:P"),
        ("graphs-b", "b:P"),
    ]


def test_of_two_distributions_of_one_name_the_first_counts(installed: Install) -> None:
    installed({"graphs-a": plugin("old:P", "maps.Map", version="1.0")})
    installed({"Graphs_A": plugin("new:P", "maps.Map", version="2.0")})
    assert [(each.reference, each.version) for each in found("graphs-a")] == [("new:P", "2.0")]
    installed({"graphs.a": {"version": "3.0", "files": {}}})
    assert found("graphs-a") == []


def test_names_have_one_form(installed: Install) -> None:
    installed({"Graphs_For.Maps": plugin("a:P", "maps.Map")})
    assert [each.name for each in found("graphs-for-maps")] == ["maps.Map"]
    assert canonical_name("A__b.-C") == "a-b-c"


def test_egg_info_is_read(installed: Install) -> None:
    information = {
        "PKG-INFO": "Metadata-Version: 2.1\nName: graphs-egg\nVersion: 4\n",
        "entry_points.txt": "[packagers.types]\nmaps.Map = a:P\n",
    }
    installed({"graphs_egg.egg-info": information})
    assert [(each.name, each.version) for each in found("graphs-egg")] == [("maps.Map", "4")]


def test_what_the_description_says_is_no_metadata(installed: Install) -> None:
    metadata = "Metadata-Version: 2.1\r\nName: graphs-a\r\nVersion: 1\r\n\r\nName: other\r\nRequires-Dist: packagers>=99\r\n"
    installed({"graphs_a-1.dist-info": {"METADATA": metadata.encode(), "entry_points.txt": "[packagers.types]\nmaps.Map = a:P\n"}})
    assert [each.requires for each in found("graphs-a")] == [()]


@pytest.mark.parametrize(
    "information",
    [
        {"entry_points.txt": "[packagers.types]\nmaps.Map = a:P\n"},
        {"METADATA": "", "entry_points.txt": "[packagers.types]\nmaps.Map = a:P\n"},
        {"METADATA": b"\xff\xfe", "entry_points.txt": "[packagers.types]\nmaps.Map = a:P\n"},
    ],
)
def test_a_distribution_without_readable_metadata_is_left_out_and_named(installed: Install, information: Any) -> None:
    installed({"broken-1.dist-info": information, "graphs-good": plugin("a:P", "maps.Map")})
    with pytest.warns(PluginLoadWarning, match=r"the distribution broken-1\.dist-info is left out: its metadata is missing"):
        everything = scan()
    assert [each.distribution for each in everything.types if each.name == "maps.Map"] == ["graphs-good"]
    assert [each.distribution for each in everything.unreadable] == ["broken-1.dist-info"]


def test_entry_points_that_are_no_text_are_left_out(installed: Install) -> None:
    information = {"METADATA": "Name: broken\nVersion: 1\n", "entry_points.txt": b"[packagers.types]\n\xff\n"}
    installed({"broken-1.dist-info": information, "graphs-good": plugin("a:P", "maps.Map")})
    assert [each.distribution for each in scan().types if each.name == "maps.Map"] == ["graphs-good"]


def test_entry_points_that_cannot_be_read_are_reported(installed: Install) -> None:
    installed({"graphs-good": plugin("a:P", "maps.Map")})
    bad = {"METADATA": "Name: bad\nVersion: 1\n", "entry_points.txt": "[packagers.types]\nno equals sign\n"}
    installed({"bad-1.dist-info": bad})
    with pytest.warns(PluginLoadWarning, match="the distribution bad is left out: its entry points cannot be read"):
        everything = scan()
    assert "graphs-good" in {each.distribution for each in everything.types}


def test_the_order_is_that_of_names(installed: Install) -> None:
    installed({f"graphs-{name}": plugin(f"{name}:P", "b.B", "a.A") for name in "cab"})
    ours = [each for each in scan().types if each.distribution.startswith("graphs-")]
    assert [(each.distribution[-1], each.name) for each in ours] == [(d, n) for d in "abc" for n in ("a.A", "b.B")]


def test_installed_version(installed: Install) -> None:
    installed({"graphs-a": plugin("a:P", "maps.Map", version="7.1")})
    assert installed_version("graphs-a") == "7.1"
    assert installed_version("graphs-nowhere") == ""


# Which core a plugin needs


@pytest.mark.parametrize(
    "requirement",
    [
        "packagers",
        "packagers>=0.1,<0.2",
        "packagers (>=0.1)",
        "packagers[cli]>=0.1",
        "Packagers ~= 0.1",
        "packagers==0.1.*",
        "packagers!=0.2",
        "packagers>=99; python_version<'3'",
        "packagers[x]>=99; extra == 'all'",
        "packagers @ file:///nowhere",
        "packagers-numpy>=99",
        "packagers???",
    ],
)
def test_a_core_that_will_do(requirement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "installed_version", lambda name: "0.1.3")
    check_core([requirement])


@pytest.mark.parametrize(
    "requirement",
    ["packagers>=0.2", "packagers <0.1.3", "packagers[cli] (==0.1)", "packagers~=0.2", "packagers>0.1.3", "PACKAGERS>=0.1,!=0.1.3.0"],
)
def test_a_core_that_will_not_do(requirement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "installed_version", lambda name: "0.1.3")
    with pytest.raises(PackagersError, match=r"and packagers 0\.1\.3 is installed"):
        check_core([requirement])


RELEASES = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))


@given(RELEASES, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~="]), RELEASES)
def test_releases_compare_as_the_standard_says(ours: str, operator: str, needed: str) -> None:
    if operator == "~=" and "." not in needed:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "installed_version", lambda name: ours)
        try:
            check_core([f"packagers{operator}{needed}"])
            holds = True
        except PackagersError:
            holds = False
    assert holds == SpecifierSet(f"{operator}{needed}").contains(ours)


def test_a_plugin_for_another_core_is_not_imported(installed: Install) -> None:
    files = {"graphs_a.py": "raise RuntimeError('imported')"}
    installed({"graphs-a": plugin("graphs_a:P", "maps.Map", requires=["packagers>=99"], files=files)})
    (extension,) = found("graphs-a")
    with pytest.raises(LoadFailure, match="it needs packagers>=99") as caught:
        extension.load()
    assert caught.value.distribution == "graphs-a"
    assert "graphs_a" not in sys.modules


# References, and code of others


@pytest.mark.parametrize(
    ("reference", "expected"),
    [("pathlib", "pathlib"), ("pathlib:Path", "Path"), (" pathlib : Path.home [extra] ", "Path.home"), ("os.path", "posixpath")],
)
def test_references(reference: str, expected: str) -> None:
    loaded = load_reference(reference)
    assert getattr(loaded, "__qualname__", loaded.__name__) in (expected, "ntpath")


def test_a_module_of_a_package_is_imported(installed: Install) -> None:
    installed({"graphs_pkg": {"__init__.py": "", "hooks.py": "here = True"}})
    assert Extension("x", "graphs_pkg.hooks", "graphs").load()[0].here


@pytest.mark.parametrize(
    ("written", "reference"),
    [("a.b.C", "a.b:C"), ("a.b:C", "a.b:C"), ("a : C.D", "a:C.D"), ("a:C [x, y]", "a:C"), ("a", "a")],
)
def test_references_have_one_form(written: str, reference: str) -> None:
    assert with_colon(written) == reference


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Strange(BaseException): ...


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError("a\n  b"), "ValueError: a b"),
        (SystemExit(3), "SystemExit: 3"),
        (Mute(), "Mute"),
        (Strange("x"), "Strange: x"),
        (RecursionError(), "RecursionError"),
        (ValueError("x" * 1000), f"ValueError: {'x' * 399}…"),
    ],
)
def test_whatever_is_raised_becomes_one_kind_of_error(error: BaseException, cause: str) -> None:
    assert cause_of(error) == cause
    with pytest.raises(LoadFailure) as caught, guarded("it failed", "graphs", "Repair it."):
        raise error
    assert caught.value.args == (f"it failed: {cause}",)
    assert (caught.value.distribution, caught.value.remedy) == ("graphs", "Repair it.")
    assert caught.value.__cause__ is error
    assert isinstance(caught.value, ImportError)


def test_the_user_can_still_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt), guarded("it failed", "graphs"):
        raise KeyboardInterrupt
