"""packagers itself: packages in a folder, and whole runs that are recorded; both with the default settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers.system import LIBRARIES, NotOffered, Way

ROOT = Path(__file__).parents[3]
PLUGINS = sorted(str(path.parent) for path in ROOT.glob("plugins/*/pyproject.toml"))
REQUIRES = (*LIBRARIES, "--editable", f"{ROOT / 'core'}[cli,xxh3,yaml]", *(word for path in PLUGINS for word in ("--editable", path)))
IMPORT = "from packagers import pack, unpack"
ABOUT = {
    "packagers": "`pack` and `unpack`: a package with a digest of every byte, signed, complete by one renaming; checked before it is read",
    "packagers-runs": "one whole run of a function that returns the value: its document, log, environment and artifact, recorded in SQLite",
    "packagers-runs, in memory": "a run with `grid`, the store `memory://`",
    "packagers-runs, SQLite": "a run with `grid`, each iteration recorded in SQLite, resumable after a kill",
}
HELD: list[Any] = []


def give() -> Any:
    """Be the handler of a run that returns what is held."""
    return HELD[-1]


def double(x: int) -> int:
    """Be the handler of a search."""
    return 2 * x


def ways(folder: Path) -> dict[str, Way]:
    """Give packing into a folder, and a run."""
    import packagers
    import packagers_runs as runs

    registry = packagers.Registry()
    store = runs.connect(f"sqlite:///{folder / 'runs' / 'runs.db'}")
    function = runs.new_function("peers")

    def pack(key: str, value: Any) -> str:
        packagers.pack(value, key, folder / "packages")
        return str(folder / "packages" / key)

    def unpack(path: str, hint: Any) -> Any:
        if hint.__name__ == "Figure":
            raise NotOffered('is stored as a picture; `"key : object"` stores the figure itself, as a pickle')
        return packagers.unpack(path)

    def run(key: str, value: Any) -> tuple[str, str]:
        HELD[:] = [value]
        done = function.run(handler=give, returns=[key], store=store)
        HELD.clear()
        return done.uid(), key

    def output(handle: tuple[str, str], hint: Any) -> Any:
        if hint.__name__ == "Figure":
            raise NotOffered("is stored as a picture")
        uid, key = handle
        return store.get_run(uid).unpack(key)

    return {"packagers": Way(pack, unpack, registry.find), "packagers-runs": Way(run, output)}


def grids(folder: Path) -> dict[str, Callable[[int], None]]:
    """Give the searches."""
    import packagers_runs as runs

    def search(trials: int, url: str) -> None:
        task = runs.new_task("search", handler=double, returns=["v"]).with_hyper_params({"x": range(trials)}, selector="max.v")
        with runs.connect(url) as store:
            done = runs.new_function().run(task, store=store)
            if done.status.results != {"v": 2 * (trials - 1), "best_iteration": trials}:
                raise RuntimeError(f"a wrong result: {done.status.results}")

    return {
        "packagers-runs, in memory": lambda trials: search(trials, "memory://"),
        "packagers-runs, SQLite": lambda trials: search(trials, f"sqlite:///{folder / 'grid' / 'runs.db'}"),
    }
