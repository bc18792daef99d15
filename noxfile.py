"""Everything that is done with this repository: ``nox --list`` shows it."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "venv"
nox.options.error_on_external_run = True
nox.options.sessions = ["tests"]

CORE = "core[cli,xxh3,yaml]"
PLUGINS = sorted(path.parent.as_posix() for path in Path("plugins").glob("*/pyproject.toml"))
GROUPS = nox.project.load_toml("pyproject.toml")
TORCH = "torch==2.13.0"  # pinned and installed first: no later resolution may replace it by a build for another device


def install(session: nox.Session, *groups: str, plugins: list[str] = PLUGINS) -> None:
    """Install the core and plugins from this checkout, so that edits are seen, and the tools of some dependency groups."""
    if "plugins/packagers-torch" in plugins:
        session.install(TORCH)
    if groups:
        session.install(*nox.project.dependency_groups(GROUPS, *groups))
    session.install(*(argument for folder in [CORE, *plugins] for argument in ("--editable", folder)))


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test, torch's too (arguments go to pytest)."""
    install(session, "test")
    session.run("pytest", *(session.posargs or ["--numprocesses=2", "--dist=loadscope"]))


@nox.session
def long(session: nox.Session) -> None:
    """Run all tests, exhaustive forms too, and write the table of SECURITY.md; with arguments, for pytest, exhaustive forms alone."""
    install(session, "test")
    if session.posargs:
        session.run("pytest", "-m", "long", *session.posargs)
        return
    figures = "build/figures.jsonl"
    try:
        session.run("pytest", "-m", "long or not long", "--figures", figures)
    finally:  # a failure is in the table, too
        session.run("python", "docs/security.py", figures)


@nox.session
def docs(session: nox.Session) -> None:
    """Run the examples of all documents."""
    install(session, "test")
    session.run("pytest", "tests/system", "-k", "docs", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*nox.project.dependency_groups(GROUPS, "lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly: the core, each plugin and what users write."""
    install(session, "types")
    session.run("mypy")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure every path next to the raw call that it is built on (arguments: --quick, --json, areas)."""
    install(session, "test")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Do the main job without torch: train on real data, record it as runs, unpack everything in a second process."""
    install(session, plugins=[folder for folder in PLUGINS if not folder.endswith("-torch")])
    session.run("python", "docs/examples/main.py", *(session.posargs or ["out"]))


@nox.session
def release(session: nox.Session) -> None:
    """Build all distributions into dist/, check them, and use the wheels alone in an empty environment."""
    session.install(*nox.project.dependency_groups(GROUPS, "release"))
    dist = Path("dist")
    shutil.rmtree(dist, ignore_errors=True)
    for folder in ["core", *PLUGINS]:
        session.run("python", "-m", "build", "--no-isolation", "--outdir", str(dist), folder, silent=True)
    session.run("twine", "check", "--strict", *(str(path) for path in sorted(dist.iterdir())))
    session.run("pytest", "tests/system/test_wheels.py", "--wheels", str(dist))
