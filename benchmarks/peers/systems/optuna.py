"""Optuna's grid, in memory and in SQLite: the objective does nothing, so that the time is the bookkeeping."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

REQUIRES = ("optuna",)
IMPORT = "import optuna"
ABOUT = {
    "optuna, in memory": "`GridSampler` over one parameter, nothing kept",
    "optuna, SQLite": "the same with `storage='sqlite:///…'`",
}


def grids(folder: Path) -> dict[str, Callable[[int], None]]:
    """Give the searches."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def search(trials: int, storage: str | None) -> None:
        values = list(range(trials))
        study = optuna.create_study(storage=storage, sampler=optuna.samplers.GridSampler({"x": values}, seed=0), direction="maximize")
        study.optimize(lambda trial: 2 * trial.suggest_int("x", 0, trials - 1), n_trials=trials)
        if len(study.trials) != trials or study.best_value != 2 * (trials - 1):
            raise RuntimeError(f"{len(study.trials)} trials, the best {study.best_value}")

    return {
        "optuna, in memory": lambda trials: search(trials, None),
        "optuna, SQLite": lambda trials: search(trials, f"sqlite:///{folder / 'optuna.db'}"),
    }
