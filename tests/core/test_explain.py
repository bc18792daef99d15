"""``explain``: all candidates in order, what was chosen, and why each other one lost; always what ``find`` does."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packagers import NoPackagerError, Registry, settings
from packagers.choice import Explanation

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
from registered import packager, registration, registry_of


class Animal: ...


class Dog(Animal): ...


ANIMAL, DOG = f"{__name__}.Animal", f"{__name__}.Dog"
WIDE = {"PACK_SUBCLASSES": True}


def told(explanation: Explanation) -> dict[str, str]:
    """Give the verdicts by distribution, the core's own packagers left out."""
    return {line["distribution"]: line["verdict"] for line in explanation.candidates if line["origin"] != "core"}


def test_each_clause_is_named() -> None:
    registry = registry_of(
        [
            registration("best", DOG, packager(PRIORITY=2, **WIDE)),
            registration("far", ANIMAL, packager(PRIORITY=1, **WIDE)),
            registration("later", f"{DOG}", packager(PRIORITY=4)),
            registration("same-name", DOG, packager(PRIORITY=2)),
            registration("preferred-not", DOG, packager(PRIORITY=2)),
        ]
    )
    with settings(prefer=["best"]):
        assert told(registry.explain(Dog())) == {
            "best": "chosen",
            "preferred-not": "lost: not preferred",
            "same-name": "lost: not preferred",
            "later": "lost: higher PRIORITY (4 against 2)",
            "far": "lost: farther type (1 against 0)",
        }
        assert list(told(registry.explain(Dog()))) == ["best", "preferred-not", "same-name", "later", "far"]


def test_equal_but_for_the_origin_or_the_name() -> None:
    given = {"PRIORITY": 5}
    registry = registry_of(
        [
            registration("project", DOG, packager(**given), origin="project"),
            registration("a", DOG, packager(**given)),
        ]
    )
    assert told(registry.explain(Dog())) == {"project": "chosen", "a": "lost: origin"}
    equal = registry_of([registration(name, DOG, packager()) for name in "ba"])
    assert told(equal.explain(Dog())) == {"a": "chosen", "b": "lost: later by name"}


def test_less_specific_items() -> None:
    registry = registry_of([registration("open", "list", packager(PRIORITY=1)), registration("dogs", f"list[{DOG}]", packager())])
    assert told(registry.explain([Dog()])) == {"dogs": "chosen", "open": "lost: less specific item types"}
    assert told(registry.explain([1])) == {"open": "chosen", "dogs": "lost: its item types do not match"}


def test_each_fault_is_named() -> None:
    registry = registry_of(
        [
            registration("narrow", ANIMAL, packager()),
            registration("read-only", DOG, packager(pack_file=None)),
            registration("off", DOG, packager()),
            registration("refuses", DOG, packager(holds=lambda self, obj: False)),
            registration("raises", DOG, packager(holds=lambda self, obj: 1 / 0)),
            registration("write-only", DOG, packager(unpack_file=None)),
        ]
    )
    with settings(disable=["off"]):
        packed, unpacked = registry.explain(Dog()), registry.explain(Dog)
        plots = told(registry.explain(Dog(), "plot"))
    assert told(packed) == {
        "write-only": "chosen",
        "off": "lost: switched off by the setting 'disable'",
        "raises": "lost: it failed when it was asked: ZeroDivisionError: division by zero",
        "read-only": "lost: it does not pack",
        "refuses": "lost: it says that this is none of its values",
        "narrow": "lost: it takes its exact type alone (PACK_SUBCLASSES is not set)",
    }
    assert told(unpacked)["write-only"] == "lost: it does not unpack"
    assert told(unpacked)["raises"] == "chosen"
    assert plots["write-only"] == "lost: it has no pack_plot"


# What cannot be loaded


def test_a_broken_candidate_and_the_next_one() -> None:
    registry = registry_of([registration("broken", DOG), registration("good", ANIMAL, packager(**WIDE))])
    found = told(registry.explain(Dog()))
    assert found["good"] == "chosen"
    assert found["broken"].startswith(f"lost: the packager nowhere:Missing for {DOG} cannot be loaded: ModuleNotFoundError")


def test_the_fallback_is_not_said_to_be_chosen_where_find_refuses_it() -> None:
    registry = registry_of([registration("broken", DOG)])
    explanation = registry.explain(Dog())
    verdicts = {line["packager"]: line["verdict"] for line in explanation.candidates}
    assert verdicts["nowhere:Missing"].startswith("error: ")
    assert (
        verdicts["packagers.builtin.fallback:ObjectPackager"] == "lost: nowhere:Missing is nearer, and the fallback never stands in for it"
    )
    assert "chosen" not in verdicts.values()


def test_a_mandatory_entry_is_the_error() -> None:
    mandatory = registration("project", DOG, origin="project", mandatory=True)
    found = told(registry_of([mandatory, registration("good", DOG, packager())]).explain(Dog()))
    assert found["project"].startswith("error: ")
    assert found["good"] == "lost: nowhere:Missing is mandatory"


# Values, classes and other hints


def test_a_value_is_packed_and_a_class_is_unpacked_unless_it_is_said() -> None:
    registry = registry_of([registration("in", DOG, packager(unpack_file=None)), registration("out", DOG, packager(pack_file=None))])
    value, hint, packed = registry.explain(Dog()), registry.explain(Dog), registry.explain(Dog, direction="pack")
    assert [(each.subject, each.direction) for each in (value, hint, packed)] == [(DOG, "pack"), (DOG, "unpack"), (DOG, "pack")]
    assert [told(each)["in"] for each in (value, hint, packed)] == ["chosen", "lost: it does not unpack", "chosen"]
    assert told(hint)["out"] == "chosen"
    assert told(registry.explain(Dog, "plot", direction="pack"))["in"] == "lost: it has no pack_plot"


def test_item_types_of_classes() -> None:
    registry = registry_of([registration("dogs", f"list[{DOG}]", packager()), registration("streams", f"Iterator[{DOG}]", packager())])
    for direction in ("pack", "unpack"):
        assert told(registry.explain(list[Dog], direction=direction))["dogs"] == "chosen"
        assert told(registry.explain(Iterator[Dog], direction=direction))["streams"] == "chosen"
    assert told(registry.explain(list))["dogs"] == "lost: its item types do not match"


def test_a_union_is_explained_whole() -> None:
    registry = registry_of([registration("dogs", DOG, packager()), registration("animals", ANIMAL, packager())])
    explanation = registry.explain(Dog | Animal | None)
    assert explanation.subject == f"{DOG} | {ANIMAL} | None"
    assert told(explanation) == {"dogs": "chosen", "animals": "lost: an earlier alternative"}


def test_the_json_form() -> None:
    registry = registry_of([registration("dogs", f"{DOG} # old", packager(PRIORITY=4))])
    form = registry.explain(Dog(), "file").to_dict()
    assert json.loads(json.dumps(form)) == form
    assert {name: form[name] for name in ("subject", "direction", "artifact_type")} == {
        "subject": DOG,
        "direction": "pack",
        "artifact_type": "file",
    }
    assert form["candidates"][0] == {
        "type": DOG,
        "label": "old",
        "distribution": "dogs",
        "version": "1.0",
        "packager": "fakes:Fake",
        "origin": "plugin",
        "distance": 0,
        "priority": 4,
        "verdict": "chosen",
    }


def test_the_text_form() -> None:
    text = str(registry_of([registration("dogs", f"{DOG}#old", packager())]).explain(Dog(), "file"))
    assert text.splitlines()[:2] == [f"pack {DOG} as file", f"  {DOG}#old  dogs 1.0  fakes:Fake  chosen"]


def test_candidates_are_those_without_fault_best_first() -> None:
    registry = registry_of(
        [
            registration("far", ANIMAL, packager(**WIDE)),
            registration("near", DOG, packager()),
            registration("narrow", ANIMAL, packager("Narrow")),
            registration("broken", DOG),
        ]
    )
    found = registry.candidates(Dog())
    assert [each.registration.distribution for each in found] == ["near", "far", "packagers"]
    assert [each.priority for each in found] == [5, 5, 10]
    assert [each.packager.__name__ for each in found] == ["Fake", "Fake", "ObjectPackager"]


# Nothing that explain says differs from what find does

VALUES: list[Any] = [Dog(), Animal(), [Dog()], [Animal()], [], 1, iter(()), {"a": Dog()}]
REGISTRIES = [
    registry_of([registration("broken", DOG), registration("good", ANIMAL, packager(**WIDE)), registration("lists", f"list[{DOG}]")]),
    registry_of([registration("dogs", DOG, packager(PRIORITY=1)), registration("project", DOG, packager(), origin="project")]),
    registry_of([registration("project", DOG, origin="project", mandatory=True), registration("dogs", DOG, packager())]),
    registry_of([registration("broken", DOG), registration("streams", "Iterator", packager(**WIDE))]),
]


@pytest.mark.filterwarnings("ignore::packagers.PackagersWarning")
@pytest.mark.parametrize("registry", REGISTRIES)
@pytest.mark.parametrize("artifact_type", [None, "file", "result", "object", "plot"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_find_does_what_explain_says(registry: Registry, value: Any, artifact_type: str | None) -> None:
    lines = [line for line in registry.explain(value, artifact_type).candidates if line["verdict"] == "chosen"]
    assert registry.is_packable(value, artifact_type) == bool(lines)
    if not lines:
        with pytest.raises(LookupError):
            registry.find(value, artifact_type)
        return
    found = registry.find(value, artifact_type).registration
    assert [(line["distribution"], line["packager"]) for line in lines] == [(found.distribution, found.reference)]
    assert registry.candidates(value, artifact_type)[0].registration == found


def test_an_error_says_what_explain_says() -> None:
    registry = registry_of([registration("broken", DOG)])
    (line,) = [line for line in registry.explain(Dog()).candidates if line["verdict"].startswith("error: ")]
    with pytest.warns(UserWarning, match="nowhere"), pytest.raises(NoPackagerError) as caught:
        registry.find(Dog())
    assert line["verdict"].removeprefix("error: ") in str(caught.value)
