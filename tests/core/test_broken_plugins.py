"""Broken plugins, each installed beside one that works: contained, named, switched off with ``disable``, and no harm to anything else."""

from __future__ import annotations

import builtins
import json
import locale
import os
import re
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

DEADLY = {
    "exits at once": Case(before("import os\nos._exit(0)"), "it ended the process, with exit code 0"),
    "exits at once with a code": Case(before("import os\nos._exit(7)"), "it ended the process, with exit code 7"),
    "reads what is not there": Case(before("import faulthandler\nfaulthandler._sigsegv()"), "it crashed the process, with signal SIGSEGV"),
    "aborts": Case(before("import os\nos.abort()"), "it crashed the process, with signal SIGABRT"),
    "kills itself": Case(before("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"), "it crashed the process, with signal SIGKILL"),
    "kills itself softly": Case(
        before("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)"), "it crashed the process, with signal SIGTERM"
    ),
    "closes every file": Case(before("import os\nos.closerange(0, 100)"), "it ended the process, with exit code 1"),
    "exits in its constructor": Case(within("def __init__(self):\n        import os\n        os._exit(5)"), "exit code 5"),
    "exits when it is asked": Case(
        within("@classmethod\n    def artifact_types(cls, direction):\n        import os\n        os._exit(6)"), "exit code 6"
    ),
    "exits a process and leaves another that holds the files": Case(
        before("import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1)\n    os._exit(0)\nos._exit(8)"), "exit code 8"
    ),
    "hook: exits at once": Case(hook("import os\nos._exit(9)"), "it ended the process, with exit code 9"),
    "hook: exits at once when it registers": Case(
        hook(f"{HEADER}import os\n@hookimpl\ndef packagers_register(registry):\n    os._exit(10)"),
        "it ended the process, with exit code 10",
    ),
}

HANGING = {
    "loops": Case(before("while True: pass"), "it did not come to its end within"),
    "waits for a lock that it holds": Case(
        before("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()"), "it did not come to its end within"
    ),
    "waits for a thread that waits for the import": Case(
        before("import threading\nthread = threading.Thread(target=lambda: __import__('aa_broken'))\nthread.start()\nthread.join()\n"),
        "it did not come to its end within",
    ),
    "hook: loops when it registers": Case(
        hook(f"{HEADER}@hookimpl\ndef packagers_register(registry):\n    while True: pass"), "it did not come to its end within"
    ),
}

THREADS = {
    "leaves a thread": Case(
        before("import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), name='for ever').start()"),
        "it left 1 thread running: for ever",
        "careless",
    ),
    "hook: leaves a thread": Case(
        hook("import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True, name='behind').start()"),
        "it left 1 thread running: behind",
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
APART = {**LOADED, **DEADLY, **THREADS}
"""All that are loaded in another process quickly."""


def numbered(value: Any, number: int) -> Any:
    """Give a distribution, or what is said of it, under a name of its own."""
    if isinstance(value, Mapping):
        return {numbered(key, number): numbered(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [numbered(item, number) for item in value]
    return re.sub(r"aa([-_])(broken|other)", rf"aa\g<1>\g<2>\g<1>{number}", value) if isinstance(value, str) else value


def all_at_once(cases: Mapping[str, Case]) -> tuple[dict[str, Any], dict[str, tuple[str, str, str]]]:
    """Give the distributions of cases, each under a name of its own; and of each name the case, its state and the reason."""
    files: dict[str, Any] = {}
    expected = {}
    for number, (name, case) in enumerate(cases.items()):
        files |= numbered(case.files, number)
        expected[f"{NAME}-{number}"] = (name, case.state, numbered(case.reason, number))
    return files, expected


def test_there_are_enough() -> None:
    assert len(APART) + len(HANGING) + len(WHEN_ASKED) + len(NAMELESS) >= 45


@contextmanager
def site(folder: Path, *files: Mapping[str, Any]) -> Iterator[None]:
    """Install distributions beside the good one, without our own plugins and what was loaded of an earlier installation."""
    ours = [name for each in files for name, content in each.items() if isinstance(content, Mapping) and "entry_points" in content]
    with settings(disable=[*settings.disable, *OURS], prefer=ours or [NAME]):
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


def test_none_is_imported_when_it_is_found(tmp_path: Path) -> None:
    files, expected = all_at_once(APART | HANGING)
    with site(tmp_path / "site", files):
        code, listed = run("list")
        assert code == 0
        assert {each["distribution"] for each in (*listed["packagers"], *listed["hooks"])} >= {*expected, "zz-good"}
        assert imported() == []


@pytest.mark.parametrize(("cases", "arguments"), [(APART, ()), (HANGING, ("--timeout", "3"))], ids=["those that end", "those that hang"])
def test_list_names_each_and_why(cases: Mapping[str, Case], arguments: tuple[str, ...], tmp_path: Path, figure: Any) -> None:
    files, expected = all_at_once(cases)
    figure("broken plugins", "distributions that are broken, each contained and named", points=len(expected), violations=0)
    with site(tmp_path / "site", files):
        code, listed = run("list", "--load", *arguments)
        assert imported() == []
    assert code == 0
    entries = {each["distribution"]: each for each in (*listed["packagers"], *listed["hooks"])}
    for distribution, (name, state, reason) in expected.items():
        assert (name, entries[distribution]["state"]) == (name, state)
        assert reason in entries[distribution]["reason"], name
        assert len(entries[distribution]["reason"]) < 1500, name
    others = [each for each in (*listed["packagers"], *listed["hooks"]) if each["distribution"] in ("zz-good", "packagers")]
    assert [each for each in others if each["state"] != "ok"] == []
    assert len(others) > 30


def test_doctor_names_each_and_why(tmp_path: Path) -> None:
    files, expected = all_at_once(APART)
    with site(tmp_path / "site", files):
        code, found = run("doctor", str(tmp_path))
    assert (code, found["ok"]) == (1, False)
    problems = [each for each in found["problems"] if each["about"] == "plugins"]
    assert sorted(each["problem"].partition(":")[0] for each in problems) == sorted(expected)
    for distribution, (name, state, reason) in expected.items():
        (problem,) = [each for each in problems if each["problem"].startswith(f"{distribution}: ")]
        assert reason in problem["problem"], name
        assert (name, problem["is_wrong"]) == (name, state == "broken")


def test_where_all_that_is_wrong_is_carelessness_all_is_well(tmp_path: Path) -> None:
    files, expected = all_at_once(CARELESS | THREADS)
    with site(tmp_path / "site", files):
        code, found = run("doctor", str(tmp_path))
    assert [each for each in found["problems"] if each["is_wrong"]] == []
    assert (code, found["ok"]) == (0, True)
    assert len([each for each in found["problems"] if each["about"] == "plugins"]) == len(expected)


def test_switched_off_none_is_imported(tmp_path: Path) -> None:
    files, expected = all_at_once(APART | HANGING)
    with settings(disable=list(expected)), site(tmp_path / "site", files):
        import broken_things  # type: ignore[import-not-found]

        assert Registry().find(broken_things.Thing()).registration.distribution == "zz-good"
        _, listed = run("list", "--load")
        assert {each["state"] for each in (*listed["packagers"], *listed["hooks"]) if each["distribution"] in expected} == {"off"}
        assert imported() == []


def test_all_that_a_module_registers_waits_for_it_once(tmp_path: Path) -> None:
    types = {f"broken_things.T{number}": "aa_broken:BrokenPackager" for number in range(20)}
    files = {NAME: {"entry_points": {"packagers.types": types}, "files": {"aa_broken.py": "while True: pass"}}}
    with site(tmp_path / "site", files):
        _, listed = run("list", "--load", "--timeout", "1")
    reasons = [each["reason"] for each in listed["packagers"] if each["distribution"] == NAME]
    assert len(reasons) == len(types)
    assert sum(reason.startswith("it did not come to its end within 1 s") for reason in reasons) == 1
    assert sum("was not tried: its module aa_broken did not" in reason for reason in reasons) == len(types) - 1


def test_what_a_plugin_starts_does_not_outlive_it(tmp_path: Path) -> None:
    source = (
        "import os, pathlib, subprocess, sys\n"
        "started = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])\n"
        "pathlib.Path('pid').write_text(str(started.pid))\nos._exit(0)"
    )
    with site(tmp_path / "site", before(source)):
        run("list", "--load")
    pid = int((tmp_path / "pid").read_text())
    for _ in range(1000):  # what its new parent has to take note of
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            break
        if state == "Z":
            break
        os.sched_yield()
    else:
        os.kill(pid, signal.SIGKILL)
        pytest.fail("it runs on")


@pytest.mark.parametrize("name", LOADED)
def test_the_plugin_beside_it_and_the_core_go_on(name: str, tmp_path: Path) -> None:
    case = LOADED[name]
    with site(tmp_path / "site", case.files), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import broken_things

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


@pytest.mark.parametrize("name", WHEN_ASKED)
def test_one_that_fails_when_it_is_asked_is_left_out(name: str, tmp_path: Path, figure: Any) -> None:
    figure("broken plugins", "distributions that are broken, each contained and named", points=1, violations=0)
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
def test_a_distribution_whose_metadata_is_broken_is_named(name: str, tmp_path: Path, figure: Any) -> None:
    figure("broken plugins", "distributions that are broken, each contained and named", points=1, violations=0)
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
