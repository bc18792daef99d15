"""The rule of choice: which of several packagers is taken, clause by clause, and what happens where one cannot be loaded."""

from __future__ import annotations

import logging
import sys
import types
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from packagers import (
    AmbiguousPackagerWarning,
    NoPackagerError,
    Packager,
    PluginLoadWarning,
    Registry,
    UnknownArtifactTypeError,
    settings,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
from registered import packager, registration, registry_of


class Animal: ...


class Dog(Animal): ...


class Puppy(Dog): ...


HERE = __name__
ANIMAL, DOG, PUPPY = (f"{HERE}.{cls.__qualname__}" for cls in (Animal, Dog, Puppy))
WIDE = {"PACK_SUBCLASSES": True}


def chosen(registry: Registry, obj: Any, artifact_type: str | None = None) -> str:
    return registry.find(obj, artifact_type).registration.distribution


# Clause by clause


def test_the_nearer_type_wins_whatever_its_priority() -> None:
    near, far = packager("Near", PRIORITY=10, **WIDE), packager("Far", PRIORITY=1, **WIDE)
    registry = registry_of([registration("far", ANIMAL, far), registration("near", DOG, near)])
    assert [chosen(registry, value) for value in (Animal(), Dog(), Puppy())] == ["far", "near", "near"]
    assert registry.find(Puppy()).distance == 1


def test_a_packager_takes_its_exact_class_alone_unless_it_says_more() -> None:
    exact = registry_of([registration("exact", DOG, packager())])
    assert chosen(exact, Dog()) == "exact"
    assert chosen(exact, Puppy()) == "packagers"
    wide = registry_of([registration("wide", ANIMAL, packager(**WIDE)), registration("exact", DOG, packager())])
    assert chosen(wide, Puppy()) == "wide"


def test_more_specific_item_types_win() -> None:
    registry = registry_of(
        [
            registration("open", "list", packager("Open", PRIORITY=1)),
            registration("anything", "list[object]", packager("Anything", PRIORITY=1)),
            registration("animals", f"list[{ANIMAL}]", packager("Animals", **WIDE)),
            registration("dogs", f"list[{DOG}]", packager("Dogs", **WIDE)),
        ]
    )
    assert chosen(registry, [Dog(), Dog()]) == "dogs"
    assert chosen(registry, [Dog(), Puppy()]) == "dogs"
    assert chosen(registry, [Dog(), Animal()]) == "animals"
    assert chosen(registry, [Dog(), 1]) == "anything"
    assert chosen(registry, []) == "open"


def test_items_of_subclasses_match_by_the_same_rule() -> None:
    exact = registry_of([registration("exact", f"list[{DOG}]", packager())])
    wide = registry_of([registration("wide", f"list[{DOG}]", packager(**WIDE))])
    assert [chosen(exact, value) for value in ([Dog()], [Dog(), Puppy()])] == ["exact", "packagers"]
    assert [chosen(wide, value) for value in ([Dog()], [Dog(), Puppy()])] == ["wide", "wide"]


@pytest.mark.parametrize(
    ("path", "yes", "no"),
    [
        (f"tuple[int, {DOG}]", (1, Dog()), (Dog(), 1)),
        (f"tuple[{DOG}, ...]", (Dog(), Dog()), (Dog(), 1)),
        (f"dict[str, {DOG}]", {"a": Dog()}, {1: Dog()}),
        (f"set[{DOG}]", {Dog()}, {1}),
        (f"list[list[{DOG}]]", [[Dog()]], [Dog()]),
    ],
)
def test_item_types_of_every_container(path: str, yes: Any, no: Any) -> None:
    registry = registry_of([registration("items", path, packager())])
    assert chosen(registry, yes) == "items"
    assert chosen(registry, no) == chosen(registry, type(yes)()) == "packagers"


def test_item_types_are_looked_at_each_time() -> None:
    registry = registry_of([registration("dogs", f"list[{DOG}]", packager())])
    assert [chosen(registry, value) for value in ([Dog()], [1], [Dog()], [], [Puppy()], [Dog()])] == [
        "dogs",
        "packagers",
        "dogs",
        "packagers",
        "packagers",
        "dogs",
    ]


def test_the_lower_priority_wins() -> None:
    registry = registry_of([registration("a", DOG, packager("A", PRIORITY=9)), registration("b", DOG, packager("B", PRIORITY=1))])
    assert chosen(registry, Dog()) == "b"


def test_priorities_that_are_not_said() -> None:
    plugin, project = registration("a", DOG, packager("A")), registration("project", DOG, packager("B"), origin="project")
    assert (plugin.priority, project.priority) == (5, 3)
    assert chosen(registry_of([plugin, project]), Dog()) == "project"
    assert chosen(registry_of([registration("a", DOG, packager(PRIORITY=2)), project]), Dog()) == "a"
    assert chosen(registry_of([registration("a", DOG, packager(PRIORITY=4)), plugin]), Dog()) == "a"


def test_project_before_plugin_before_core() -> None:
    same = {"PRIORITY": 5}
    plugin, project = registration("z", "int", packager(**same)), registration("project", "int", packager(**same), origin="project")
    assert chosen(registry_of([plugin]), 1) == "z"
    assert chosen(registry_of([plugin, project]), 1) == "project"


# Equal in all but the name


def two(first: str = "dogs-a", second: str = "dogs-b") -> Registry:
    return registry_of([registration(second, DOG, packager("Second")), registration(first, DOG, packager("First"))])


def test_the_name_decides_with_one_warning() -> None:
    registry = two()
    with pytest.warns(AmbiguousPackagerWarning) as caught:
        assert chosen(registry, Dog()) == "dogs-a"
    (warning,) = caught
    for part in ("dogs-a and dogs-b both pack", DOG, 'prefer = ["dogs-b"]', 'prefer = ["dogs-a"]'):
        assert part in str(warning.message)
    assert chosen(registry, Dog()) == "dogs-a"


def test_prefer_settles_it() -> None:
    with settings(prefer=["dogs-b"]):
        assert chosen(two(), Dog()) == "dogs-b"
    with settings(prefer=["other", "Dogs_B", "dogs-a"]):
        assert chosen(two(), Dog()) == "dogs-b"
    with settings(prefer=["dogs-a"]):
        assert chosen(two(), Dog()) == "dogs-a"


def test_settings_are_read_with_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = two()
    with settings(prefer=["dogs-b"]):
        assert chosen(registry, Dog()) == "dogs-b"
    monkeypatch.setenv("PACKAGERS_PREFER", "dogs-a")
    assert chosen(registry, Dog()) == "dogs-a"
    monkeypatch.setenv("PACKAGERS_DISABLE", "Dogs.A")
    assert chosen(registry, Dog()) == "dogs-b"
    monkeypatch.setenv("PACKAGERS_DISABLE", "dogs-a,dogs-b")
    assert chosen(registry, Dog()) == "packagers"


def test_two_packagers_of_one_distribution_are_not_ambiguous() -> None:
    registry = registry_of([registration("dogs", f"{DOG}#old", packager("Old")), registration("dogs", DOG, packager("New"))])
    assert registry.find(Dog()).registration.reference == "fakes:New"


def test_three_that_are_equal() -> None:
    registry = registry_of([registration(f"dogs-{name}", DOG, packager()) for name in "cba"])
    with pytest.warns(AmbiguousPackagerWarning, match="dogs-a and dogs-b both"):
        assert chosen(registry, Dog()) == "dogs-a"


# Artifact types and holds


def test_a_packager_without_the_artifact_type_is_no_candidate() -> None:
    def pack_plot(self: Any, obj: Any, folder: Path) -> None: ...

    registry = registry_of(
        [registration("files", DOG, packager(**WIDE)), registration("plots", ANIMAL, packager(pack_plot=pack_plot, **WIDE))]
    )
    assert chosen(registry, Dog()) == "files"
    assert chosen(registry, Dog(), "plot") == "plots"
    assert chosen(registry, Dog(), "object") == "packagers"
    with pytest.raises(UnknownArtifactTypeError) as caught:
        registry.find(Dog(), "dataset")
    assert caught.value.known == ("file", "object", "plot", "result")
    assert str(caught.value.remedy) == "It can be packed as: file, object, plot, result."


def test_holds_and_is_packable_have_the_last_word() -> None:
    named = packager("Named", holds=lambda self, obj: hasattr(obj, "name"), PRIORITY=1)
    plotted = packager("Plotted", is_packable=classmethod(lambda cls, obj, artifact_type=None: artifact_type == "file"), PRIORITY=2)
    registry = registry_of(
        [registration("named", DOG, named), registration("plotted", DOG, plotted), registration("rest", DOG, packager())]
    )
    rex = Dog()
    rex.name = "Rex"  # type: ignore[attr-defined]
    for _ in range(2):
        assert [chosen(registry, rex), chosen(registry, Dog(), "file"), chosen(registry, Dog())] == ["named", "plotted", "rest"]


def test_is_packable_may_be_static() -> None:
    static = packager("Static", is_packable=staticmethod(lambda obj, artifact_type=None: hasattr(obj, "name")))
    registry = registry_of([registration("static", DOG, static)])
    rex = Dog()
    rex.name = "Rex"  # type: ignore[attr-defined]
    assert [chosen(registry, rex), chosen(registry, Dog())] == ["static", "packagers"]


def _raise(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), RecursionError("deep")])
def test_a_holds_that_raises_is_reported_and_not_fatal(error: BaseException) -> None:
    broken = packager("Broken", holds=lambda self, obj: _raise(error), PRIORITY=1)
    registry = registry_of([registration("broken", DOG, broken), registration("good", DOG, packager())])
    with pytest.warns(PluginLoadWarning, match=f"broken:fakes.Broken is left out for a {DOG}: it failed when it was asked: ") as caught:
        assert chosen(registry, Dog()) == "good"
    assert len(caught) == 1
    assert chosen(registry, Dog()) == "good"


# What cannot be loaded


def test_the_next_of_the_same_type_is_taken() -> None:
    registry = registry_of([registration("broken", DOG), registration("good", DOG, packager())])
    with pytest.warns(PluginLoadWarning, match="No module named 'nowhere'") as caught:
        assert chosen(registry, Dog()) == "good"
    assert len(caught) == 1
    assert "distribution broken" in str(caught[0].message)
    assert chosen(registry, Dog()) == "good"


def test_the_next_of_a_farther_registered_type_is_taken() -> None:
    registry = registry_of([registration("broken", DOG), registration("good", ANIMAL, packager(**WIDE))])
    with pytest.warns(PluginLoadWarning):
        assert chosen(registry, Dog()) == "good"


def test_the_fallback_is_never_taken_instead() -> None:
    registry = registry_of([registration("broken", DOG)])
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PluginLoadWarning)
            with pytest.raises(NoPackagerError, match="nowhere:Missing") as caught:
                registry.find(Dog())
        assert caught.value.distribution == "broken"
        assert "PACKAGERS_DISABLE" in str(caught.value.remedy)
    assert not registry.is_packable(Dog())
    assert not registry.is_unpackable(Dog)
    with settings(disable=["broken"]):
        assert chosen(registry, Dog()) == "packagers"


def test_a_broken_fallback_does_not_stand_in_the_way() -> None:
    registry = registry_of([registration("broken", "object#mine")])
    with pytest.warns(PluginLoadWarning):
        assert chosen(registry, Dog()) == "packagers"


def test_what_is_broken_and_farther_is_not_even_loaded() -> None:
    registry = registry_of([registration("broken", ANIMAL), registration("good", DOG, packager())])
    assert chosen(registry, Dog()) == "good"


def test_a_broken_packager_of_other_items_does_not_matter() -> None:
    registry = registry_of([registration("broken", f"list[{DOG}]")])
    assert chosen(registry, [1]) == "packagers"
    with pytest.warns(PluginLoadWarning):
        assert chosen(registry, [Dog()]) == "packagers"  # the core's packager of list is a farther registered type, not the fallback


def test_a_mandatory_project_entry_is_always_the_error() -> None:
    registry = registry_of([registration("project", DOG, origin="project", mandatory=True), registration("good", DOG, packager())])
    with pytest.raises(NoPackagerError, match="nowhere:Missing") as caught:
        registry.find(Dog())
    assert caught.value.distribution == "project"
    assert not registry.is_packable(Dog())


def test_a_packager_that_cannot_be_made_is_broken() -> None:
    registry = registry_of(
        [registration("broken", DOG, packager(__init__=lambda self: _raise(SystemExit(0)))), registration("good", DOG, packager("Good"))]
    )
    with pytest.warns(PluginLoadWarning, match="cannot be made: SystemExit"):
        assert chosen(registry, Dog()) == "good"


# Streams and hints


def stream() -> Iterator[Any]:
    yield Dog()


def test_streams_are_looked_up_by_their_first_chunk() -> None:
    registry = registry_of([registration("dogs", f"Iterator[{DOG}]", packager())])
    assert registry.find(stream()).registration.type_path == "Iterator"
    assert registry.find(stream(), chunk=Dog()).registration.distribution == "dogs"
    assert registry.find(stream(), chunk=Puppy()).registration.type_path == "Iterator"
    assert registry.find(stream(), chunk=1).registration.type_path == "Iterator"


def test_a_class_of_its_own_beats_the_stream() -> None:
    class Feed(Dog):
        def __next__(self) -> Any: ...

    registry = registry_of([registration("wide", DOG, packager(**WIDE))])
    assert chosen(registry, Feed()) == "wide"


def test_hints() -> None:
    registry = registry_of(
        [
            registration("dogs", DOG, packager()),
            registration("lists", f"list[{DOG}]", packager()),
            registration("streams", f"Iterator[{DOG}]", packager()),
        ]
    )
    found = {hint: registry.find_for_hint(hint).registration.distribution for hint in (Dog, Puppy, list[Dog], list[Puppy], Iterator[Dog])}
    assert list(found.values()) == ["dogs", "packagers", "lists", "packagers", "streams"]
    assert registry.find_for_hint(Dog | int).registration.distribution == "dogs"
    assert registry.find_for_hint(f"list[{DOG}]").registration.distribution == "lists"


def test_abcs_and_local_classes_are_for_the_fallback() -> None:
    class Local: ...

    registry = registry_of()
    for hint in (Mapping, Mapping[str, int], Local, Any, object):
        assert registry.find_for_hint(hint).registration.type_path == "object"
    assert registry.find_for_hint(list[Local]).registration.type_path == "list"


# Errors and advice


def test_nobody_takes_it() -> None:
    registry = registry_of([registration("off", DOG, packager())])
    with settings(disable=["packagers", "off"]):
        with pytest.raises(NoPackagerError, match=f"no packager can pack {DOG}") as caught:
            registry.find(Dog())
        assert caught.value.remedy == "Take off out of the setting 'disable'."
        with pytest.raises(NoPackagerError, match="no packager can unpack list") as unpacked:
            registry.find_for_hint(list[Dog])
        assert unpacked.value.remedy == "Take packagers out of the setting 'disable'."
    assert isinstance(caught.value, LookupError)


def numbers(monkeypatch: pytest.MonkeyPatch) -> type[Any]:
    """Make a class as if it came from a library whose plugin of ours is not installed."""
    module = types.ModuleType("torch")
    tensor = type("Tensor", (), {"__module__": "torch"})
    module.__dict__["Tensor"] = tensor
    monkeypatch.setitem(sys.modules, "torch", module)
    return tensor


def test_a_missing_plugin_of_ours_is_suggested(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    tensor, registry = numbers(monkeypatch), registry_of()
    with caplog.at_level(logging.WARNING, logger="packagers"):
        for _ in range(2):
            assert chosen(registry, tensor()) == "packagers"
    assert [record.getMessage() for record in caplog.records] == [
        "torch.Tensor has no packager of its own here and is pickled; pip install packagers-torch"
    ]
    with settings(disable=["packagers"]), pytest.raises(NoPackagerError) as caught:
        registry.find(tensor())
    assert caught.value.remedy == "pip install packagers-torch"


def test_an_installed_plugin_is_not_suggested(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    tensor, registry = numbers(monkeypatch), registry_of([registration("packagers-torch", "torch.nn.Module", packager())])
    with caplog.at_level(logging.WARNING, logger="packagers"):
        assert chosen(registry, tensor()) == "packagers"
    assert not caplog.records


# What is remembered


def test_what_is_added_counts_at_once() -> None:
    registry = registry_of()
    assert chosen(registry, Dog()) == "packagers"
    registry.add(DOG, packager())
    assert chosen(registry, Dog()) == "project"
    registry.add(f"list[{DOG}]", packager())
    assert chosen(registry, [Dog()]) == "project"


def test_registering_again_replaces() -> None:
    registry = registry_of()
    for members in ({"PRIORITY": 7}, {"PRIORITY": 8}):
        registry.add(DOG, packager("Cell", **members))
    assert registry.find(Dog()).packager.PRIORITY == 8
    assert len([each for each in registry if each.type_path == DOG]) == 1


def test_a_class_that_a_module_shows_later(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = registry_of([registration("shown", "shown_choice.Hund", packager())])
    assert chosen(registry, Dog()) == "packagers"
    module = types.ModuleType("shown_choice")
    module.__dict__["Hund"] = Dog
    monkeypatch.setitem(sys.modules, "shown_choice", module)
    assert chosen(registry, Dog()) == "shown"


def test_a_class_of_another_package_than_it_is_shown_in() -> None:
    import io

    registry = registry_of([registration("io", "io.BytesIO", packager())])
    assert io.BytesIO.__module__ == "_io"
    assert chosen(registry, io.BytesIO()) == "io"


def test_classes_of_one_name_are_told_apart() -> None:
    first, second = (type("Dog", (), {"__module__": name}) for name in ("kennel_a", "kennel_b"))
    registry = registry_of(
        [registration("a", "kennel_a.Dog", packager("DogPackager")), registration("b", "kennel_b.Dog", packager("DogPackager"))]
    )
    assert [chosen(registry, first()), chosen(registry, second())] == ["a", "b"]


def test_many_threads_find_the_same() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(10):
            registry = registry_of([registration("dogs", DOG, packager(**WIDE)), registration("lists", f"list[{DOG}]", packager())])
            values = [Dog(), Puppy(), [Dog()], [1], {"a": 1}, OrderedDict(), 1, "a", None, Animal()] * 5
            with ThreadPoolExecutor(16) as pool:
                found = [each.packager for each in pool.map(registry.find, values, timeout=60)]
            assert found == found[:10] * 5
            assert len({id(each) for each in found}) == len({type(each) for each in found})
    finally:
        sys.setswitchinterval(interval)


def test_registering_while_others_look() -> None:
    registry = registry_of()

    def add(number: int) -> None:
        registry.add(f"added_{number}.Thing", packager(f"P{number}"))

    with ThreadPoolExecutor(8) as pool:
        looked = [pool.submit(registry.find, type(f"T{number}", (), {})()) for number in range(100)]
        added = [pool.submit(add, number) for number in range(100)]
        assert all(each.result(60) for each in looked)
        assert all(each.result(60) is None for each in added)
    assert len([each for each in registry if each.origin == "project"]) == 100


def test_one_instance_for_each_class() -> None:
    registry = registry_of()
    assert registry.find(1).packager is registry.find(1.5).packager
    assert isinstance(registry.find(1).packager, Packager)
