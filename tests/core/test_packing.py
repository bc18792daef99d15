"""One value under one key: what is remembered of hints, classes and functions changes nothing of what is packed."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import pytest

import packagers
from packagers import LogHint, Packager, PackError, PackingFailed, Registry, Session, UnknownOptionError

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
from registered import packager, registration, registry_of


class Cat: ...


CAT = f"{__name__}.Cat"


@pytest.mark.parametrize(
    ("value", "spoil"),
    [
        ({"a": 1, "b": "x"}, lambda value: value.update(a=2)),
        ({"a": [1]}, lambda value: value["a"].append(2)),
        ([1, 2.5, None], lambda value: value.append(3)),
        ([[1]], lambda value: value[0].append(2)),
        ({(1, 2): [1]}, lambda value: value[1, 2].append(2)),
        ({1, 2}, lambda value: value.add(3)),
        (({"a": 1},), lambda value: value[0].update(a=2)),
    ],
)
def test_a_result_stays_what_it_was(tmp_path: Path, value: Any, spoil: Any) -> None:
    expected = repr(value)
    with Session(tmp_path) as session:
        session.pack(value, "value")
        spoil(value)
        assert repr(session.results["value"]) == expected != repr(value)
    assert repr(packagers.unpack(tmp_path / "value")) == expected


def test_one_list_in_two_places_stays_one(tmp_path: Path) -> None:
    inner = [1]
    session = Session(tmp_path)
    session.pack({"a": inner, "b": inner}, "value")
    kept = session.results["value"]
    assert kept["a"] is kept["b"] is not inner


def test_a_class_is_packed_as_is_asked_each_time(tmp_path: Path) -> None:
    wants = packager(
        "Wants", pack_model=lambda self, obj, folder, *, depth: {"depth": depth}, unpack_model=lambda self, folder, *, depth=0: depth
    )
    registry = registry_of([registration("cats", CAT, wants)])
    session = Session(tmp_path, registry=registry)
    pack: Any = session.pack
    for _ in range(2):
        with pytest.raises(UnknownOptionError, match="needs the option 'depth'"):
            pack(Cat(), "cat : model")
        with pytest.raises(UnknownOptionError, match="no option 'width'"):
            pack(Cat(), "cat : file[width=3]")
        assert pack(Cat(), "cat : model[depth=3]").unpack() == 3
        assert pack(Cat(), "cat : model[depth=4]").unpack() == 4
        assert pack([1], "list").value == [1]
        assert pack([1], "list : file").artifact_type == "file"
        with pytest.raises(UnknownOptionError, match="'width'"):
            pack([1], "list : file[width=3]")


def test_projects_have_standard_forms_of_their_own(tmp_path: Path) -> None:
    found = []
    for name, table in {
        "a": "",
        "b": '[tool.packagers.defaults]\nlist = "file"\n',
        "c": '[tool.packagers.defaults]\nlist = "result"\n',
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(table)
        for _ in range(2):
            found.append(type(Session(tmp_path / "out", registry=Registry.for_project(tmp_path / name)).pack([1], "x")).__name__)
    assert found == ["Result", "Result", "Artifact", "Artifact", "Result", "Result"]


def test_the_same_text_is_the_same_hint_and_no_hint_changes(tmp_path: Path) -> None:
    hint = LogHint.parse("data : file[format='json', indent=[1]]")
    assert LogHint.parse("data : file[format='json', indent=[1]]") is hint
    hint.packing_kwargs["indent"].append(2)
    assert hint.packing_kwargs["indent"] == [1]
    assert hint.for_item("item").packing_kwargs == hint.packing_kwargs
    assert not hint.has_links
    assert not hint.is_for_artifacts
    for form in ({"tag": "x"}, {"labels": {"a": "b"}}, {"extra_data": {"a": ...}}, {"metrics": {"a": 1}}):
        with pytest.raises(PackError, match=f"a result has no {next(iter(form))}"):
            Session(tmp_path).pack(1, LogHint("value", **form))


def later() -> "tuple[Later, int]":  # type: ignore[name-defined]  # noqa: F821, UP037
    return 1, 2


def test_an_annotation_counts_once_it_can_be_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handled = packagers.handler(later)
    with Session(tmp_path, settings={"auto_pack_outputs": True}) as session:
        handled()
        assert sorted(session.results) == ["artifact_0", "artifact_1"]
        monkeypatch.setitem(globals(), "Later", Annotated[int, "first"])
        for _ in range(2):
            handled()
            assert session.results["first"] == 1


def test_inside_of_a_handler_no_other_packs_and_after_it_every_one_does(tmp_path: Path) -> None:
    @packagers.handler(returns="inner")
    def inner(fails: bool) -> int:
        if fails:
            raise ZeroDivisionError
        return 1

    @packagers.handler(returns="outer")
    def outer(fails: bool) -> int:
        return inner(fails) + 1

    with Session(tmp_path / "a") as around, Session(tmp_path / "b") as session:
        outer(False)
        assert session.results == {"outer": 2}
        with pytest.raises(ZeroDivisionError):
            outer(True)
        inner(False)
        assert session.results == {"outer": 2, "inner": 1}
        assert around.results == {}


def test_settings_that_a_session_was_given_count_while_it_packs_and_no_longer(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Looks(Packager):
        DEFAULT_PACKING_ARTIFACT_TYPE = "result"

        def pack_result(self, obj: Any) -> Any:
            seen.append(packagers.settings.archive_entries)
            return 1

        def unpack_result(self, value: Any) -> Any:
            return value

    registry = registry_of([registration("cats", CAT, Looks)])
    given, plain = (Session(tmp_path, registry=registry, settings=settings) for settings in ({"archive_entries": 7}, {}))
    default = packagers.settings.archive_entries
    for session in (given, plain, given):
        session.pack(Cat(), "cat")
        session.pack_returns(Cat(), "cat")
        session.pack([Cat()], "*cats")
    assert seen == [7] * 3 + [default] * 3 + [7] * 3


def test_threads_enter_keys_while_others_write(tmp_path: Path) -> None:
    with Session(tmp_path) as session, ThreadPoolExecutor(4) as pool:

        def work(number: int) -> None:
            for step in range(30):
                session.pack(step, f"key_{number}_{step}")
                if step % 10 == number:
                    session.close()

        assert list(pool.map(work, range(8))) == [None] * 8
    expected = {f"key_{number}_{step}": step for number in range(8) for step in range(30)}
    assert session.results == expected
    assert {key: packagers.unpack(tmp_path / key) for key in list(expected)[::17]} == dict(list(expected.items())[::17])


def test_a_twin_that_came_later_keeps_only_itself_from_being_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system is played: it does not tell case."""
    session = Session(tmp_path)
    session.pack(1, "data")
    session.pack(2, "depth")
    packagers.pack(b"first", "Data", tmp_path)
    real = os.path.exists
    monkeypatch.setattr("os.path.exists", lambda path: real(path) or real(os.fspath(path).replace("/data", "/Data")))
    with pytest.raises(PackingFailed) as caught:
        session.close()
    assert [error.key for error in caught.value.exceptions if isinstance(error, PackError)] == ["data"]
    monkeypatch.undo()
    assert packagers.unpack(tmp_path / "depth") == 2
    assert packagers.unpack(tmp_path / "Data") == b"first"
