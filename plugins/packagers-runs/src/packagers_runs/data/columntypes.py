"""The types of columns as text: the names of Arrow, such as ``int64`` or ``timestamp[us, tz=Europe/Berlin]``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from packagers_runs.data.errors import DataError
from packagers_runs.errors import FieldError

if TYPE_CHECKING:
    import pandas as pd

_ZONED = re.compile(r"timestamp\[(s|ms|us|ns),\s*tz=([A-Za-z0-9_+:/-]+)\]")
_DECIMAL = re.compile(r"decimal(?:128|256)?\((\d+),\s*(-?\d+)\)")
_FORMS = "Use Arrow's names: bool, int64, double, string, binary, date32[day], timestamp[us], timestamp[us, tz=UTC], decimal(12, 2) …"


def arrow_type(text: Any, column: str) -> Any:
    """Give the Arrow type of a name.

    Args:
        text: The name, or the type itself.
        column: Whose type it is, for messages.

    Raises:
        FieldError: There is no such type.
    """
    import pyarrow as pa

    if isinstance(text, pa.DataType):
        return text
    if isinstance(text, str):
        zoned, decimal = _ZONED.fullmatch(text.strip()), _DECIMAL.fullmatch(text.strip())
        try:
            if zoned:
                return pa.timestamp(zoned[1], tz=zoned[2])
            if decimal:
                return pa.decimal128(int(decimal[1]), int(decimal[2]))
            return pa.type_for_alias(text.strip())
        except (ValueError, TypeError):
            pass
    raise FieldError(f"the type of column {column!r} is {text!r:.80}, which is none", model="DataTarget", field="schema", remedy=_FORMS)


def arrow_schema(schema: Mapping[str, Any]) -> Any:
    """Give the Arrow schema of a dict of column names and types."""
    import pyarrow as pa

    return pa.schema([pa.field(name, arrow_type(text, name)) for name, text in schema.items()])


def as_table(frame: pd.DataFrame, schema: Any = None) -> Any:
    """Give a frame as an Arrow table, without its index.

    Args:
        frame: The data.
        schema: The columns and types that it has to have; ``None`` takes those of the frame.

    Raises:
        DataError: It has other columns, or values that do not fit; says which.
    """
    import pyarrow as pa

    names: list[Any] = list(frame.columns)
    odd = [name for name in names if not isinstance(name, str)]
    if odd or frame.columns.has_duplicates:
        problem = f"a column is named {odd[0]!r}, which is no text" if odd else "two columns have one name"
        raise DataError(problem, remedy="Rename it.")
    if schema is not None and set(frame.columns) != set(schema.names):
        raise DataError(
            _difference(list(frame.columns), schema.names),
            remedy="Give every part the same columns; a target's are those of its schema or first part.",
        )
    try:
        return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"the data does not fit a table{' of the columns that the target has' if schema is not None else ''}: {error}",
            remedy="Convert the column, or say the types of all columns in the target's schema.",
        ) from error


def as_tables(frames: Iterator[pd.DataFrame], schema: Any = None) -> Iterator[Any]:
    """Give frames as Arrow tables of one schema: the given one, or that of the first."""
    for frame in frames:
        table = as_table(frame, schema)
        schema = table.schema
        yield table


def joined(frames: Iterable[pd.DataFrame], *, ignore_index: bool = False) -> pd.DataFrame:
    """Put parts of one table together; categories are united, and parts without rows have no say in the types.

    Args:
        frames: The parts, at least one.
        ignore_index: Whether to number the rows anew.
    """
    import pandas as pd

    parts = list(frames)
    parts = [part for part in parts if len(part)] or parts[:1]
    if len(parts) == 1:
        return parts[0].reset_index(drop=True) if ignore_index else parts[0]
    for name in parts[0].columns:
        kinds: list[Any] = [part[name].dtype for part in parts if name in part.columns]
        if all(isinstance(kind, pd.CategoricalDtype) and not kind.ordered for kind in kinds):
            united = list(dict.fromkeys(value for kind in kinds for value in kind.categories))
            parts = [part.assign(**{name: part[name].cat.set_categories(united)}) for part in parts]
    return pd.concat(parts, ignore_index=ignore_index)


def _difference(found: list[str], wanted: list[str]) -> str:
    missing = ", ".join(repr(name) for name in wanted if name not in found)
    more = ", ".join(repr(name) for name in found if name not in wanted)
    parts = [f"{what} {names}" for what, names in (("lacks", missing), ("has in addition", more)) if names]
    return f"the data {' and '.join(parts)}"
