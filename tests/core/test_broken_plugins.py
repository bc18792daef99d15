"""Broken plugins, each installed beside one that works: contained, named, switched off with ``disable``, and no harm to anything else."""

from __future__ import annotations

import builtins
import json
import locale
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from packagers import NoPackagerError, PackError, PluginLoadWarning, Registry, pack, settings, testing, unpack
from packagers.cli.app import root
from packagers.loading import LoadFailure

OURS = ["packagers-matplotlib", "packagers-numpy", "packagers-pandas", "packagers-sklearn", "packagers-torch"]
NAME = "aa-broken"  # before the good one in the order of names
TYPE = "broken_things.Thing"
HEADER = "from packagers import Packager, hookimpl\n"
PACKAGER = '''
class BrokenPackager(Packager):
    """Would do, if nothing else were wrong."""
    READERS = {"file": "data"}
    def pack_file(self, obj, folder):
        (folder / "thing.txt").write_text("broken")
    def unpack_file(self, folder):
        from broken_things import Thing
        return Thing()
'''
GOOD = {
    "version": "1.0",
    "entry_points": {"packagers.types": {TYPE: "zz_good:GoodPackager", "broken_things.Other": "zz_good:GoodPackager"}},
    "files": {
        "zz_good.py": HEADER + PACKAGER.replace("BrokenPackager", "GoodPackager").replace('"broken"', '"good"'),
        "broken_things.py": "class Thing: ...\nclass Other: ...\n",
    },
}


class Case(NamedTuple):
    """A broken distribution.

    Attributes:
        files: As for ``testing.installed``.
        reason: What is said of it.
        state: ``broken`` where it cannot be used, ``careless`` where it can; ``refused`` where it can be loaded and fails when asked.
    """

    files: Mapping[str, Any]
    reason: str
    state: str = "broken"


def module(source: str, reference: str = "aa_broken:BrokenPackager", **more: Any) -> dict[str, Any]:
    """Make a distribution that registers a packager for the type."""
    return {NAME: {"entry_points": {"packagers.types": {TYPE: reference}}, "files": {"aa_broken.py": source}, **more}}


def before(source: str) -> dict[str, Any]:
    """Make one whose module does something, and would do."""
    return module(f"{source}\n{HEADER}{PACKAGER}")


def after(source: str) -> dict[str, Any]:
    """Make one whose module spoils what would do."""
    return module(f"{HEADER}{PACKAGER}\n{source}")


def within(source: str) -> dict[str, Any]:
    """Make one whose class has something more."""
    return module(f"{HEADER}{PACKAGER}\n    {source}")


def hook(source: str, reference: str = "aa_broken") -> dict[str, Any]:
    """Make a distribution with a hook module."""
    return {NAME: {"entry_points": {"packagers": {"hook": reference}}, "files": {"aa_broken.py": source}}}


def entry(reference: str, **more: Any) -> dict[str, Any]:
    """Make one with another reference."""
    return module(HEADER + PACKAGER, reference, **more)


def named(*paths: str) -> dict[str, Any]:
    """Make one that registers for other type paths."""
    types = dict.fromkeys(paths, "aa_broken:BrokenPackager")
    return {NAME: {"entry_points": {"packagers.types": types}, "files": {"aa_broken.py": HEADER + PACKAGER}}}


IMPORTS = {
    "missing module": Case(entry("aa_missing:BrokenPackager"), "No module named 'aa_missing'"),
    "missing submodule": Case(entry("aa_broken.inner:BrokenPackager"), "aa_broken' is not a package"),
    "missing attribute": Case(entry("aa_broken:NoSuchPackager"), "has no attribute 'NoSuchPackager'"),
    "missing library": Case(before("import aa_library_that_is_not_there"), "aa_library_that_is_not_there"),
    "syntax error": Case(module("class BrokenPackager(:\n"), "SyntaxError"),
    "null bytes": Case(module("x = 1\0"), "null bytes"),
    "not in the encoding that it says": Case(module("# coding: ascii\nx = 'ä'\n"), "SyntaxError"),
    "indentation": Case(module("if True:\nx = 1\n"), "IndentationError"),
    "exception": Case(before("raise ValueError('not today')"), "ValueError: not today"),
    "exception whose text raises": Case(
        before("class Mute(Exception):\n    def __str__(self):\n        raise ValueError\nraise Mute"), "Mute"
    ),
    "exception with a long text": Case(before("raise ValueError('x' * 100_000)"), "xxx…"),
    "exception with control characters": Case(before("raise ValueError('\\x1b[31m red \\u202e')"), "red"),
    "group of exceptions": Case(before("raise ExceptionGroup('several', [ValueError(1)])"), "several"),
    "SystemExit": Case(before("raise SystemExit(0)"), "SystemExit: 0"),
    "sys.exit": Case(before("import sys\nsys.exit('bye')"), "SystemExit: bye"),
    "KeyboardInterrupt": Case(before("raise KeyboardInterrupt"), "it raised KeyboardInterrupt, and nobody pressed a key"),
    "GeneratorExit": Case(before("raise GeneratorExit"), "GeneratorExit"),
    "StopIteration": Case(before("raise StopIteration(3)"), "StopIteration"),
    "BaseException": Case(before("class Strange(BaseException): ...\nraise Strange('odd')"), "Strange: odd"),
    "recursion": Case(before("def f(): f()\nf()"), "RecursionError"),
    "MemoryError": Case(before("raise MemoryError"), "MemoryError"),
    "warning that is an error": Case(
        before("import warnings\nwarnings.warn('old', DeprecationWarning)\nraise ValueError('then')"), "cannot be loaded"
    ),
    "circular import": Case(
        {
            NAME: {
                "entry_points": {"packagers.types": {TYPE: "aa_broken:BrokenPackager"}},
                "files": {
                    "aa_broken.py": "from aa_other import x\n" + HEADER + PACKAGER,
                    "aa_other.py": "from aa_broken import y\nx = 1\n",
                },
            }
        },
        "circular import",
    ),
    "removes itself": Case(before("import sys\ndel sys.modules[__name__]\n"), "aa_broken"),
    "fails in a thread's place": Case(
        before("import concurrent.futures as c\nwith c.ThreadPoolExecutor(1) as e:\n    e.submit(int, 'x').result()"), "ValueError"
    ),
    "fails after it changed all": Case(
        before("import os, sys\nos.chdir('/')\nsys.path.clear()\nsys.setrecursionlimit(500)\nraise ValueError('late')"), "ValueError: late"
    ),
}

CLASSES = {
    "function": Case(module("def BrokenPackager(): ..."), "no subclass of Packager"),
    "instance": Case(after("BrokenPackager = BrokenPackager()"), "no subclass of Packager"),
    "module": Case(entry("aa_broken"), "no subclass of Packager"),
    "another class": Case(module("class BrokenPackager: ..."), "no subclass of Packager"),
    "None": Case(module("BrokenPackager = None"), "no subclass of Packager"),
    "object that raises whatever is asked": Case(
        module("class All:\n    def __getattribute__(self, name):\n        raise ValueError(name)\nBrokenPackager = All()"), "ValueError"
    ),
    "module attribute that raises": Case(module("def __getattr__(name):\n    raise RuntimeError('lazy')"), "RuntimeError: lazy"),
    "abstract class": Case(
        module(
            "import abc\n"
            + HEADER
            + PACKAGER.replace("(Packager)", "(Packager, abc.ABC)")
            + "    @abc.abstractmethod\n    def more(self): ...\n"
        ),
        "abstract",
    ),
    "constructor with arguments": Case(within("def __init__(self, path): ..."), "cannot be made"),
    "constructor that raises": Case(within("def __init__(self): raise RuntimeError('not today')"), "not today"),
    "constructor that exits": Case(within("def __init__(self): raise SystemExit(1)"), "SystemExit"),
    "__new__ of something else": Case(within("def __new__(cls): return 3"), "gives no packager"),
    "metaclass whose call gives something else": Case(
        module(
            HEADER
            + "class Meta(type):\n    def __call__(cls): return 'no'\n"
            + PACKAGER.replace("(Packager)", "(Packager, metaclass=Meta)")
        ),
        "gives no packager",
    ),
    "metaclass that raises whatever is asked": Case(
        module(
            HEADER
            + "on = False\nclass Meta(type):\n    def __getattribute__(cls, name):\n        if on: raise ValueError(name)\n"
            + "        return super().__getattribute__(name)\n"
            + PACKAGER.replace("(Packager)", "(Packager, metaclass=Meta)")
            + "on = True\n"
        ),
        "ValueError",
    ),
    "breaks a rule: options": Case(within("def pack_model(self, obj, folder, depth): ..."), "pack_model must take"),
    "breaks a rule: priority": Case(within("PRIORITY = 'first'"), "PRIORITY is 'first'"),
    "breaks a rule: readers": Case(within("READERS = {'file': 'harmless'}"), "READERS"),
    "breaks a rule: a default that is not there": Case(within("DEFAULT_PACKING_ARTIFACT_TYPE = 'model'"), "there is no pack_model"),
    "breaks a rule: asynchronous": Case(within("async def pack_model(self, obj, folder): ..."), "asynchronous"),
    "breaks a rule afterwards: priority": Case(after("BrokenPackager.PRIORITY = 'first'"), "PRIORITY"),
    "breaks a rule afterwards: subclasses": Case(after("BrokenPackager.PACK_SUBCLASSES = 'yes'"), "PACK_SUBCLASSES"),
    "artifact types that raise": Case(within("@classmethod\n    def artifact_types(cls, direction): raise ValueError('which?')"), "which?"),
    "artifact types that are none": Case(within("@classmethod\n    def artifact_types(cls, direction): return 3"), "no tuples of names"),
}

ENTRY_POINTS = {
    "type path with brackets left open": Case(named("dict[str, [["), "no type path"),
    "type path with spaces": Case(named("not a type"), "no type path"),
    "type path with code": Case(named("__import__('os').system('true')"), "no type path"),
    "type path nested without end": Case(named("list[" * 300 + "int" + "]" * 300), "no type path"),
    "type path that leaves the folder": Case(named("../../etc/passwd"), "no type path"),
    "reference with code": Case(entry("__import__('os').mkdir('made')"), "No module named"),
    "reference with code after the colon": Case(entry("aa_broken:__import__('os').mkdir('made')"), "has no attribute"),
    "reference that is empty": Case(entry(""), "Empty module name"),
    "reference that is relative": Case(entry(".aa_broken:BrokenPackager"), "cannot be loaded"),
    "reference to the system": Case(entry("os:system"), "no subclass of Packager"),
    "reference to what is not its own": Case(entry("packagers:Packager.no"), "cannot be loaded"),
    "needs a newer core": Case(entry("aa_broken:BrokenPackager", requires=["packagers>=99"]), "it needs packagers>=99"),
    "needs an older core": Case(entry("aa_broken:BrokenPackager", requires=["packagers<0.0.1"]), "it needs packagers<0.0.1"),
    "needs another core, with an extra": Case(entry("aa_broken:BrokenPackager", requires=["packagers[cli] (==77.1)"]), "it needs"),
}

HOOKS = {
    "hook: missing module": Case(hook("", "aa_missing"), "No module named 'aa_missing'"),
    "hook: raises": Case(hook("raise ValueError('not today')"), "not today"),
    "hook: exits": Case(hook("raise SystemExit"), "SystemExit"),
    "hook: KeyboardInterrupt": Case(hook("raise KeyboardInterrupt"), "nobody pressed a key"),
    "hook: registers and raises": Case(
        hook(f"{HEADER}{PACKAGER}\n@hookimpl\ndef packagers_register(registry):\n    registry.add({TYPE!r}, BrokenPackager)\n    1 / 0"),
        "ZeroDivisionError",
    ),
    "hook: registers nonsense": Case(hook(f"{HEADER}\n@hookimpl\ndef packagers_register(registry):\n    registry.add({TYPE!r}, 3)"), "3"),
    "hook: registers for nonsense": Case(
        hook(f"{HEADER}{PACKAGER}\n@hookimpl\ndef packagers_register(registry):\n    registry.add('[[', BrokenPackager)"), "no type path"
    ),
    "hook: exits when it registers": Case(
        hook(f"{HEADER}\n@hookimpl\ndef packagers_register(registry):\n    raise SystemExit"), "SystemExit"
    ),
    "hook: with arguments that there are not": Case(hook(f"{HEADER}\n@hookimpl\ndef packagers_register(registry, more): ..."), "more"),
    "hook: that there is not": Case(hook(f"{HEADER}\n@hookimpl\ndef packagers_nonsense(registry): ..."), "packagers_nonsense"),
    "hook: attributes that raise": Case(
        hook("class All:\n    def __getattribute__(self, name):\n        raise ValueError(name)\nplugin = All()", "aa_broken:plugin"),
        "ValueError",
    ),
}

CARELESS = {
    "prints": Case(before("print('hello')"), "it printed 'hello'", "careless"),
    "writes to standard output itself": Case(before("import os\nos.write(1, b'raw output')"), "it printed 'raw output'", "careless"),
    "prints a lot": Case(before("print('x' * 100_000)"), "it printed 'xxx", "careless"),
    "working directory": Case(before("import os\nos.chdir('/')"), "the working directory", "careless"),
    "search path in front": Case(before("import sys\nsys.path.insert(0, '/nowhere')"), "the search path", "careless"),
    "search path gone": Case(before("import sys\nsys.path[:] = []\nimport packagers"), "the search path", "careless"),
    "signal handler": Case(before("import signal\nsignal.signal(signal.SIGTERM, lambda *a: None)"), "signal handlers", "careless"),
    "handler of the key": Case(before("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)"), "signal handlers", "careless"),
    "variable changed": Case(before("import os\nos.environ['PATH'] = ''"), "environment variables", "careless"),
    "variables gone": Case(before("import os\nos.environ.clear()"), "environment variables", "careless"),
    "variable of ours": Case(before("import os\nos.environ['PACKAGERS_TRUST'] = 'all'"), "environment variables", "careless"),
    "no warnings any more": Case(before("import warnings\nwarnings.simplefilter('ignore')"), "filters of warnings", "careless"),
    "filters gone": Case(before("import warnings\nwarnings.resetwarnings()"), "filters of warnings", "careless"),
    "locale": Case(
        before("import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8' if locale.setlocale(locale.LC_ALL) == 'C' else 'C')"),
        "the locale",
        "careless",
    ),
    "limit of recursion": Case(before("import sys\nsys.setrecursionlimit(12_345)"), "the limit of recursion", "careless"),
    "excepthook": Case(before("import sys\nsys.excepthook = print"), "hooks for exceptions", "careless"),
    "excepthook of threads": Case(before("import threading\nthreading.excepthook = print"), "hooks for exceptions in threads", "careless"),
    "standard error": Case(before("import io, sys\nsys.stderr = io.StringIO()"), "the standard streams", "careless"),
    "built-in name": Case(before("import builtins\nbuiltins.open = None"), "built-in names", "careless"),
    "hook: prints": Case(hook("print('hello')"), "it printed 'hello'", "careless"),
    "hook: working directory": Case(hook("import os\nos.chdir('/')"), "the working directory", "careless"),
    "hook: changes when it registers": Case(
        hook(f"{HEADER}import sys\n@hookimpl\ndef packagers_register(registry):\n    sys.setrecursionlimit(12_345)"),
        "the limit of recursion",
        "careless",
    ),
}

WHEN_ASKED = {
    "is_packable raises": within("@classmethod\n    def is_packable(cls, obj, artifact_type=None): raise ValueError('asked')"),
    "is_packable exits": within("@classmethod\n    def is_packable(cls, obj, artifact_type=None): raise SystemExit('asked')"),
    "holds raises": within("def holds(self, obj): raise ValueError('asked')"),
    "holds exits": within("def holds(self, obj): raise SystemExit('asked')"),
    "holds_class raises": within("@classmethod\n    def holds_class(cls, type_): raise ValueError('asked')"),
    "holds recurses": within("def holds(self, obj): return self.holds(obj)"),
    "artifact types raise from the third time on": within(
        "asked = []\n    @classmethod\n    def artifact_types(cls, direction):\n        cls.asked.append(1)\n"
        "        if len(cls.asked) > 4: raise ValueError('asked')\n        return ('file',)"
    ),
}

NAMELESS = {
    "no METADATA": {"entry_points.txt": f"[packagers.types]\n{TYPE} = aa_broken:BrokenPackager\n"},
    "empty METADATA": {"METADATA": "", "entry_points.txt": f"[packagers.types]\n{TYPE} = aa_broken:BrokenPackager\n"},
    "METADATA that is no text": {"METADATA": b"\xff\xfe\0", "entry_points.txt": f"[packagers.types]\n{TYPE} = aa_broken:BrokenPackager\n"},
    "entry points without a sign": {"METADATA": "Name: aa-broken\nVersion: 1\n", "entry_points.txt": "[packagers.types]\nnothing\n"},
}

LOADED = {**IMPORTS, **CLASSES, **ENTRY_POINTS, **HOOKS, **CARELESS}


def test_there_are_enough() -> None:
    assert len(LOADED) + len(WHEN_ASKED) + len(NAMELESS) >= 45


@contextmanager
def site(folder: Path, *files: Mapping[str, Any]) -> Iterator[None]:
    """Install distributions beside the good one, without our own plugins and what was loaded of an earlier installation."""
    with settings(disable=[*settings.disable, *OURS], prefer=[NAME]):
        everything: dict[str, Any] = {"zz-good": GOOD}
        for each in files:
            everything |= each
        try:
            with testing.installed(everything, folder):
                yield
        finally:
            for name in imported():
                del sys.modules[name]


def process_state() -> dict[str, Any]:
    """Give what no plugin may change."""
    return {
        "cwd": os.getcwd(),
        "path": list(sys.path),
        "environment": {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "filters": list(warnings.filters),
        "locale": locale.setlocale(locale.LC_ALL),
        "recursion": sys.getrecursionlimit(),
        "signals": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "hooks": (sys.excepthook, sys.unraisablehook, sys.displayhook, threading.excepthook),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "builtins": dict(vars(builtins)),
        "threads": threading.active_count(),
    }


@pytest.fixture(autouse=True)
def _unharmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check that the process is after each test what it was before."""
    monkeypatch.chdir(tmp_path)
    before = process_state()
    yield
    del sys.path[len(before["path"]) :]  # what is behind the others harms nobody
    assert process_state() == before
    assert not (tmp_path / "made").exists()


def run(command: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(root, [command, *arguments, "--json"])
    return done.exit_code, json.loads(done.stdout)


def imported() -> list[str]:
    return [name for name in sys.modules if name.startswith("aa_")]


@pytest.mark.parametrize("name", LOADED)
def test_it_is_not_imported_when_it_is_found_and_list_names_it_and_why(name: str, tmp_path: Path) -> None:
    case = LOADED[name]
    with site(tmp_path / "site", case.files):
        code, listed = run("list")
        assert code == 0
        assert {each["distribution"] for each in (*listed["packagers"], *listed["hooks"])} >= {NAME, "zz-good"}
        assert imported() == []
        code, listed = run("list", "--load")
        assert code == 0
        states = {(each["distribution"], each["state"]): each["reason"] for each in (*listed["packagers"], *listed["hooks"])}
    assert case.reason in states[NAME, case.state]
    assert len(states[NAME, case.state]) < 1500
    assert {state for distribution, state in states if distribution in ("zz-good", "packagers")} == {"ok"}


@pytest.mark.parametrize("name", LOADED)
def test_doctor_names_it_and_why(name: str, tmp_path: Path) -> None:
    case = LOADED[name]
    with site(tmp_path / "site", case.files):
        code, found = run("doctor", str(tmp_path))
    (problem,) = [each for each in found["problems"] if each["about"] == "plugins"]
    assert NAME in problem["problem"]
    assert case.reason in problem["problem"]
    assert problem["is_wrong"] == (case.state == "broken")
    assert (code, found["ok"]) == ((1, False) if case.state == "broken" else (0, True))


@pytest.mark.parametrize("name", LOADED)
def test_the_plugin_beside_it_and_the_core_go_on(name: str, tmp_path: Path) -> None:
    case = LOADED[name]
    with site(tmp_path / "site", case.files), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import broken_things  # type: ignore[import-not-found]

        pack(3, "number", tmp_path)
        assert unpack(pack(b"abc", "blob", tmp_path)) == b"abc"
        assert type(unpack(pack(broken_things.Thing(), "thing", tmp_path))) is broken_things.Thing
        assert [file.read_text() for file in pack(broken_things.Other(), "other", tmp_path).path.glob("*/thing.txt")] == ["good"]
        taken = Registry().find(broken_things.Thing()).registration.distribution
    is_of_the_type = TYPE in case.files[NAME]["entry_points"].get("packagers.types", ())
    assert taken == (NAME if case.state == "careless" and is_of_the_type else "zz-good")
    told = [str(each.message) for each in caught if issubclass(each.category, PluginLoadWarning)]
    is_told = is_of_the_type or "packagers" in case.files[NAME]["entry_points"]
    printed = "it printed" in case.reason
    assert any(NAME in text for text in told) == (is_told and not printed)


@pytest.mark.parametrize("name", LOADED)
def test_switched_off_it_is_not_imported(name: str, tmp_path: Path) -> None:
    with settings(disable=[NAME]), site(tmp_path / "site", LOADED[name].files):
        import broken_things

        assert Registry().find(broken_things.Thing()).registration.distribution == "zz-good"
        _, listed = run("list", "--load")
        assert {each["state"] for each in (*listed["packagers"], *listed["hooks"]) if each["distribution"] == NAME} == {"off"}
        assert imported() == []


@pytest.mark.parametrize("name", WHEN_ASKED)
def test_one_that_fails_when_it_is_asked_is_left_out(name: str, tmp_path: Path) -> None:
    with site(tmp_path / "site", WHEN_ASKED[name]):
        import broken_things

        registry = Registry()
        with pytest.warns(PluginLoadWarning, match=r"aa-broken:aa_broken\.BrokenPackager is left out"):
            found = registry.find(broken_things.Thing())
        assert found.registration.distribution == "zz-good"
        (verdict,) = [line["verdict"] for line in registry.explain(broken_things.Thing()).candidates if line["distribution"] == NAME]
        assert verdict.startswith("lost: it failed when it was asked")


@pytest.mark.parametrize("method", ["describe", "preview"])
@pytest.mark.parametrize(
    "what", ["raise ValueError('asked')", "raise SystemExit", "return 3", "return {'x': object()}", "return {'x': 'x' * 10_000_000}"]
)
def test_a_summary_that_fails_is_left_out(method: str, what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with site(tmp_path / "site", within(f"def {method}(self, obj): {what}")):
        import broken_things

        pack(broken_things.Thing(), "thing", tmp_path)
        assert type(unpack(tmp_path / "thing", broken_things.Thing)) is broken_things.Thing
    assert f"BrokenPackager.{method}" in caplog.text


@pytest.mark.parametrize("name", NAMELESS)
def test_a_distribution_whose_metadata_is_broken_is_named(name: str, tmp_path: Path) -> None:
    files = {"aa_broken-1.dist-info": NAMELESS[name], "aa_broken.py": HEADER + PACKAGER}
    with site(tmp_path / "site", files):
        import broken_things

        with pytest.warns(PluginLoadWarning, match="aa.broken.*is left out"):
            registry = Registry()
        assert registry.find(broken_things.Thing()).registration.distribution == "zz-good"
        for command in (["list", "--load"], ["doctor", str(tmp_path)]):
            (left_out,) = run(*command)[1]["unreadable"]
            assert left_out["distribution"].replace("_", "-").startswith(NAME)
        assert imported() == []


def test_a_broken_record_matters_to_nobody(tmp_path: Path) -> None:
    with site(tmp_path / "site", after("")):
        (tmp_path / "site/aa_broken-1.0.dist-info/RECORD").write_bytes(b'\xff,,\n"')
        _, listed = run("list", "--load")
    assert {each["state"] for each in listed["packagers"] if each["distribution"] == NAME} == {"ok"}


def test_of_two_distributions_of_one_name_the_second_is_not_there(tmp_path: Path) -> None:
    with site(tmp_path / "late", before("raise SystemExit")), site(tmp_path / "early", after("")):
        _, listed = run("list", "--load")
    assert [each["state"] for each in listed["packagers"] if each["distribution"] == NAME] == ["ok"]


def test_a_type_that_is_registered_twice_by_one_distribution(tmp_path: Path) -> None:
    information = {
        "METADATA": "Name: aa-broken\nVersion: 1\n",
        "entry_points.txt": f"[packagers.types]\n{TYPE} = aa_missing:BrokenPackager\n{TYPE} = aa_broken:BrokenPackager\n",
    }
    with site(tmp_path / "site", {"aa_broken-1.dist-info": information, "aa_broken.py": HEADER + PACKAGER}):
        import broken_things

        _, listed = run("list", "--load")
        states = [each["state"] for each in listed["packagers"] if each["distribution"] == NAME]
        with pytest.warns(PluginLoadWarning, match="aa_missing"):
            assert Registry().find(broken_things.Thing()).registration.reference == "aa_broken:BrokenPackager"
    assert sorted(states) == ["broken", "ok"]


def test_a_type_with_no_other_packager_is_an_error_that_names_the_plugin(tmp_path: Path) -> None:
    files = {NAME: {"entry_points": {"packagers.types": {"broken_things.Third": "aa_broken:P"}}, "files": {"aa_broken.py": "1 / 0"}}}
    with site(tmp_path / "site", files):
        import broken_things

        broken_things.Third = type("Third", (), {"__module__": "broken_things"})
        with pytest.raises(NoPackagerError, match="ZeroDivisionError") as caught, pytest.warns(PluginLoadWarning):
            pack(broken_things.Third(), "third", tmp_path)
    assert caught.value.distribution == NAME
    assert "PACKAGERS_DISABLE" in str(caught.value.remedy)


def test_a_packager_that_fails_to_pack_is_the_error(tmp_path: Path) -> None:
    with site(tmp_path / "site", within("def pack_file(self, obj, folder): raise ValueError('disk')")):
        import broken_things

        with pytest.raises(PackError, match=r"aa-broken.*failed to pack"):
            pack(broken_things.Thing(), "thing", tmp_path)
    assert not (tmp_path / "thing").exists()


def test_a_failure_is_told_again_each_time_without_another_import(tmp_path: Path) -> None:
    with site(tmp_path / "site", before("import builtins\nbuiltins.aa_count = getattr(builtins, 'aa_count', 0) + 1\nraise ValueError")):
        (registration,) = [each for each in Registry() if each.distribution == NAME]
        try:
            for _ in range(3):
                with pytest.raises(LoadFailure):
                    registration.load()
            assert builtins.aa_count == 1  # type: ignore[attr-defined]
        finally:
            del builtins.aa_count  # type: ignore[attr-defined]


def test_somebody_who_presses_a_key_stops_an_import(tmp_path: Path) -> None:
    with site(tmp_path / "site", before("import signal\nsignal.raise_signal(signal.SIGINT)")):
        (registration,) = [each for each in Registry() if each.distribution == NAME]
        with pytest.raises(KeyboardInterrupt):
            registration.load()


def test_additions_stay_where_they_take_nothing_away(tmp_path: Path) -> None:
    source = (
        "import os, sys, warnings\nsys.path.append('/nowhere/behind')\nos.environ['AA_ADDED'] = '1'\n"
        "warnings.filterwarnings('ignore', message='of aa')\n"
    )
    with site(tmp_path / "site", before(source)):
        (registration,) = [each for each in Registry() if each.distribution == NAME]
        registration.load()
        try:
            assert registration.faults == ()
            assert sys.path[-1] == "/nowhere/behind"
            assert os.environ["AA_ADDED"] == "1"
            warnings.warn("of aa", UserWarning, stacklevel=1)
        finally:
            sys.path.remove("/nowhere/behind")
            del os.environ["AA_ADDED"]
            del warnings.filters[0]  # type: ignore[attr-defined]


def test_while_threads_run_what_changes_is_not_taken_for_the_plugins_doing(tmp_path: Path) -> None:
    with site(tmp_path / "site", before("import sys\nsys.path.insert(0, '/nowhere')")):
        (registration,) = [each for each in Registry() if each.distribution == NAME]
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        try:
            registration.load()
        finally:
            done.set()
            thread.join()
        assert sys.path.pop(0) == "/nowhere"
        assert registration.faults == ()


def test_threads_are_not_interrupted_by_a_plugin(tmp_path: Path) -> None:
    caught: list[BaseException] = []
    with site(tmp_path / "site", before("raise KeyboardInterrupt")):
        (registration,) = [each for each in Registry() if each.distribution == NAME]

        def load() -> None:
            try:
                registration.load()
            except BaseException as error:  # noqa: BLE001 - which one it is, is the question
                caught.append(error)

        thread = threading.Thread(target=load)
        thread.start()
        thread.join()
    assert [type(error) for error in caught] == [LoadFailure]
