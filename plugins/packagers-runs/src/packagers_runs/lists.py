"""Lists of runs and of artifacts: lists that can also be shown, compared, and made a DataFrame."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Self, SupportsIndex, TypeVar, overload

from packagers_runs.display.showing import show
from packagers_runs.models.runobject import RunObject
from packagers_runs.report.tables import table_of_artifacts, table_of_runs, uid_text
from packagers_runs.store.artifactrows import Recorded

if TYPE_CHECKING:
    import pandas

    from packagers_runs.report.comparison import Comparison

T = TypeVar("T")
_SHOWN = 5


class _Listed(list[T], Generic[T]):
    """A list of which a part is one, too."""

    @overload
    def __getitem__(self, place: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Self: ...
    def __getitem__(self, place: SupportsIndex | slice) -> T | Self:
        found = super().__getitem__(place)
        return type(self)(found) if isinstance(place, slice) else found  # type: ignore[arg-type, return-value]

    def _brief(self, words: Callable[[T], str]) -> str:
        shown = [words(each) for each in islice(self, _SHOWN)]
        return f"<{type(self).__name__} of {len(self):,}: {', '.join(shown)}{', …' if len(self) > _SHOWN else ''}>".replace(": >", ">")


class RunList(_Listed[RunObject]):
    """Runs, as :meth:`Store.list_runs` gives them."""

    def __repr__(self) -> str:
        return self._brief(lambda run: f"{run.metadata.name} {uid_text(run.metadata.uid, run.metadata.iteration)} {run.status.state}")

    def show(self) -> None:
        """Show them: as a table in a terminal, as HTML in a notebook."""
        show(self, [table_of_runs(run.to_dict() for run in self)])

    def to_df(self, flat: bool = False) -> pandas.DataFrame:
        """Give a DataFrame with a row for each run.

        Args:
            flat: Whether each label, input, parameter and result has a column of its own, such as ``param.depth`` and ``output.accuracy``.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        import pandas

        rows = [_row(run) for run in self]
        if flat:
            rows = [_flat(row) for row in rows]
        columns = list(dict.fromkeys(name for row in rows for name in row)) or list(_row(RunObject()))
        frame = pandas.DataFrame({name: pandas.Series([row.get(name) for row in rows]) for name in columns})
        for name in ("start", "end"):
            frame[name] = pandas.to_datetime(frame[name], utc=True, format="ISO8601")
        return frame

    def compare(self) -> Comparison:
        """Compare them: parameters, inputs and artifacts by digest, results, versions and what else was set.

        Raises:
            RunsError: There are fewer than two, or they are in no store.
        """
        from packagers_runs.report.comparison import compare

        return compare([run.to_dict() for run in self], self[0]._store if self else None)

    def _repr_html_(self) -> str:
        from packagers_runs.report.notebook import runs_html

        return runs_html((run.to_dict() for run in self), len(self))


class ArtifactList(_Listed[Recorded]):
    """Artifacts, as :meth:`Store.list_artifacts` gives them."""

    def __repr__(self) -> str:
        return self._brief(lambda each: str(each.address))

    def show(self) -> None:
        """Show them: as a table in a terminal, as HTML in a notebook."""
        show(self, [table_of_artifacts(self)])

    def to_df(self) -> pandas.DataFrame:
        """Give a DataFrame with a row for each artifact.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        import pandas

        names = ("key", "kind", "object_type", "size", "digest", "tag", "labels", "project", "uid", "iteration")
        frame = pandas.DataFrame({name: pandas.Series([getattr(each, name) for each in self]) for name in names})
        frame["made"] = pandas.to_datetime([each.made for each in self], unit="s", utc=True)
        frame["address"] = pandas.Series([str(each.address) for each in self], dtype=str)
        return frame

    def _repr_html_(self) -> str:
        from packagers_runs.report.notebook import artifacts_html

        return artifacts_html(self)


def _row(run: RunObject) -> dict[str, Any]:
    metadata, spec, status = run.metadata, run.spec, run.status
    return {
        "project": metadata.project,
        "uid": metadata.uid,
        "iter": metadata.iteration,
        "start": status.start_time,
        "end": status.end_time,
        "state": status.state,
        "name": metadata.name,
        "labels": metadata.labels,
        "inputs": spec.inputs,
        "parameters": spec.parameters,
        "results": status.results,
        "artifacts": status.artifact_uris,
        "error": run.error,
    }


_PREFIXES = {"labels": "label", "inputs": "input", "parameters": "param", "results": "output", "artifacts": "artifact"}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        prefix = _PREFIXES.get(name)
        found |= {name: value} if prefix is None else {f"{prefix}.{key}": item for key, item in value.items()}
    return found
