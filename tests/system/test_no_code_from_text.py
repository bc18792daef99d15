"""Text never becomes code: whoever evaluates, imports by name or unpickles stands in a table here, with the reason why that may be.

The table is compared with the syntax trees of all that is installed, both ways. That the readers in it ask the gate first is proven from
outside, by an audit hook, in ``tests/hostile/test_one_gate.py``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in (
        "core/src/packagers",
        *(f"plugins/packagers-{name}/src" for name in ("dask", "matplotlib", "numpy", "pandas", "runs", "sklearn", "torch")),
    )
    for path in (ROOT / folder).rglob("*.py")
    if "testing" not in path.relative_to(ROOT / folder).parts
)

NAMES = {"eval", "exec", "compile", "__import__", "import_module", "exec_module", "find_spec", "spec_from_file_location"}
"""Names and attributes that make code of text, or modules of names, whoever they are taken from."""
LIBRARIES = {
    "pickle": {"load", "loads", "Unpickler", "_Unpickler"},
    "cloudpickle": {"load", "loads"},
    "joblib": {"load"},
    "dill": {"load", "loads"},
    "marshal": {"load", "loads"},
    "shelve": {"open"},
    "yaml": {"load", "load_all", "unsafe_load", "full_load", "Loader", "UnsafeLoader", "FullLoader"},
    "torch": {"load"},
    "np": {"load"},
    "numpy": {"load"},
    "npy_format": {"read_array"},
    "pd": {"read_pickle", "read_hdf", "eval"},
    "skops": {"load", "loads"},
    "os": {"system", "popen", "execv", "execve", "spawnl", "spawnv"},
    "subprocess": {"Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"},
}
"""What else can run code, by the name of the library."""
HARMLESS = {
    "torch.load": ("weights_only", True),
    "np.load": ("allow_pickle", False),
    "numpy.load": ("allow_pickle", False),
    "npy_format.read_array": ("allow_pickle", False),
}
"""Arguments, written out, with which a reader can run none."""

REASONS = {
    "executors/remote.py:_opened pickle.loads": "in a worker: what the process that began it has given it",
    "executors/remote.py:perform_packed pickle.loads": "as above",
    "executors/remote.py:unpack_performed pickle.loads": "what a worker that this process began says of an iteration that it did",
    "executors/travelling.py:_is_found find_spec": "asks whether another process would find a module that is loaded here; imports nothing",
    "cli/app.py:Root.get_command importlib.import_module": "our own commands, from a table in the same module",
    "cli/group.py:Commands.get_command importlib.import_module": "the commands of runs, from a table in the same module",
    "cli/loaded.py:_Process.__init__ subprocess.Popen": "a type",
    "cli/loaded.py:_process subprocess.Popen": "this interpreter, with a program that is written there, to try plugins in",
    "cli/options.py:_from_file exec_module": "the file that the user names on the command line, to be run",
    "cli/options.py:_from_file spec_from_file_location": "as above",
    "cli/options.py:_from_path importlib.import_module": "the module that the user names on the command line, to be run",
    "cli/starting.py:new import_module": "one name, written there",
    "cli/trying.py:_missing find_spec": "types that the user's own pyproject.toml names; in a process of its own",
    "cli/trying.py:_missing importlib.import_module": "as above",
    "packagers/__init__.py:__getattr__ import_module": "our own modules, from a table in the same module",
    "packagers/loading.py:load_reference import_module": "references of entry points, projects and callers; never of a package",
    "packagers/pickles.py:_import importlib.import_module": "registered pickle modules, after the gate where something is read",
    "packagers/policy.py:find_class importlib.import_module": "behind allow_import where a package chose the name",
    "packagers/stdscalars.py: compile": "re.compile",
    "packagers/stdscalars.py: import_module": "one name, written there",
    "packagers/stdscalars.py:_class import_module": "names from a table in the same module",
    "packagers/typetext.py:_import importlib.import_module": "the one name of a string hint, on the word of the caller",
    "packagers/typetext.py:_missing find_spec": "the same, for the message where there is none",
    "packagers_dask/clusters.py:local_cluster subprocess.Popen": "this interpreter, with a program of Dask that looks after workers",
    "packagers_dask/executor.py:DaskExecutor._begin pickle.loads": "named here, called in a worker: what the run has given it",
    "packagers_dask/executor.py:DaskExecutor._others find_spec": "asks whether a worker would find a module; imports nothing",
    "packagers_numpy/npy.py:read_data npy_format.read_array": "arrays of objects, behind allow_code",
    "packagers_pandas/extras.py:need import_module": "names that are written where it is called",
    "packagers_pandas/hdf.py:read pd.read_hdf": "a format that is declared to be code, so behind the gate of the core",
    "packagers_pandas/zones.py:_library __import__": "one of two names, written where it is called",
    "packagers_runs/__init__.py:__getattr__ import_module": "our own modules, from a table in the same module",
    "running/handlers.py:_dotted find_spec": "the module of a handler, on the word of the caller, as those that follow",
    "running/handlers.py:_import importlib.import_module": "a handler that the caller names",
    "running/handlers.py:import_file exec_module": "the file of a handler that the caller names",
    "running/handlers.py:import_file spec_from_file_location": "as above",
    "running/workers.py:start subprocess.Popen": "this interpreter, with a program that is written there",
    "running/worker.py:_supervise subprocess.Popen": "a type",
    "running/workers.py:end_process subprocess.Popen": "a type",
    "running/workers.py:start_worker subprocess.Popen": "a type",
    "packagers_sklearn/estimators.py: joblib.load": "a format that is declared to be code, and behind allow_code",
    "packagers_sklearn/estimators.py: pickle.loads": "as joblib",
    "packagers_sklearn/skopsfile.py:_built skops.io.load": "types that allowed_types let pass, and no others",
    "packagers_sklearn/skopsfile.py:check skops.io.load": "what was written a moment ago, to see that it comes back",
    "packagers_torch/exports.py:read_pt2 torch.export.load": "a format that is declared to be code, so behind the gate of the core",
    "packagers_torch/pickled.py:_Unpickler pickle.Unpickler": "only used behind allow_code",
}


class _Uses(ast.NodeVisitor):
    """Finds what is in question, and in which function it stands."""

    def __init__(self, file: str) -> None:
        self._place = [file]
        self.found: set[str] = set()

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self._place.append(node.name)
        self.generic_visit(node)
        self._place.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _inside

    def _note(self, what: str) -> None:
        self.found.add(f"{self._place[0]}:{'.'.join(self._place[1:])} {what}")

    def visit_Call(self, node: ast.Call) -> None:
        said = {keyword.arg: keyword.value for keyword in node.keywords}
        harmless = HARMLESS.get(ast.unparse(node.func))
        value = said.get(harmless[0]) if harmless else None
        if harmless and isinstance(value, ast.Constant) and value.value is harmless[1]:
            self.generic_visit(ast.Call(ast.Constant(None), node.args, node.keywords))
            return
        shell = said.get("shell")
        if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
            self._note("shell=")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in NAMES:
            self._note(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        whole = ast.unparse(node)
        if whole != "re.compile" and node.attr in NAMES:
            self._note(whole if isinstance(node.value, ast.Name) else node.attr)
        elif node.attr in LIBRARIES.get(whole.partition(".")[0], ()):
            self._note(whole)
        self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Names are taken from these libraries with the library before them, so that they are seen."""
        for alias in node.names:
            if alias.name in LIBRARIES.get((node.module or "").partition(".")[0], ()) or (alias.name in NAMES and alias.asname):
                self._note(f"from {node.module} import {alias.name}")

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname and alias.name.partition(".")[0] in LIBRARIES and alias.asname not in LIBRARIES:
                self._note(f"import {alias.name} as {alias.asname}")


def uses(text: str, file: str) -> set[str]:
    """Give what is in question in a module."""
    visitor = _Uses(file)
    visitor.visit(ast.parse(text))
    return visitor.found


def every_use() -> Iterator[str]:
    for path in SOURCES:
        yield from uses(path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.name}")


def test_every_use_has_a_reason_and_every_reason_a_use() -> None:
    assert len(SOURCES) > 150
    assert set(every_use()) == set(REASONS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("eval('1')", "eval"),
        ("def f():\n    exec(x)", "exec"),
        ("import builtins\nbuiltins.eval(x)", "builtins.eval"),
        ("f = eval", "eval"),
        ("compile(x, '', 'exec')", "compile"),
        ("import yaml\nyaml.load(x)", "yaml.load"),
        ("from yaml import load", "from yaml import load"),
        ("import pickle as p", "import pickle as p"),
        ("import pickle\nclass U(pickle.Unpickler): ...", "pickle.Unpickler"),
        ("np.load(x)", "np.load"),
        ("np.load(x, allow_pickle=True)", "np.load"),
        ("np.load(x, allow_pickle=ok)", "np.load"),
        ("torch.load(x)", "torch.load"),
        ("torch.load(x, weights_only=False)", "torch.load"),
        ("{'joblib': joblib.load}", "joblib.load"),
        ("__import__(name)", "__import__"),
        ("importlib.import_module(name)", "importlib.import_module"),
        ("run(['x'], shell=True)", "shell="),
        ("subprocess.run(x)", "subprocess.run"),
    ],
)
def test_it_is_seen(text: str, found: str) -> None:
    assert [each for each in uses(text, "x") if each.endswith(f" {found}")] != []


@pytest.mark.parametrize(
    "text", ["re.compile('x')", "np.load(x, allow_pickle=False)", "torch.load(x, weights_only=True)", "yaml.safe_load(x)", "json.load(x)"]
)
def test_what_is_harmless_is_not(text: str) -> None:
    assert uses(text, "x") == set()
