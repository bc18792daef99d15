"""Settings: their sources and which of them wins, checks, and the project's file."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import itertools
import pickle
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.config import RANKS, SETTINGS, Project, Resolved, Settings, is_logging_worker, read_project
from packagers.errors import SettingError

DEFAULTS: dict[str, Any] = {
    "enabled": True,
    "auto_unpack_inputs": False,
    "auto_pack_outputs": False,
    "auto_pack_key": "artifact",
    "pack_tuples": False,
    "logging_worker": 0,
    "errors": "raise",
    "trust": "own",
    "digest": "blake3",
    "durability": "process",
    "archive_entries": 100_000,
    "archive_size": 16 << 30,
    "archive_ratio": 200,
    "prefer": (),
    "disable": (),
}


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str], Project]:
    def write(text: str) -> Project:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        return read_project(tmp_path)

    return write


# The table


def test_the_defaults(settings: Settings) -> None:
    assert {name: getattr(settings, name) for name in SETTINGS} == DEFAULTS
    assert {name: setting.default for name, setting in SETTINGS.items()} == DEFAULTS
    assert all(setting.doc.endswith(".") for setting in SETTINGS.values())
    assert Settings.trust.doc == SETTINGS["trust"].doc


def test_each_default_is_a_value_of_its_setting() -> None:
    for setting in SETTINGS.values():
        assert setting.check(setting.default, "here") == setting.default


# Which source wins


def test_a_later_source_wins(settings: Settings, project: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch) -> None:
    found = project('[tool.packagers]\nauto_pack_key = "project"')

    def get() -> Any:
        return settings.get("auto_pack_key", found)

    assert settings.get("auto_pack_key") == settings.auto_pack_key == "artifact"
    assert get() == "project"
    monkeypatch.setenv("PACKAGERS_AUTO_PACK_KEY", "environment")
    assert get() == settings.auto_pack_key == "environment"
    settings.auto_pack_key = "process"
    assert get() == settings.auto_pack_key == "process"
    with settings(auto_pack_key="block"):
        assert get() == settings.auto_pack_key == "block"
        assert settings.resolve(found, auto_pack_key="argument").auto_pack_key == "argument"
        assert settings.resolve(found, auto_pack_key=None).auto_pack_key == "block"
    assert get() == "process"
    del settings.auto_pack_key
    assert get() == "environment"
    del settings.auto_pack_key
    monkeypatch.delenv("PACKAGERS_AUTO_PACK_KEY")
    assert get() == "project"


SOURCES = ("project", "environment", "process", "block")


@pytest.mark.parametrize("used", [used for size in range(5) for used in itertools.combinations(SOURCES, size)], ids="+".join)
def test_every_combination_of_sources(
    used: tuple[str, ...], settings: Settings, project: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    origins = {
        "default": "default",
        "environment": "PACKAGERS_AUTO_PACK_KEY",
        "process": "settings.auto_pack_key = …",
        "block": "with settings(auto_pack_key=…)",
    }
    found = project('[tool.packagers]\nauto_pack_key = "project"') if "project" in used else project("")
    origins["project"] = f"pyproject.toml of {found.folder}"
    winner = next((source for source in reversed(SOURCES) if source in used), "default")
    with ExitStack() as stack:
        if "environment" in used:
            monkeypatch.setenv("PACKAGERS_AUTO_PACK_KEY", "environment")
        if "process" in used:
            settings.auto_pack_key = "process"
        if "block" in used:
            stack.enter_context(settings(auto_pack_key="block"))
        row = next(row for row in settings.explain(found) if row.name == "auto_pack_key")
    assert row.value == ("artifact" if winner == "default" else winner)
    assert row.origin == origins[winner]
    assert row.default == "artifact"
    assert row.doc == Settings.auto_pack_key.doc


def test_explain_lists_every_setting_in_order(settings: Settings) -> None:
    rows = settings.explain()
    assert [row.name for row in rows] == list(DEFAULTS)
    assert all(row.origin == "default" and row.value == row.default for row in rows)


# Blocks


def test_blocks_nest_and_end(settings: Settings) -> None:
    with settings(trust="all", errors="warn") as inside:
        assert inside is settings
        with settings(trust="data"):
            assert (settings.trust, settings.errors) == ("data", "warn")
        assert (settings.trust, settings.errors) == ("all", "warn")
        with pytest.raises(ZeroDivisionError), settings(errors="raise"):
            _ = 1 / 0
        assert settings.errors == "warn"
    assert (settings.trust, settings.errors) == ("own", "raise")


def test_a_block_is_checked_before_it_begins(settings: Settings) -> None:
    with pytest.raises(SettingError, match=r"'trust' cannot be 'most', from with settings\(trust=…\)"):
        settings(errors="warn", trust="most")
    with pytest.raises(SettingError, match="no setting 'eror'"):
        settings(eror="warn")
    assert settings.errors == "raise"


def test_a_block_is_not_seen_by_other_threads(settings: Settings) -> None:
    ready, done = threading.Event(), threading.Event()
    seen: list[str] = []

    def other() -> None:
        with settings(trust="data"):
            ready.set()
            done.wait(60)
            seen.append(settings.trust)

    with settings(trust="all"):
        thread = threading.Thread(target=other)
        thread.start()
        assert ready.wait(60)
        assert settings.trust == "all"
        done.set()
        thread.join()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: settings.trust).result() == "own"
    assert seen == ["data"]


def test_a_value_of_the_process_is_seen_by_all_threads(settings: Settings) -> None:
    settings.trust = "all"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: settings.trust).result() == "all"


def test_a_block_belongs_to_its_task(settings: Settings) -> None:
    async def one(trust: str, own: asyncio.Event, other: asyncio.Event) -> list[str]:
        seen = [settings.trust]
        with settings(trust=trust):
            own.set()
            await other.wait()
            seen.append(settings.trust)
            seen.append(await asyncio.create_task(read()))
        return [*seen, settings.trust]

    async def read() -> str:
        return settings.trust

    async def both() -> list[list[str]]:
        first, second = asyncio.Event(), asyncio.Event()
        with settings(trust="data"):
            return list(await asyncio.gather(one("all", first, second), one("own", second, first)))

    assert asyncio.run(both()) == [["data", "all", "all", "data"], ["data", "own", "own", "data"]]


# The environment


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("1", True), ("YES", True), (" on ", True), ("false", False), ("0", False), ("No", False), ("off", False)],
)
def test_flags_of_the_environment(text: str, value: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_PACK_TUPLES", text)
    assert settings.pack_tuples is value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("prefer", "packagers-x, packagers-y ,,", ("packagers-x", "packagers-y")),
        ("prefer", "", ()),
        ("disable", "packagers-x", ("packagers-x",)),
        ("logging_worker", " 3 ", 3),
        ("trust", " all ", "all"),
        ("auto_pack_key", "out", "out"),
        ("trust", "", "own"),
        ("enabled", "  ", True),
        ("auto_pack_key", "", "artifact"),
    ],
)
def test_other_values_of_the_environment(name: str, text: str, value: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PACKAGERS_{name.upper()}", text)
    assert settings.get(name) == value


def test_an_empty_list_of_the_environment_wins_over_the_project(
    settings: Settings, project: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = project('[tool.packagers]\nprefer = ["packagers-x"]\ntrust = "data"')
    monkeypatch.setenv("PACKAGERS_PREFER", "")
    monkeypatch.setenv("PACKAGERS_TRUST", "")
    assert settings.get("prefer", found) == ()
    assert settings.get("trust", found) == "data"


@pytest.mark.parametrize(
    ("name", "text"),
    [("enabled", "maybe"), ("enabled", "2"), ("logging_worker", "first"), ("logging_worker", "-1"), ("trust", "ALL"), ("errors", "0")],
)
def test_a_wrong_value_of_the_environment_is_an_error(name: str, text: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PACKAGERS_{name.upper()}", text)
    for read in (lambda: settings.get(name), lambda: getattr(settings, name), settings.resolve, settings.explain):
        with pytest.raises(SettingError, match=f"{name!r} cannot be '?{text}'?, from PACKAGERS_{name.upper()}") as caught:
            read()
        assert (caught.value.setting, caught.value.origin) == (name, f"PACKAGERS_{name.upper()}")
        assert caught.value.remedy


def test_other_variables_do_not_matter(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_TRUST_CEILING", "none at all")
    monkeypatch.setenv("PACKAGERS_SIGNING_KEY", "secret")
    assert settings.resolve() == Resolved(DEFAULTS)


# Checks

WRONG: list[tuple[str, Any]] = [
    ("enabled", 1),
    ("enabled", "yes"),
    ("enabled", None),
    ("auto_pack_key", ""),
    ("auto_pack_key", "  "),
    ("auto_pack_key", 3),
    ("logging_worker", True),
    ("logging_worker", -1),
    ("logging_worker", 1.0),
    ("logging_worker", "1"),
    ("trust", "own "),
    ("trust", True),
    ("errors", ["raise"]),
    ("digest", "md5"),
    ("durability", None),
    ("prefer", "packagers-x"),
    ("prefer", [1]),
    ("prefer", [""]),
    ("disable", {"packagers-x"}),
    ("disable", None),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=repr)
def test_wrong_values_are_refused_everywhere(name: str, value: Any, settings: Settings) -> None:
    def check(origin: str, error: SettingError) -> None:
        assert (error.setting, error.origin) == (name, origin)
        assert repr(name) in str(error)
        assert repr(value) in str(error)
        assert origin in str(error)
        assert str(error.remedy).startswith("It takes ")

    with pytest.raises(SettingError) as caught:
        setattr(settings, name, value)
    check(f"settings.{name} = …", caught.value)
    with pytest.raises(SettingError) as caught:
        settings(**{name: value})
    check(f"with settings({name}=…)", caught.value)
    if value is not None:
        with pytest.raises(SettingError) as caught:
            settings.resolve(**{name: value})
        check(f"the argument {name}=…", caught.value)
    assert settings.resolve() == Resolved(DEFAULTS)


def test_unknown_names_are_refused_everywhere(settings: Settings) -> None:
    def assign() -> None:
        settings.trusts = "all"  # type: ignore[attr-defined]

    def forget() -> None:
        del settings.trusts  # type: ignore[attr-defined]

    for use in (
        lambda: settings.trusts,  # type: ignore[attr-defined]
        assign,
        forget,
        lambda: settings.get("trusts"),
        lambda: settings.resolve(trusts="all"),
        lambda: settings.resolve(trusts=None),
        lambda: settings(trusts="all"),
    ):
        with pytest.raises(SettingError, match="there is no setting 'trusts'") as caught:
            use()
        assert caught.value.setting == "trusts"
        assert "trusts" in caught.value.origin
        assert str(caught.value.remedy).startswith("Did you mean 'trust'? Known: archive_entries, ")
    assert not hasattr(settings, "trusts")
    assert getattr(settings, "trusts", 3) == 3


def test_lists_are_copied(settings: Settings) -> None:
    given = ["packagers-x"]
    settings.prefer = given
    given.append("packagers-y")
    assert settings.prefer == ("packagers-x",)


@pytest.mark.parametrize("name", ["archive_entries", "archive_size", "archive_ratio"])
def test_a_limit_is_set_on_the_machine_and_by_no_project(
    name: str, settings: Settings, project: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match="protects the machine") as caught:
        project(f"[tool.packagers]\n{name} = 5")
    monkeypatch.setenv(f"PACKAGERS_{name.upper()}", "5")
    assert getattr(settings, name) == 5
    assert f"PACKAGERS_{name.upper()}" in str(caught.value)
    for value in (0, -1, True, 1.5, "many"):
        with pytest.raises(SettingError):
            setattr(settings, name, value)


@given(st.sampled_from(sorted(SETTINGS)), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()))
def test_any_value_is_taken_or_refused(name: str, value: Any) -> None:
    settings = Settings()
    try:
        setattr(settings, name, value)
    except SettingError:
        assert settings.get(name) == DEFAULTS[name]
    else:
        assert settings.get(name) == (tuple(value) if isinstance(value, list) else value)


# Resolved


def test_resolved_settings_do_not_change(settings: Settings) -> None:
    with settings(trust="all"):
        resolved = settings.resolve(errors="warn", digest=None)
    settings.digest = "xxh3"
    assert (resolved.trust, resolved.errors, resolved.digest) == ("all", "warn", "blake3")
    with pytest.raises(SettingError, match="cannot be changed here"):
        resolved.trust = "own"
    with pytest.raises(SettingError, match="cannot be changed here"):
        del resolved.trust
    with pytest.raises(AttributeError):
        resolved.other = 1  # type: ignore[attr-defined]
    assert resolved == copy.deepcopy(resolved) == pickle.loads(pickle.dumps(resolved))
    assert hash(resolved) == hash(pickle.loads(pickle.dumps(resolved)))
    assert resolved != settings.resolve()
    assert "trust" in repr(resolved)


# The project's file


def test_a_project(project: Callable[[str], Project], tmp_path: Path) -> None:
    found = project(
        """
        [project]
        name = "mine"
        [tool.other]
        trust = 3
        [tool.packagers]
        trust = "data"
        prefer = ["packagers-x"]
        logging_worker = 2
        [tool.packagers.types]
        "torch.Tensor#mine" = "pkg.tensors:Tensors.Inner"
        "dict[str, pkg.Graph]" = {packager = "pkg.graphs:GraphPackager", optional = true}
        "pkg.Tree" = {packager = "pkg:Tree"}
        [tool.packagers.defaults]
        "pandas.DataFrame" = 'dataset[format="parquet"]'
        """
    )
    assert found.folder == tmp_path
    assert found.settings == {"trust": "data", "prefer": ("packagers-x",), "logging_worker": 2}
    assert found.types == {
        "torch.Tensor#mine": "pkg.tensors:Tensors.Inner",
        "dict[str, pkg.Graph]": {"packager": "pkg.graphs:GraphPackager", "optional": True},
        "pkg.Tree": {"packager": "pkg:Tree"},
    }
    assert found.defaults == {"pandas.DataFrame": 'dataset[format="parquet"]'}
    for table in (found.settings, found.types, found.defaults, found.types["pkg.Tree"]):
        with pytest.raises(TypeError):
            table["x"] = 1  # type: ignore[index]


@pytest.mark.parametrize("text", [None, "", "[tool]", "[tool.other]\na = 1", "[tool.packagers]", "[project]\nname = 'x'"])
def test_a_project_that_says_nothing(text: str | None, project: Callable[[str], Project], tmp_path: Path, settings: Settings) -> None:
    found = read_project(tmp_path) if text is None else project(text)
    assert (found.folder, found.settings, found.types, found.defaults) == (tmp_path, {}, {}, {})
    assert settings.resolve(found) == Resolved(DEFAULTS)


def test_only_the_named_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.packagers]\ntrust = "all"', encoding="utf-8")
    inner = tmp_path / "inner"
    inner.mkdir()
    assert not read_project(inner).settings
    monkeypatch.chdir(tmp_path)
    assert read_project("inner").folder == inner
    assert read_project(".").settings == {"trust": "all"}
    assert Settings().trust == "own"


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("[tool.packagers", "the file is not TOML", "Correct it"),
        ("a = " + "[" * 20_000, "the file is not TOML", "Correct it"),
        ("tool = 3", "tool is not a table", "[tool]"),
        ("[tool]\npackagers = 3", "tool.packagers is not a table", "[tool.packagers]"),
        ("[tool.packagers]\ntypes = 3", "tool.packagers.types is not a table", "[tool.packagers.types]"),
        ("[[tool.packagers.types]]\na = 3", "tool.packagers.types is not a table", "[tool.packagers.types]"),
        ("[tool.packagers]\ndefaults = []", "tool.packagers.defaults is not a table", "[tool.packagers.defaults]"),
        ("[tool.packagers]\ntrusts = 'all'", "tool.packagers has no key 'trusts'", "Did you mean 'trust'?"),
        ("[tool.packagers.type]\na = 'b:c'", "tool.packagers has no key 'type'", "Did you mean 'types'?"),
        ("[tool.packagers]\ntrust = 'most'", "the setting 'trust' cannot be 'most', from tool.packagers.trust", "'own' or 'data' or 'all'"),
        ("[tool.packagers]\nenabled = 'yes'", "the setting 'enabled' cannot be 'yes'", "True or False"),
        ("[tool.packagers]\nprefer = 'x'", "the setting 'prefer' cannot be 'x'", "a list of names"),
        ("[tool.packagers.types]\n'a.B' = 3", "tool.packagers.types.'a.B' cannot be 3", '"package.module:Class"'),
        ("[tool.packagers.types]\n'a.B' = 'pkg.mod.Class'", "'a.B' cannot be 'pkg.mod.Class'", '"package.module:Class"'),
        ("[tool.packagers.types]\n'a.B' = 'pkg:'", "'a.B' cannot be 'pkg:'", '"package.module:Class"'),
        ("[tool.packagers.types]\n'a.B' = 'os; x:y'", "'a.B' cannot be 'os; x:y'", '"package.module:Class"'),
        ("[tool.packagers.types]\n'a.B' = {}", "'a.B' names no packager", '"package.module:Class"'),
        ("[tool.packagers.types]\n'a.B' = {packager = 'p:C', optinal = true}", "'a.B' has no key 'optinal'", "'optional'"),
        ("[tool.packagers.types]\n'a.B' = {packager = 'p:C', optional = 1}", "'a.B'.optional cannot be 1", "true or false"),
        ("[tool.packagers.types]\na.B = 'p:C'", "'a' has no key 'B'", "Known: optional, packager"),
        ("[tool.packagers.defaults]\n'a.B' = 3", "tool.packagers.defaults.'a.B' cannot be 3", "in quotes"),
        ("[tool.packagers.defaults]\n'a.B' = ' '", "tool.packagers.defaults.'a.B' cannot be ' '", "in quotes"),
    ],
)
def test_mistakes_in_the_file_of_a_project(text: str, message: str, remedy: str, project: Callable[[str], Project], tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        project(text)
    assert message in str(caught.value)
    assert remedy in str(caught.value.remedy)
    assert caught.value.file == str(tmp_path / "pyproject.toml")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="cannot be read"):
        read_project(tmp_path)
    (tmp_path / "pyproject.toml").unlink()
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(SettingError, match="cannot be read"):
        read_project(tmp_path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    for folder in (tmp_path / "typo", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(SettingError, match="no such project folder") as caught:
            read_project(folder)
        assert caught.value.file == str(folder)


# Workers


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in RANKS:
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.usefixtures("alone")
def test_a_single_process_logs(settings: Settings) -> None:
    assert is_logging_worker(settings)
    assert is_logging_worker(settings.resolve(logging_worker=3))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("variable", ["RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"])
def test_only_the_logging_worker_logs(variable: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "1")
    assert not is_logging_worker(settings.resolve())
    assert is_logging_worker(settings.resolve(logging_worker=1))


@pytest.mark.usefixtures("alone")
def test_the_first_rank_that_is_a_number_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "none")
    assert is_logging_worker(settings)
    monkeypatch.setenv("SLURM_PROCID", "2")
    assert not is_logging_worker(settings)
    monkeypatch.setenv("PMI_RANK", "0")
    assert is_logging_worker(settings)
