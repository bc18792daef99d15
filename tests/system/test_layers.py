"""The layers of the core and of packagers-runs: a table in docs/explanation is the rule, and the imports in the sources obey it."""

from __future__ import annotations

import ast
import io
import re
import token
import tokenize
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core/src/packagers"
PLUGINS = sorted((ROOT / "plugins").glob("*/src/*"))
MOST_LINES = 300
TOP = 1000  # beside the layers: imports everything, is imported by nothing


def layers_in(page: str, mark: str = "layers") -> dict[str, int]:
    """Read the fenced block ``layers`` of a page: the number of each module or folder of a package."""
    found = re.search(rf"^```{mark}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no fenced block marked `{mark}`"
    table: dict[str, int] = {}
    for line in found[1].splitlines():
        number, *names = line.partition("#")[0].split()
        for name in names:
            assert name.rstrip("/") not in table, f"{name} stands twice in the table"
            table[name.rstrip("/")] = TOP if number == "beside" else int(number)
    return table


def imports_of(tree: ast.AST) -> Iterator[tuple[int, str, str | None]]:
    """Give line, module and name of every import, those inside functions too, but not those for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, "." * node.level + (node.module or ""), alias.name) for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from imports_of(ast.Module(node.orelse, []))
        else:
            yield from imports_of(node)


def unit_of(module: str, table: dict[str, int]) -> str:
    """Give the row entry that a module belongs to: its own (``models/spec``), or that of the nearest folder that has one."""
    parts = module.split(".")[1:]
    own = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((entry for entry in own if entry in table), [*parts, ""][0])


def layer_violations(package: Path, table: dict[str, int]) -> list[str]:
    """List what breaks the rule in the sources of a package."""
    root = package.name
    modules = {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in package.rglob("*.py")
    }
    broken = [f"the table names {unit}, and there is no such module" for unit in table if f"{root}.{unit}".replace("/", ".") not in modules]
    for module, path in sorted(modules.items()):
        unit = unit_of(module, table)
        if not unit:
            continue  # the root resolves its names lazily, from wherever they are
        if path.name == "__init__.py" and any(name.startswith(f"{unit}/") for name in table):
            broken += [f"{module} holds more than its text"] if len(ast.parse(path.read_text(encoding="utf-8")).body) > 1 else []
            continue
        if unit not in table:
            broken.append(f"{module} is in no layer: add it to the table")
            continue
        for line, source, name in imports_of(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{module}:{line}"
            if source.startswith("."):
                broken.append(f"{where} imports relatively")
            if source.split(".")[0] != root:
                continue
            other = unit_of(f"{source}.{name}" if f"{source}.{name}" in modules else source, table)
            if other not in table:
                broken.append(f"{where} imports {name or source} from the root: import it from its module")
            elif other != unit and table[other] >= table[unit]:
                broken.append(f"{where} (layer {table[unit]}) imports {other} (layer {table[other]})")
    return broken


def plugin_violations(plugin: Path, public: Mapping[str, Collection[str]]) -> list[str]:
    """List where a plugin uses more than the public names of the core, and of what else it builds on."""
    broken = []
    for path in sorted(plugin.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used = [(line, source, name) for line, source, name in imports_of(tree) if source.split(".")[0].startswith("packagers")]
        broken += [
            f"{path.name}:{line} imports {source}"
            for line, source, _ in used
            if source.split(".")[0] != plugin.name and source not in public
        ]
        used += [
            (node.lineno, node.value.id, node.attr)
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in public
        ]
        broken += [
            f"{path.name}:{line} uses {source}.{name}, which is not public"
            for line, source, name in used
            if source in public and name is not None and name not in public[source]
        ]
    return broken


def lines_of_code(source: str) -> int:
    """Count the lines that hold code: neither blank, nor comment, nor docstring."""
    silent = {token.COMMENT, token.NL, token.NEWLINE, token.INDENT, token.DEDENT, token.ENCODING, token.ENDMARKER}
    lines = {
        line
        for item in tokenize.tokenize(io.BytesIO(source.encode()).readline)
        if item.type not in silent
        for line in range(item.start[0], item.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(lines)


def test_the_core_keeps_its_layers() -> None:
    table = layers_in((ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8"))
    assert layer_violations(CORE, table) == []


def test_the_run_layer_keeps_its_layers() -> None:
    table = layers_in((ROOT / "docs/explanation/runs.md").read_text(encoding="utf-8"), "layers-runs")
    assert layer_violations(ROOT / "plugins/packagers-runs/src/packagers_runs", table) == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_plugins_use_public_names_alone(plugin: Path) -> None:
    import packagers
    import packagers_runs

    # The run layer has plugins of its own.
    above = {"packagers_dask": {"packagers_runs": packagers_runs.__all__}}
    assert plugin_violations(plugin, {"packagers": packagers.__all__, **above.get(plugin.name, {})}) == []


def test_no_source_file_is_long() -> None:
    files = [path for folder in (CORE, *PLUGINS) for path in folder.rglob("*.py")]
    long = {path.name: count for path in files if (count := lines_of_code(path.read_text(encoding="utf-8"))) > MOST_LINES}
    assert long == {}


# The test of the test: trees that break the rule are found out.

TABLE = "text\n```layers\n0       low  twin  # a remark\n1       folder/\n2       high\nbeside  testing/\n```\n"


def tree(root: Path, **files: str) -> Path:
    core = root / "packagers"
    sources = {
        "__init__": "from packagers.high import x",
        "low": "",
        "twin": "",
        "folder/__init__": "",
        "folder/part": "",
        "high": "",
        "testing/__init__": "",
    }
    for name, source in (sources | {name.replace("__", "/"): source for name, source in files.items()}).items():
        path = core / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return core


def test_a_tree_that_keeps_the_rule_passes(tmp_path: Path) -> None:
    core = tree(
        tmp_path,
        low="import os\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from packagers.high import x",
        folder__part="import packagers.low\nfrom packagers import twin\nfrom packagers.folder import other",
        testing__suite="from packagers.high import x",
    )
    assert layer_violations(core, layers_in(TABLE)) == []


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("low", "from packagers.high import x", "packagers.low:1 (layer 0) imports high (layer 2)"),
        ("low", "import packagers.folder.part", "packagers.low:1 (layer 0) imports folder (layer 1)"),
        ("low", "from packagers import twin", "packagers.low:1 (layer 0) imports twin (layer 0)"),
        ("low", "def f():\n    from packagers import high", "packagers.low:2 (layer 0) imports high (layer 2)"),
        ("low", "try:\n    import packagers.high\nexcept ImportError: pass", "packagers.low:2 (layer 0) imports high (layer 2)"),
        ("low", "if TYPE_CHECKING:\n    pass\nelse:\n    import packagers.high", "packagers.low:4 (layer 0) imports high (layer 2)"),
        ("high", "from packagers import testing", "packagers.high:1 (layer 2) imports testing (layer 1000)"),
        ("high", "from packagers import pack", "packagers.high:1 imports pack from the root: import it from its module"),
        ("high", "import packagers", "packagers.high:1 imports packagers from the root: import it from its module"),
        ("folder__part", "from . import other", "packagers.folder.part:1 imports relatively"),
        ("stray", "", "packagers.stray is in no layer: add it to the table"),
    ],
)
def test_a_tree_that_breaks_the_rule_fails(tmp_path: Path, module: str, source: str, complaint: str) -> None:
    assert layer_violations(tree(tmp_path, **{module: source}), layers_in(TABLE)) == [complaint]


def test_a_table_that_names_a_missing_module_fails(tmp_path: Path) -> None:
    core = tree(tmp_path)
    (core / "twin.py").unlink()
    assert layer_violations(core, layers_in(TABLE)) == ["the table names twin, and there is no such module"]


@pytest.mark.parametrize(
    ("source", "complaints"),
    [
        ("from packagers import Packager\nimport packagers_x.other\nimport packagers\npackagers.Packager", []),
        ("from packagers import pickles", ["a.py:1 uses packagers.pickles, which is not public"]),
        ("from packagers.errors import PackError", ["a.py:1 imports packagers.errors"]),
        ("import packagers_y", ["a.py:1 imports packagers_y"]),
        ("import packagers\npackagers.pickles", ["a.py:2 uses packagers.pickles, which is not public"]),
    ],
)
def test_a_plugin_that_reaches_inside_fails(tmp_path: Path, source: str, complaints: list[str]) -> None:
    plugin = tmp_path / "packagers_x"
    plugin.mkdir()
    (plugin / "a.py").write_text(source, encoding="utf-8")
    assert plugin_violations(plugin, {"packagers": {"Packager"}}) == complaints


def test_lines_of_code_are_counted_without_prose() -> None:
    assert (
        lines_of_code('"""Doc\n\nstring."""\n# comment\n\ndef f():\n    """Doc."""\n    x = """a\n    b"""  # two lines\n    return x\n')
        == 4
    )
