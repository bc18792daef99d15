"""What a project registers: in its ``pyproject.toml``, from running code, and in the form of MLRun's packagers."""

from __future__ import annotations

import importlib
import multiprocessing
import pickle
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packagers import (
    AmbiguousPackagerWarning,
    LogHint,
    MissingPluginError,
    NoPackagerError,
    PackagerDefinitionError,
    PluginLoadWarning,
    Registry,
    Session,
    SettingError,
    pack,
    settings,
    unpack,
)
from packagers.artifact import Artifact
from packagers.registry import declared
from packagers.testing import installed, write_files

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
from registered import packager
from workers import pack_a_cow

SOURCES = {
    "farm.py": """
        class Cow:
            def __init__(self, name=""):
                self.name = name

            def __eq__(self, other):
                return isinstance(other, Cow) and self.name == other.name

            __hash__ = None
    """,
    "farm_packagers.py": """
        from typing import Literal
        from packagers import Packager
        import farm

        class CowPackager(Packager):
            DEFAULT_PACKING_ARTIFACT_TYPE = "file"
            PACKABLE_OBJECT_TYPE = farm.Cow
            READERS = {"txt": "data", "upper": "data", "note": "data"}
            LOSSY = frozenset({"upper"})

            def pack_file(self, obj, folder, *, format: Literal["txt", "upper"] = "txt"):
                (folder / "cow.txt").write_text(obj.name.upper() if format == "upper" else obj.name)

            def unpack_file(self, folder, *, format: Literal["txt", "upper"] = "txt"):
                return farm.Cow(self.only_file(folder).read_text())

            def pack_note(self, obj, folder):
                (folder / "note.txt").write_text("moo")

            def unpack_note(self, folder):
                return farm.Cow("moo")

        class NamedByText(CowPackager):
            PACKABLE_OBJECT_TYPE = "farm.Cow"

        class OfLists(Packager):
            PACKABLE_OBJECT_TYPE = list[farm.Cow]

            def pack_file(self, obj, folder): ...

        class Nameless(Packager):
            def pack_file(self, obj, folder): ...

        class Outer:
            class Inner(NamedByText): ...
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """Give a project folder that is not importable yet."""
    path, modules = list(sys.path), set(sys.modules)
    yield write_files(SOURCES, tmp_path / "project")
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("farm"):
            del sys.modules[name]
    importlib.invalidate_caches()


def says(project: Path, text: str) -> Registry:
    (project / "pyproject.toml").write_text(text)
    return Registry.for_project(project)


def cow(name: str = "Elsa") -> Any:
    return importlib.import_module("farm").Cow(name)


OURS = '[tool.packagers.types]\n"farm.Cow" = "farm_packagers:CowPackager"\n'


# The table of a project


def test_the_table_registers_and_nothing_is_imported(project: Path) -> None:
    registry = says(project, OURS)
    (ours,) = [each for each in registry if each.origin == "project"]
    assert (ours.type_path, ours.reference, ours.distribution, ours.mandatory) == (
        "farm.Cow",
        "farm_packagers:CowPackager",
        "project",
        True,
    )
    assert "farm_packagers" not in sys.modules
    assert str(project) not in sys.path


def test_the_project_is_importable_once_its_packager_is_needed(project: Path, tmp_path: Path) -> None:
    registry = says(project, OURS)
    with Session(tmp_path / "out", registry=registry) as session:
        assert session.pack({"a": 1}, "first").key == "first"
    assert "farm_packagers" not in sys.modules
    sys.path.append(str(project))
    elsa = cow()
    sys.path.remove(str(project))
    artifact = pack(elsa, "elsa", tmp_path / "out", project=project)
    assert artifact.manifest.written.packager == "project:farm_packagers.CowPackager"  # type: ignore[union-attr]
    assert unpack(tmp_path / "out" / "elsa", project=project) == elsa


def test_a_mandatory_entry_that_cannot_be_loaded_is_the_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(project))
    registry = says(project, '[tool.packagers.types]\n"farm.Cow" = "farm_packagers:Missing"\n')
    with pytest.raises(NoPackagerError, match="has no attribute 'Missing'") as caught:
        registry.find(cow())
    assert "optional = true" in str(caught.value.remedy)


def test_an_optional_entry_that_cannot_be_loaded_is_a_warning(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(project))
    table = '"farm.Cow" = {packager = "farm_packagers:Missing", optional = true}\n'
    registry = says(project, "[tool.packagers.types]\n" + table)
    with pytest.warns(PluginLoadWarning, match="has no attribute 'Missing'"), pytest.raises(NoPackagerError):
        registry.find(cow())
    more = table + '"farm.Cow#second" = {packager = "farm_packagers:CowPackager", optional = false}\n'
    registry = says(project, "[tool.packagers.types]\n" + more)
    with pytest.warns(PluginLoadWarning):
        assert registry.find(cow()).registration.reference == "farm_packagers:CowPackager"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[tool.packagers.types]\n"not a type" = "a:B"\n', PackagerDefinitionError),
        ('[tool.packagers.types]\n"farm.Cow" = "no colon"\n', SettingError),
        ('[tool.packagers.types]\n"farm.Cow" = {packager = "a:B", optinal = true}\n', SettingError),
        ('[tool.packagers]\nprefre = []\n', SettingError),
        ("[tool.packagers\n", SettingError),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_said_with_the_file(project: Path, text: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        says(project, text)
    assert caught.value.file == str(project / "pyproject.toml")  # type: ignore[attr-defined]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no such project folder"):
        Registry.for_project(tmp_path / "nowhere")


def test_only_the_named_folder_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(project, OURS)
    below = project / "src" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(project)
    for registry in (Registry(), Registry.for_project(below)):
        assert [each for each in registry if each.origin == "project"] == []
    monkeypatch.chdir(below)
    assert [each for each in Registry.for_project(project) if each.origin == "project"] != []


def test_settings_of_the_project(project: Path, tmp_path: Path) -> None:
    plugins = {
        f"farm-{name}": {
            "entry_points": {"packagers.types": {"farm.Cow": f"farm_{name}:P"}},
            "files": {f"farm_{name}.py": "from farm_packagers import CowPackager as P"},
        }
        for name in "ab"
    }
    with installed(plugins, tmp_path / "site"):
        sys.path.insert(0, str(project))
        with pytest.warns(AmbiguousPackagerWarning):
            assert says(project, "").find(cow()).registration.distribution == "farm-a"
        preferring = says(project, '[tool.packagers]\nprefer = ["Farm_B"]\n')
        assert preferring.find(cow()).registration.distribution == "farm-b"
        assert not preferring.is_disabled("farm-a")
        disabling = says(project, '[tool.packagers]\ndisable = ["farm.a"]\n')
        assert disabling.find(cow()).registration.distribution == "farm-b"
        assert disabling.is_disabled("Farm-A")
        with settings(disable=["farm-b"]):
            assert disabling.find(cow()).registration.distribution == "farm-a"


def test_defaults_of_the_project(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(project))
    says(project, OURS + '[tool.packagers.defaults]\n"farm.Cow" = \'file[format="upper"]\'\n')
    for key, hint in {"standard": "a", "asked": "b : note", "option": 'c : file[format="txt"]'}.items():
        pack(cow(), LogHint.parse(hint), tmp_path / key, project=project)
    written = [next((tmp_path / key).rglob("*.txt")).read_text() for key in ("standard", "asked", "option")]
    assert written == ["ELSA", "moo", "Elsa"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('"farm.Cow" = "file[format=upper]"', "no Python literal|not a Python literal"),
        ('"farm.Cow" = "a : b"', "two|colon|cannot be read"),
        ('"farm..Cow" = "file"', "no type path"),
    ],
)
def test_a_default_that_cannot_be_read_is_refused_before_anything_runs(project: Path, table: str, message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        says(project, OURS + f"[tool.packagers.defaults]\n{table}\n")
    assert "pyproject.toml" in str(caught.value)


def test_defaults_count_for_their_very_type_and_its_items(project: Path, tmp_path: Path) -> None:
    table = """[tool.packagers.defaults]
"dict[str, int]" = 'file[format="json"]'
"dict" = "file"
"list" = 'file[format="txt"]'
"""
    says(project, table)
    values = {"numbers": {"a": 1}, "other": {"a": "b"}, "texts": ["a"], "ordered": OrderedDict(a=1), "tuple": (1,)}
    formats = {}
    for key, value in values.items():
        packed = pack(value, key, tmp_path, project=project)
        formats[key] = packed.manifest.written.format if isinstance(packed, Artifact) else "a result"
    assert formats == {"numbers": "json", "other": None, "texts": "txt", "ordered": "a result", "tuple": "a result"}


def test_what_is_declared_is_known_without_running_anything(project: Path) -> None:
    registry = says(project, OURS)
    before = set(sys.modules)
    listed = declared(registry.project)
    assert [each.reference for each in listed if each.origin == "project"] == ["farm_packagers:CowPackager"]
    assert {each.origin for each in declared()} == {"core", "plugin"}
    assert listed == sorted(listed, key=lambda each: each.order)
    assert set(sys.modules) == before


# From running code


@pytest.fixture
def code(project: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the module of the project's packagers."""
    monkeypatch.syspath_prepend(str(project))
    return importlib.import_module("farm_packagers")


def test_add_takes_classes_and_references(code: Any) -> None:
    for given in (code.CowPackager, "farm_packagers:CowPackager", "farm_packagers.CowPackager"):
        registry = Registry(discover=False)
        registry.add("farm.Cow", given)
        found = registry.find(cow())
        assert (type(found.packager), found.registration.identity) == (code.CowPackager, "project:farm_packagers.CowPackager")


@pytest.mark.parametrize(("path", "given"), [("not a type", packager()), ("farm.Cow", int), ("farm.Cow", packager()()), ("farm.Cow", None)])
def test_add_refuses_what_is_no_packager(path: str, given: Any) -> None:
    with pytest.raises(PackagerDefinitionError):
        Registry(discover=False).add(path, given)


def test_references_are_loaded_when_they_are_needed(code: Any) -> None:
    registry = Registry(discover=False)
    registry.add("farm.Cow", "nowhere:Packager")
    with pytest.warns(PluginLoadWarning), pytest.raises(NoPackagerError, match="No module named 'nowhere'"):
        registry.find(cow())


def test_custom_packagers_name_their_type(code: Any) -> None:
    references = ("farm_packagers.CowPackager", "farm_packagers:NamedByText", "farm_packagers:Outer.Inner")
    for given in (code.CowPackager, code.NamedByText, *references):
        registry = Registry(discover=False)
        registry.add_custom_packager(given)
        assert registry.find(cow()).registration.type_path == "farm.Cow"
    registry.add_custom_packager(code.OfLists)
    assert registry.find([cow()]).registration.type_path == "list[farm.Cow]"
    assert registry.find([1]).registration.distribution == "packagers"


def test_a_custom_packager_of_a_union_is_for_each_of_it() -> None:
    registry = Registry(discover=False)
    registry.add_custom_packager(packager(PACKABLE_OBJECT_TYPE=int | str))
    assert [registry.find(value).registration.type_path for value in (1, "a")] == ["int", "str"]


def test_custom_packagers_that_cannot_be_imported(code: Any) -> None:
    registry = Registry(discover=False)
    with pytest.warns(PluginLoadWarning, match=r"custom packager nowhere\.P cannot be imported: ModuleNotFoundError"):
        registry.add_custom_packager("nowhere.P")
    with pytest.raises(PackagerDefinitionError, match="cannot be imported") as caught:
        registry.add_custom_packager("farm_packagers.Nothing", is_mandatory=True)
    assert caught.value.remedy == "Make it importable, or make it optional."


@pytest.mark.parametrize("given", ["farm_packagers.Nameless", "farm.Cow", "farm_packagers"])
@pytest.mark.parametrize("is_mandatory", [False, True])
def test_custom_packagers_that_name_no_type(code: Any, given: str, is_mandatory: bool) -> None:
    with pytest.raises(PackagerDefinitionError, match="PACKABLE_OBJECT_TYPE"):
        Registry(discover=False).add_custom_packager(given, is_mandatory)


def test_custom_packagers_of_a_project_are_importable(project: Path) -> None:
    registry = says(project, "")
    registry.add_custom_packager("farm_packagers.CowPackager", is_mandatory=True)
    assert registry.find(cow()).registration.type_path == "farm.Cow"


def test_without_discovery_only_the_core_is_known() -> None:
    assert {each.origin for each in Registry(discover=False)} == {"core"}
    assert "packagers-numpy" in {each.distribution for each in Registry()}


# In other processes


def test_a_registry_pickles_as_its_project(project: Path) -> None:
    registry = says(project, OURS)
    registry.add("farm.Cow#second", "farm_packagers:NamedByText")
    assert b"CowPackager" not in pickle.dumps(registry)
    again = pickle.loads(pickle.dumps(registry))
    assert again.project == registry.project
    assert list(again) == list(registry)
    assert list(pickle.loads(pickle.dumps(Registry(discover=False)))) == list(Registry(discover=False))


def test_it_works_in_a_process_that_is_started_afresh(project: Path, tmp_path: Path) -> None:
    registry = says(project, OURS)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        identity = pool.apply(pack_a_cow, (pickle.dumps(registry), str(tmp_path / "out")))
    assert identity == "project:farm_packagers.CowPackager"
    sys.path.append(str(project))
    assert unpack(tmp_path / "out" / "alma", project=project) == cow("Alma")


def test_a_package_of_a_projects_packager_says_to_name_the_project(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(project))
    registry = says(project, OURS)
    with Session(tmp_path / "out", registry=registry) as session:
        session.pack(cow(), "cow")
    with pytest.raises(MissingPluginError, match="project=") as caught:
        unpack(tmp_path / "out" / "cow")
    assert "pip install" not in str(caught.value)
