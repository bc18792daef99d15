"""Which columns of a parquet file get a dictionary of their values.

The writer begins one for every column and gives it up where it grows beyond a MiB; of a column of measurements that is a third of the time
of writing. So it is not begun where a sample shows that it would be given up.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyarrow import compute as pc

ROWS = 1 << 20
"""Rows of a group, where nobody says how many: pyarrow's default."""
_SIZE = 1 << 20
"""Bytes up to which the writer goes on with a dictionary."""
_RUNS, _RUN = 32, 128
"""The sample: so many runs of so many rows."""
_LENGTH = 4
"""Bytes that a dictionary takes for the length of a text."""


def chosen(table: Any, rows: int | None) -> bool | list[str]:
    """Give what ``pyarrow.parquet.write_table`` is to be told as ``use_dictionary``: ``True``, or the names of the columns.

    Args:
        table: The table.
        rows: Of one group of rows.
    """
    if table.num_rows <= _RUNS * _RUN or any(pa.types.is_nested(kind) for kind in table.schema.types):
        return True  # there are too few of them to look at a sample, or the parts of columns have names of their own
    kept = [name for name, column in zip(table.column_names, table.columns, strict=True) if not is_given_up(column, rows or ROWS)]
    return True if len(kept) == table.num_columns else kept


def is_given_up(column: Any, rows: int) -> bool:
    """Estimate whether a dictionary of a column would grow too large, from how many values of a sample are in it once, and how many twice.

    Args:
        column: A chunked array.
        rows: Of one group of rows, which has a dictionary of its own.
    """
    kind = column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    if not is_text and not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind)):
        return False
    sampled = _RUNS * _RUN
    least = _LENGTH if is_text else kind.bit_width // 8
    if least <= 2 or min(rows, len(column)) <= max(_SIZE // least, sampled):
        return False  # there are too few of them
    step = (len(column) - _RUN) // (_RUNS - 1)
    sample = pa.chunked_array([chunk for run in range(_RUNS) for chunk in column.slice(run * step, _RUN).chunks], kind)
    width = _LENGTH + sample.nbytes / sampled if is_text else least
    counts = sample.value_counts().field("counts")
    once, twice = (pc.sum(pc.equal(counts, times)).as_py() or 0 for times in (1, 2))
    # Chao's estimate of how many different values there are, at least.
    return len(counts) + once * (once - 1) / (2 * (twice + 1)) > _SIZE / width
