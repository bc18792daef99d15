"""The table of iterations: a header, then a row for each, by their numbers; and its csv file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from packagers_runs.strategies.cells import scalar, write_cell
from packagers_runs.strategies.strategy import Outcome

PARAMETER, RESULT = "param.", "output."


def iteration_table(outcomes: Iterable[Outcome], space: Iterable[str] = ()) -> list[list[Any]]:
    """Give the table of iterations: ``state``, ``iter``, ``param.…`` for each parameter, ``output.…`` for each result.

    The columns are the hyper-parameters in their own order, then others and the results as the rows name them first. So they do not
    depend on the order in which iterations ended. Where a row has no such value stands ``None``; values that are neither numbers nor text
    are told in text.

    Args:
        outcomes: What became of the iterations, in any order.
        space: The names of the hyper-parameters.

    Returns:
        The header and the rows; the header alone where there are none.
    """
    rows = sorted(outcomes, key=lambda outcome: outcome.iteration)
    parameters = _names(space, (row.parameters for row in rows))
    results = _names((), (row.results for row in rows))
    header = ["state", "iter", *(PARAMETER + name for name in parameters), *(RESULT + name for name in results)]
    return [header, *([row.state, row.iteration, *_values(row.parameters, parameters), *_values(row.results, results)] for row in rows)]


def csv_text(table: Sequence[Sequence[Any]]) -> str:
    """Give a table as csv (RFC 4180); its cells can be read as a parameter file's.

    Args:
        table: The header and the rows.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in table:
        writer.writerow([write_cell(scalar(value)) for value in row])
    return text.getvalue().encode("utf-8", "backslashreplace").decode()


def _names(first: Iterable[str], owners: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys([*first, *(name for owner in owners for name in owner)]))


def _values(owner: Mapping[str, Any], names: Iterable[str]) -> Iterator[Any]:
    return (scalar(owner[name]) if name in owner else None for name in names)
