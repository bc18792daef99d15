"""A session: what it records and when, who is in it, and what it leaves behind."""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
import pickle
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import packagers
from packagers import Artifact, Bundle, PackError, PackingFailed, Registry, Result, Session, SettingError, UntrustedPackageError, handler

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import elsewhere
from sample_types import Holder, Pinned


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def recorded(folder: Path) -> dict[str, Any]:
    """Give the keys and JSON values of the results of a folder."""
    return {key: entry["value"] for key, entry in json.loads((folder / "results.json").read_text())["results"].items()}


def unpacked(*sources: Path) -> list[Any]:
    """Unpack sources here."""
    return [packagers.unpack(source) for source in sources]


def test_results_are_written_when_it_closes_and_artifacts_at_once(tmp_path: Path) -> None:
    with Session(tmp_path / "a/b") as session:
        assert session.pack(0.5, "accuracy") == Result("accuracy", 0.5)
        assert not (tmp_path / "a").exists()
        made = session.pack(np.arange(2), "array")
        assert isinstance(made, Artifact)
        assert made.path == tmp_path / "a/b/array"
        assert elsewhere.unpack(made.path)[0].tolist() == [0, 1]
        assert not (tmp_path / "a/b/results.json").exists()
    assert recorded(tmp_path / "a/b") == {"accuracy": 0.5}
    assert elsewhere.unpack(tmp_path / "a/b/accuracy") == [0.5]
    assert session.results == {"accuracy": 0.5}
    assert list(session.artifacts) == ["array"]


def test_a_session_that_packs_nothing_makes_nothing(tmp_path: Path) -> None:
    with Session(tmp_path / "out"):
        pass
    assert not (tmp_path / "out").exists()


def test_without_a_with_block_close_records(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.pack(1, "a")
    session.close()
    assert recorded(tmp_path) == {"a": 1}
    session.pack(2, "b")
    session.pack(3, "a")
    session.close()
    session.close()
    assert recorded(tmp_path) == {"a": 3, "b": 2}


def test_it_goes_on_after_it_was_closed(tmp_path: Path) -> None:
    session = Session(tmp_path)
    for value in range(3):
        with session:
            session.pack(value, f"key_{value}")
    assert recorded(tmp_path) == {"key_0": 0, "key_1": 1, "key_2": 2}


def test_entered_again_inside_of_itself_it_closes_with_the_last_block(tmp_path: Path) -> None:
    session = Session(tmp_path)
    with session:
        with session:
            session.pack(1, "a")
        assert not (tmp_path / "results.json").exists()
    assert recorded(tmp_path) == {"a": 1}


@handler(returns="made")
def made(value: Any) -> Any:
    """Give the value."""
    return value


def test_the_innermost_session_packs(tmp_path: Path) -> None:
    with Session(tmp_path / "outer") as outer:
        with Session(tmp_path / "inner") as inner:
            made(1)
        made(2)
    made(3)
    assert (outer.results, inner.results) == ({"made": 2}, {"made": 1})


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interrupted_session_keeps_what_was_finished(tmp_path: Path, scratch: Path, failure: type[BaseException]) -> None:
    array = packagers.pack(np.arange(2), "array", tmp_path / "in")
    assert isinstance(array, Artifact)

    def work() -> None:
        with Session(tmp_path / "out") as session:
            session.pack(1, "a")
            session.pack(np.arange(2), packagers.LogHint("b", extra_data={"c": ...}))
            assert session.unpack(array, Path).exists()
            assert list(scratch.iterdir())
            raise failure

    with pytest.warns(packagers.PackagersWarning, match="'c'"), pytest.raises(failure):
        work()
    assert list(scratch.iterdir()) == []
    assert recorded(tmp_path / "out") == {"a": 1}
    assert unpacked(tmp_path / "out/b")[0].tolist() == [0, 1]
    made(2)
    assert not (tmp_path / "out/made").exists()


def test_an_interruption_while_packing_leaves_no_package(tmp_path: Path, scratch: Path) -> None:
    def chunks() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    def work() -> None:
        with Session(tmp_path) as session:
            session.pack_returns((1, chunks(), 2), ["a", "b", "c"])

    with pytest.raises(KeyboardInterrupt):
        work()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.json"]
    assert recorded(tmp_path) == {"a": 1}


def test_temporary_space_goes_with_the_session(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "file.txt").write_text("text")
    artifact = packagers.pack(tmp_path / "file.txt", "file", tmp_path / "in")
    with Session(tmp_path / "out") as session:
        path = session.unpack(artifact)
        assert path.read_text() == "text"
    assert not path.exists()
    assert list(scratch.iterdir()) == []


def test_an_error_while_closing_does_not_hide_the_error_before(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("not ours")

    def work() -> None:
        with Session(tmp_path) as session:
            session.pack(1, "a")
            raise ValueError("the real one")

    with pytest.raises(ValueError, match="the real one") as caught:
        work()
    assert "could not be closed" in caught.value.__notes__[0]
    with pytest.raises(PackingFailed), Session(tmp_path) as session:
        session.pack(1, "a")
    (tmp_path / "results.json").unlink()
    session.close()
    assert recorded(tmp_path) == {"a": 1}


def test_threads_with_sessions_of_their_own_do_not_mix(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)

    def work(index: int) -> dict[str, Any]:
        with Session(tmp_path / str(index)) as session:
            for value in range(20):
                if value % 10 == 0:
                    barrier.wait()
                handler(returns=f"key_{value}")(lambda: index)()
            return session.results

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    assert found == [{f"key_{value}": index for value in range(20)} for index in range(8)]
    assert [recorded(tmp_path / str(index)) for index in range(8)] == found


def test_tasks_with_sessions_of_their_own_do_not_mix(tmp_path: Path) -> None:
    @handler(returns="made")
    async def later(value: int) -> int:
        await asyncio.sleep(0)
        return value

    async def work(index: int) -> dict[str, Any]:
        with Session(tmp_path / str(index)) as session:
            await asyncio.sleep(0)
            await later(index)
            await asyncio.sleep(0)
            return session.results

    async def main() -> list[dict[str, Any]]:
        return await asyncio.gather(*map(work, range(8)))

    assert asyncio.run(main()) == [{"made": index} for index in range(8)]


def test_threads_may_share_one_session(tmp_path: Path) -> None:
    session = Session(tmp_path)

    def work(index: int) -> None:
        with session:
            made_here = handler(returns=f"key_{index}")(lambda: np.arange(index) if index % 2 else index)
            made_here()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(20)))
    session.close()
    assert sorted(session.results) == sorted(f"key_{index}" for index in range(0, 20, 2))
    assert sorted(session.artifacts) == sorted(f"key_{index}" for index in range(1, 20, 2))
    assert recorded(tmp_path) == session.results


def test_a_block_may_be_left_in_another_context_than_it_was_entered_in(tmp_path: Path, scratch: Path) -> None:
    """As the dependencies of web frameworks are: generators whose halves run in threads of a pool."""
    session = Session(tmp_path)
    contextvars.copy_context().run(session.__enter__)
    session.pack(1, "a")
    contextvars.copy_context().run(session.__exit__, None, None, None)
    assert recorded(tmp_path) == {"a": 1}
    assert list(scratch.iterdir()) == []


def test_results_are_what_they_were_when_they_were_recorded(tmp_path: Path) -> None:
    value = {"names": ["a"], "inner": {"x": {1}}}
    with Session(tmp_path) as session:
        result = session.pack(value, "a")
        value["names"].append("b")  # type: ignore[attr-defined]
        value["inner"]["x"].clear()  # type: ignore[call-overload]
    assert result == Result("a", {"names": ["a"], "inner": {"x": {1}}})
    assert unpacked(tmp_path / "a") == [{"names": ["a"], "inner": {"x": {1}}}]


class Uncopyable:
    def __deepcopy__(self, memo: Any) -> Any:
        raise RuntimeError("there is only one of me")


class UncopyablePackager(packagers.Packager):
    """Records nothing but that there is one."""

    def pack_result(self, obj: Uncopyable) -> int:
        """Give a number."""
        return 1

    def unpack_result(self, value: int) -> Uncopyable:
        """Make one."""
        return Uncopyable()


def test_a_value_that_cannot_be_copied_is_recorded_all_the_same(tmp_path: Path) -> None:
    registry = Registry()
    registry.add(f"{Uncopyable.__module__}.Uncopyable", UncopyablePackager)
    with Session(tmp_path, registry=registry) as session:
        value = Uncopyable()
        assert session.pack(value, "a") == Result("a", value)
    assert recorded(tmp_path) == {"a": 1}


# What is there already.


def test_a_result_takes_the_place_of_an_artifact_and_the_reverse(tmp_path: Path) -> None:
    for values in ((np.arange(2), 1), (2, np.arange(3)), (np.arange(4), np.arange(5)), (3, 4)):
        packagers.call(lambda values=values: values, returns=["a", "b"], folder=tmp_path)
        found = unpacked(tmp_path / "a", tmp_path / "b")
        assert [np.asarray(value).tolist() for value in found] == [np.asarray(value).tolist() for value in values]
        present = {path.name for path in tmp_path.iterdir()} - {"results.json"}
        assert present == {key for key, value in zip("ab", values, strict=True) if isinstance(value, np.ndarray)}
    assert recorded(tmp_path) == {"a": 3, "b": 4}


def test_in_one_session_the_last_value_of_a_key_counts(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        for value in (1, np.arange(2), 2, np.arange(3)):
            session.pack(value, "a")
        session.pack(np.arange(2), "b")
        session.pack(1, "b")
    assert session.results == {"b": 1}
    assert list(session.artifacts) == ["a"]
    assert unpacked(tmp_path / "a")[0].tolist() == [0, 1, 2]
    assert unpacked(tmp_path / "b") == [1]
    assert recorded(tmp_path) == {"b": 1}


def test_a_package_is_replaced_whole(tmp_path: Path) -> None:
    many = packagers.pack([np.arange(3), bytes(100_000), Holder(1)], "a", tmp_path)
    few = packagers.pack(np.arange(2), "a", tmp_path)
    assert isinstance(many, Artifact)
    assert isinstance(few, Artifact)
    assert len(many.manifest.files) > 1
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(["manifest.json", few.manifest.payload])
    few.verify()


def test_what_a_run_does_not_pack_stays(tmp_path: Path) -> None:
    packagers.call(lambda: (1, np.arange(2)), returns=["a", "b"], folder=tmp_path)
    packagers.call(lambda: (3, 4), returns=["c", "d"], folder=tmp_path)
    assert recorded(tmp_path) == {"a": 1, "c": 3, "d": 4}
    assert unpacked(tmp_path / "b")[0].tolist() == [0, 1]


@pytest.mark.parametrize("value", [1, np.arange(2)])
@pytest.mark.parametrize("before", [1, np.arange(2)])
def test_exist_error_refuses_what_is_there(tmp_path: Path, before: Any, value: Any) -> None:
    packagers.call(lambda: before, returns="a", folder=tmp_path)
    for key, session in (("b", Session(tmp_path)), ("c", Session(tmp_path, record="packages"))):
        with pytest.raises(PackError, match="already"):
            session.pack(value, "a", exist="error")
        session.pack(value, key, exist="error")
        with pytest.raises(PackError, match="already"):
            session.pack(value, key, exist="error")
    with pytest.raises(PackError, match="already"):
        packagers.pack(value, "a", tmp_path, exist="error")
    with pytest.raises(PackError, match="exist cannot be 'overwrite'"):
        packagers.pack(value, "a", tmp_path, exist="overwrite")


def test_pack_and_session_agree_about_one_folder(tmp_path: Path) -> None:
    packagers.call(lambda: 1, returns="a", folder=tmp_path)
    packagers.pack(2, "a", tmp_path)
    assert "a" not in recorded(tmp_path)
    assert unpacked(tmp_path / "a") == [2]
    packagers.call(lambda: 3, returns="a", folder=tmp_path)
    assert recorded(tmp_path) == {"a": 3}
    assert not (tmp_path / "a").exists()


# Keys and folders.


def test_keys_that_differ_in_case_collide(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.pack(1, "Model")
    with pytest.raises(PackError, match="'Model' and 'model' differ in case alone"):
        session.pack(np.arange(2), "model")
    session.pack(np.arange(2), "Model")
    with pytest.raises(PackError, match="'Model' and 'MODEL'"):
        session.pack(1, "MODEL")


@pytest.mark.parametrize("value", [1, np.arange(2)])
@pytest.mark.parametrize("key", ["results.json", "Results.JSON"])
def test_the_file_of_results_is_no_key(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(PackError, match="holds the results"):
        Session(tmp_path).pack(value, key)


def test_manifest_json_is_a_key_like_any_other(tmp_path: Path) -> None:
    packagers.call(lambda: (1, np.arange(2)), returns=["manifest.json", "Manifest"], folder=tmp_path / "a")
    packagers.pack(np.arange(2), "manifest.json", tmp_path / "b")
    assert unpacked(tmp_path / "a/manifest.json") == [1]
    assert unpacked(tmp_path / "b/manifest.json")[0].tolist() == [0, 1]


def test_a_package_is_no_folder_for_packages(tmp_path: Path) -> None:
    packagers.pack(np.arange(2), "a", tmp_path)
    with pytest.raises(PackError, match="is a package itself"):
        Session(tmp_path / "a")


@pytest.mark.parametrize("folder", ["s3://bucket/x", "memory://x", "file:///tmp/x"])
def test_a_url_is_no_folder(folder: str) -> None:
    with pytest.raises(PackError, match="not written to a URL"):
        Session(folder)
    with pytest.raises(PackError, match="not written to a URL"):
        Session("out").pack(np.arange(2), packagers.LogHint("a", artifact_path=folder))


def test_the_folder_does_not_move_with_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    with Session("out") as session:
        session.pack(1, "a")
        os.chdir("other")
        session.pack(np.arange(1), "b")
    assert recorded(tmp_path / "out") == {"a": 1}
    assert (tmp_path / "out/b").is_dir()


def test_an_artifact_path_is_below_the_folder(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.pack(np.arange(2), packagers.LogHint("a", artifact_path="models"))
        session.pack(1, packagers.LogHint("b", artifact_path="models"))
        session.pack(2, "c")
    assert recorded(tmp_path) == {"c": 2}
    assert recorded(tmp_path / "models") == {"b": 1}
    assert unpacked(tmp_path / "models/b") == [1]
    assert unpacked(tmp_path / "models/a")[0].tolist() == [0, 1]


def test_what_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    session = Session(tmp_path / "file/out")
    with pytest.raises(PackingFailed) as caught:
        session.pack_returns((np.arange(2), 1), ["a", "b"])
    assert "'a'" in str(caught.value)
    assert caught.value.outputs.results == {"b": 1}


def test_a_full_disk_is_an_error_of_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace_file(target: Path, text: bytes, **_: Any) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr("packagers.draft.replace_file", replace_file)
    for value in (1, np.arange(2)):
        with pytest.raises(PackError, match="No space left") as caught:
            Session(tmp_path, record="packages").pack(value, "a")
        assert caught.value.key == "a"
        assert list(tmp_path.iterdir()) == []


# Who signs and who records.


def test_signer_none_packs_unsigned_and_sign_signs(tmp_path: Path) -> None:
    with Session(tmp_path, signer=None) as session:
        session.pack(Holder(1), "a")
        session.pack(1, "b")
    assert "signature" not in json.loads((tmp_path / "a/manifest.json").read_text())
    assert "signature" not in json.loads((tmp_path / "results.json").read_text())
    with pytest.raises(UntrustedPackageError):
        packagers.unpack(tmp_path / "a")
    assert packagers.unpack(tmp_path / "a", trust="all") == Holder(1)
    assert packagers.unpack(tmp_path / "b") == 1
    signed = packagers.sign(session.artifacts["a"])
    assert signed.digest == session.artifacts["a"].digest
    assert packagers.unpack(tmp_path / "a") == packagers.sign(tmp_path / "a").unpack() == Holder(1)


def test_what_was_changed_is_not_signed(tmp_path: Path) -> None:
    with Session(tmp_path, signer=None) as session:
        made = session.pack(Holder(1), "a")
    assert isinstance(made, Artifact)
    next(made.package.payload.iterdir()).write_bytes(b"x")
    with pytest.raises(packagers.IntegrityError):
        packagers.sign(tmp_path / "a")
    assert "signature" not in json.loads((tmp_path / "a/manifest.json").read_text())


def test_a_signer_of_ones_own_is_asked_for_each_seal(tmp_path: Path) -> None:
    seals: list[str] = []

    def signer(seal: str) -> dict[str, Any] | None:
        seals.append(seal)
        return None

    with Session(tmp_path, signer=signer) as session:
        session.pack(np.arange(2), "a")
        session.pack(1, "b")
    assert [json.loads((tmp_path / name).read_text())["seal"] for name in ("a/manifest.json", "results.json")] == seals


def test_what_strangers_recorded_is_not_vouched_for(tmp_path: Path) -> None:
    with Session(tmp_path, signer=None) as session:
        session.pack(Pinned("theirs"), "theirs : result")
        session.pack(1, "number")
    with Session(tmp_path) as session:
        session.pack(Pinned("mine"), "mine : result")
    with Session(tmp_path) as session:
        session.pack(2, "other")
    assert packagers.unpack(tmp_path / "mine") == Pinned("mine")
    assert (packagers.unpack(tmp_path / "number"), packagers.unpack(tmp_path / "other")) == (1, 2)
    with pytest.raises(UntrustedPackageError):
        packagers.unpack(tmp_path / "theirs")
    assert packagers.unpack(tmp_path / "theirs", Pinned) == Pinned("theirs")
    with Session(tmp_path) as session:
        session.pack(Pinned("mine now"), "theirs : result")
    assert packagers.unpack(tmp_path / "theirs") == Pinned("mine now")


def test_many_results_are_read_as_they_are_now(tmp_path: Path) -> None:
    for shift in range(3):
        with Session(tmp_path) as session:
            session.pack([value + shift for value in range(4000)], "*x")
        assert [packagers.unpack(tmp_path / f"x_{index}") for index in (0, 3999, 0)] == [shift, 3999 + shift, shift]
    file = tmp_path / "results.json"
    file.write_bytes(file.read_bytes().replace(b'"value": 3000,', b'"value": 3001,', 1))
    with pytest.raises(packagers.IntegrityError):
        packagers.unpack(tmp_path / "x_0")


def test_record_false_leaves_results_to_the_caller(tmp_path: Path) -> None:
    with Session(tmp_path, record=False) as session:
        session.pack(1, "a")
        session.pack(np.arange(2), "b")
        session.pack([np.arange(1), 2], "*c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c_0"]
    assert session.results == {"a": 1, "c_1": 2}


def test_results_can_be_had_as_the_file_that_would_hold_them(tmp_path: Path) -> None:
    with Session(tmp_path / "with") as written, Session(tmp_path / "without", record=False) as session:
        for each in (written, session):
            each.pack(np.float64(0.1), "a")
            each.pack([1, (2, 3)], "*b")
    assert session.results_text() == (tmp_path / "with/results.json").read_bytes()
    assert not (tmp_path / "without").exists()


def test_record_packages_writes_each_result_as_a_package(tmp_path: Path) -> None:
    with Session(tmp_path, record="packages") as session:
        session.pack(1, "a")
        session.pack([2, np.arange(1)], "*b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "b_0", "b_1"]
    assert [str(value) for value in unpacked(tmp_path / "a", tmp_path / "b", tmp_path / "b_0")] == ["1", "[2, array([0])]", "2"]


def test_record_structures_writes_the_shape_of_what_was_itemized(tmp_path: Path) -> None:
    with Session(tmp_path, record="structures") as session:
        session.pack(1, "a")
        value = [2, np.arange(1), {"x": 3}]
        session.pack(value, "*b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "b_1"]
    assert str(packagers.unpack(tmp_path / "b")) == "[2, array([0]), {'x': 3}]"
    assert session.results == {"a": 1, "b_0": 2, "b_2_x": 3}
    assert list(session.bundles) == ["b"]
    assert session.bundles["b"].structure is value


@pytest.mark.parametrize(("name", "value"), [("record", "all"), ("record", None), ("signer", "me")])
def test_wrong_arguments_are_errors(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(PackError, match=f"{name} cannot be"):
        Session(tmp_path, **{name: value})


def test_wrong_settings_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="errors"):
        Session(tmp_path, errors="ignore")
    with pytest.raises(SettingError, match="nonsense"):
        Session(tmp_path, settings={"nonsense": 1})


def test_settings_of_a_session_beat_those_around_it(tmp_path: Path) -> None:
    packagers.pack(Holder(1), "a", tmp_path)
    packagers.pack(np.arange(2), "b", tmp_path)
    with Session(tmp_path / "out", settings={"trust": "data", "errors": "warn", "disable": ["packagers-numpy"]}) as session:
        assert session.settings.errors == "warn"
        with pytest.raises(UntrustedPackageError):
            session.unpack(tmp_path / "a")
        assert session.unpack(tmp_path / "b").tolist() == [0, 1]
        made = session.pack(np.arange(2), "pickled")
        assert isinstance(made, Artifact)
        assert made.artifact_type == "object"
    assert packagers.unpack(tmp_path / "a") == Holder(1)


def test_several_failing_items_are_a_group(tmp_path: Path) -> None:
    with Session(tmp_path) as session, pytest.raises(PackingFailed, match=r"2 items of 'x' could not be packed: 'x_0', 'x_2'") as caught:
        session.pack([threading.Lock(), 1, threading.Lock()], "*x")
    assert caught.value.outputs.results == {"x_1": 1}


def test_settings_that_are_none_are_not_given(tmp_path: Path) -> None:
    session = Session(tmp_path, settings={"errors": "warn", "trust": None})
    assert (session.settings.errors, session.settings.trust) == ("warn", "own")
    session.pack(1, "a")
    assert Session(tmp_path, errors="raise", settings={"errors": "warn"}).settings.errors == "raise"


def test_it_says_what_it_gives(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        assert isinstance(session.pack(1, "a"), Result)
        assert isinstance(session.pack(np.arange(2), "b"), Artifact)
        assert isinstance(session.pack([1, 2], "*c"), Bundle)
        assert repr(session) == f"Session({str(tmp_path)!r})"


def test_its_pickle_is_a_session_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.packagers]\nauto_pack_outputs = true\n[tool.packagers.types]\n"sample_types.Holder" = "mine:P"\n'
    )
    (tmp_path / "mine.py").write_text(
        "from packagers import Packager\n"
        "class P(Packager):\n"
        "    def pack_result(self, obj): return obj.value\n"
        "    def unpack_result(self, value): return value\n"
    )
    with Session(tmp_path / "out", registry=Registry.for_project(tmp_path), signer=None, errors="warn") as session:
        session.pack(1, "a")
        copy = pickle.loads(pickle.dumps(session))
    assert copy.results == {}
    assert (copy.folder, copy.settings) == (session.folder, session.settings)
    with copy:
        assert copy.pack(Holder(5), "b").key == "b"
    assert recorded(tmp_path / "out") == {"a": 1, "b": 5}
    assert "signature" not in json.loads((tmp_path / "out/results.json").read_text())
