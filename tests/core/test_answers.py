"""What a registry remembers: every answer is the one that it would give anew, whatever was registered, loaded or set since."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from packagers import Packager, Registry, answers, settings
from packagers.choice import Candidate

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
from registered import packager, registration, registry_of


class Cat: ...


class Kitten(Cat): ...


CAT = f"{__name__}.Cat"
VALUES: dict[str, Callable[[], Any]] = {
    "an object": Cat,
    "an object of a subclass": Kitten,
    "a list": lambda: [Cat(), Cat()],
    "a mixed list": lambda: [Cat(), 1],
    "a list that begins otherwise": lambda: [1, Cat()],
    "an empty list": list,
    "a tuple": lambda: (Cat(), Cat()),
    "a tuple of two kinds": lambda: (1, Cat()),
    "a dict": lambda: {"a": Cat()},
    "an empty dict": dict,
    "lists in a dict": lambda: {"a": [Cat()]},
    "a set": lambda: {Cat()},
    "an int": lambda: 1,
}
PATHS = (
    CAT,
    f"list[{CAT}]",
    f"dict[str, {CAT}]",
    f"tuple[{CAT}, ...]",
    f"tuple[int, {CAT}]",
    f"set[{CAT}]",
    f"dict[str, list[{CAT}]]",
    "list[int]",
)


def taken(registry: Registry, value: Any) -> str:
    """Who packs a value, by what is remembered; asked twice, so that it is."""
    registry.find(value)
    return registry.find(value).registration.distribution


def weighed(registry: Registry, value: Any) -> str:
    """Who packs a value, by the rule alone: nothing is remembered of what is explained."""
    return next(line["distribution"] for line in registry.explain(value).candidates if line["verdict"] == "chosen")


@pytest.fixture
def registry() -> Registry:
    return registry_of([registration(f"cats-{number}", path, packager()) for number, path in enumerate(PATHS)])


@pytest.mark.parametrize("name", VALUES)
def test_what_is_remembered_is_what_is_explained(registry: Registry, name: str) -> None:
    for _ in range(2):
        assert taken(registry, VALUES[name]()) == weighed(registry, VALUES[name]())


def test_values_of_one_class_differ_by_their_items(registry: Registry) -> None:
    lists = [[Cat()], [Cat(), 1], [1, Cat()], [1], []]
    assert [taken(registry, each) for each in lists + lists] == 2 * [weighed(registry, each) for each in lists]
    assert len({taken(registry, each) for each in lists}) == 3


def test_a_registration_counts_at_once(registry: Registry) -> None:
    assert taken(registry, Cat()) == "cats-0"
    assert not registry.is_packable(Cat(), "portrait")
    assert not registry.is_packable(Cat(), "portrait")
    registry.add(CAT, packager("Painter", pack_portrait=lambda self, obj, folder: None, DEFAULT_PACKING_ARTIFACT_TYPE="portrait"))
    assert taken(registry, Cat()) == "project"
    assert registry.is_packable(Cat(), "portrait")
    assert registry.find_for_hint(Cat).registration.distribution == "project"


def test_a_registration_for_a_hint_counts_at_once(registry: Registry) -> None:
    assert [registry.find_for_hint(Cat).registration.distribution for _ in range(2)] == ["cats-0", "cats-0"]
    registry.add(CAT, packager("Reader"))
    assert registry.find_for_hint(Cat).registration.distribution == "project"


@contextmanager
def of_process(names: list[str]) -> Iterator[None]:
    settings.prefer = names
    try:
        yield
    finally:
        del settings.prefer


@contextmanager
def of_environment(names: list[str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PACKAGERS_PREFER", ",".join(names))
        yield


@contextmanager
def of_another_environment(names: list[str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.environ", {"PACKAGERS_PREFER": ",".join(names)})
        yield


def of_block(names: list[str]) -> Any:
    return settings(prefer=names)


@pytest.mark.parametrize("source", [of_process, of_environment, of_another_environment, of_block])
def test_a_setting_counts_at_once_and_until_it_changes(source: Callable[[list[str]], Any]) -> None:
    registry = registry_of([registration("cats-a", CAT, packager("A")), registration("cats-b", CAT, packager("B"))])
    with of_block(["cats-a"]):
        assert taken(registry, Cat()) == "cats-a"
    for name in ("cats-b", "cats-a", "cats-b"):
        with source([name]):
            assert taken(registry, Cat()) == name
            assert registry.find_for_hint(Cat).registration.distribution == name


@pytest.mark.parametrize("variable", ["PACKAGERS_DISABLE", "PACKAGERS_PREFER"])
def test_each_variable_counts(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    registry = registry_of([registration("cats-a", CAT, packager("A")), registration("cats-b", CAT, packager("B"))])
    other = {"PACKAGERS_DISABLE": "cats-b", "PACKAGERS_PREFER": "cats-a"}
    monkeypatch.setenv(variable, other[variable])
    with of_process(["cats-a"]) if variable == "PACKAGERS_DISABLE" else settings(disable=[]):
        assert taken(registry, Cat()) == "cats-a"
        monkeypatch.setenv(variable, {"PACKAGERS_DISABLE": "cats-a", "PACKAGERS_PREFER": "cats-b"}[variable])
        assert taken(registry, Cat()) == "cats-b"
        monkeypatch.setenv(variable, other[variable])
        assert taken(registry, Cat()) == "cats-a"


def test_what_is_switched_off_is_missed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = packager("Painter", pack_portrait=lambda self, obj, folder: None, DEFAULT_PACKING_ARTIFACT_TYPE="portrait")
    registry = registry_of([registration("cats", CAT, painter)])
    for names, is_there in (("", True), ("cats", False), ("", True)):
        monkeypatch.setenv("PACKAGERS_DISABLE", names)
        assert [registry.is_packable(Cat(), "portrait") for _ in range(2)] == [is_there, is_there]


def test_threads_with_settings_of_their_own_keep_their_answers() -> None:
    registry = registry_of([registration("cats-a", CAT, packager("A")), registration("cats-b", CAT, packager("B"))])

    def ask(name: str) -> set[str]:
        with settings(prefer=[name]):
            return {taken(registry, Cat()) for _ in range(500)}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, ["cats-a", "cats-b"] * 4)) == [{"cats-a"}, {"cats-b"}] * 4


@pytest.mark.parametrize(
    ("path", "make", "other"),
    [
        ("shows_cats.Cat", Cat, Kitten),
        ("list[shows_cats.Cat]", lambda: [Cat()], lambda: [Cat(), 1]),
        ("dict[str, shows_cats.Cat]", lambda: {"a": Cat()}, lambda: {"a": Cat(), "b": 1}),
    ],
)
def test_a_module_that_shows_a_class_counts_at_once(
    monkeypatch: pytest.MonkeyPatch, path: str, make: Callable[[], Any], other: Callable[[], Any]
) -> None:
    registry = registry_of([registration("shown", path, packager())])
    assert [taken(registry, each()) for each in (make, other)] == ["packagers", "packagers"]
    module = types.ModuleType("shows_cats")
    module.__dict__["Cat"] = Cat
    monkeypatch.setitem(sys.modules, "shows_cats", module)
    assert [taken(registry, each()) for each in (make, other)] == ["shown", "packagers"]


def test_who_looks_at_values_is_asked_each_time() -> None:
    class Choosy(Packager):
        def holds(self, obj: Any) -> bool:
            return obj.is_tame

        def pack_file(self, obj: Any, folder: Path) -> None: ...

    registry = registry_of([registration("choosy", CAT, Choosy)])
    tame, wild = Cat(), Cat()
    tame.is_tame, wild.is_tame = True, False  # type: ignore[attr-defined]
    assert [taken(registry, cat) for cat in (tame, wild, tame)] == ["choosy", "packagers", "choosy"]


def test_who_looks_at_hints_is_asked_each_time() -> None:
    refused: list[bool] = []

    class Choosy(Packager):
        @classmethod
        def is_unpackable(cls, hint: Any, artifact_type: str | None = None) -> bool:
            return not refused

        def unpack_file(self, folder: Path) -> Any: ...

    registry = registry_of([registration("choosy", CAT, Choosy)])
    assert registry.find_for_hint(Cat, "file").registration.distribution == "choosy"
    refused.append(True)
    assert not registry.is_unpackable(Cat, "file")
    with pytest.raises(LookupError):
        registry.find_for_hint(Cat, "file")


def test_an_answer_that_is_known_is_not_weighed_again(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [make() for make in VALUES.values()]
    expected = [taken(registry, value) for value in values], [registry.is_packable(value, "nothing") for value in values]
    hints = [registry.find_for_hint(cls) for cls in (Cat, int)]

    def refuse(*arguments: Any, **more: Any) -> Candidate:
        raise AssertionError("it was weighed again")

    monkeypatch.setattr("packagers.weighing.Scales.weigh", refuse)
    assert ([taken(registry, value) for value in values], [registry.is_packable(value, "nothing") for value in values]) == expected
    assert [registry.find_for_hint(cls) for cls in (Cat, int)] == hints


def test_answers_are_bounded(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers.kept, "__defaults__", (10,))
    classes = [type(f"Cat{number}", (), {}) for number in range(100)]
    for cls in classes:
        for value in (cls(), [cls()], {"a": cls()}):
            assert taken(registry, value) == "packagers"
        assert registry.find_for_hint(cls).registration.distribution == "packagers"
        assert not registry.is_packable(cls(), "nothing")
        assert not registry.is_packable(cls(), f"nothing of {cls.__name__}")
    known = registry._answers
    tables = [known.found, known.found_as, *known.found_as.values(), known.fitting, known.for_class, known._possible]
    assert max(map(len, tables)) <= 10
