"""A whole frame as an Arrow table, and back.

A frame whose labels are different texts keeps them as names of fields, and pandas' own note of it is added: any program reads the file,
and ``pandas.read_parquet`` gives the same frame. Other labels are numbered. In both cases the JSON under the key ``packagers`` of the
schema says all that a frame is: labels, dtypes, index, ``attrs`` and flags. Fields of the index, and those that are not what they seem,
carry the same key.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from packagers import PackError, UnpackError
from packagers_pandas import cells, columns, embedded
from packagers_pandas.contents import arrays_of, values_of

KEY = b"packagers"
VERSION = 1
# The readers of parquet and Arrow refuse larger notes; labels and categories are all that can grow so much.
MAX_NOTE = 64 << 20
# Notes of pandas that are remembered, and the most letters of what each depends on.
MAX_NOTES, MAX_SHAPE = 256, 1 << 14
_NOTES: dict[tuple[str, tuple[Any, ...]], Noted] = {}
_compact = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Noted(NamedTuple):
    """A note of pandas.

    Attributes:
        levels: Of the index: names of fields, or the range that it is.
        rest: The text of all that comes after it.
    """

    levels: list[Any]
    rest: str


class Layout(NamedTuple):
    """What the note of a table says.

    Attributes:
        rows: How many rows there are.
        labels: The column index, as JSON.
        columns: How each column is encoded, with the name of its ``field``.
        row_index: The row index, as JSON, with the names of its ``fields``.
        attrs: ``attrs``, as JSON.
        flags: What of ``flags`` is not as usual.
    """

    rows: int
    labels: dict[str, Any]
    columns: list[dict[str, Any]]
    row_index: dict[str, Any]
    attrs: Any = None
    flags: dict[str, bool] | None = None


def to_table(frame: pd.DataFrame) -> tuple[Any, Layout]:
    """Encode a frame; what Arrow can share is not copied.

    Args:
        frame: Any frame; it is left as it is.

    Returns:
        The table, and what its note is to say.

    Raises:
        PackError: For labels, dtypes or values that would not come back exactly.
    """
    labels = values_of(frame.columns)
    plain = _plain_names(frame.columns, labels)
    names = [str(number) for number in range(frame.shape[1])] if plain is None else plain
    encoded = [columns.encode(array, _called(label)) for label, array in zip(labels, arrays_of(frame), strict=True)]
    head, levels = embedded.take_apart(frame.index, columns.encode, "the index")
    level_names = _level_names(frame.index, set(names)) if levels else []
    specs = [{"field": name, **spec} for name, (_, spec) in zip(names, encoded, strict=True)]
    layout = Layout(
        rows=len(frame),
        labels=_labels(frame.columns, plain),
        columns=specs,
        row_index={**head, "fields": level_names},
        attrs=cells.encode(frame.attrs) if frame.attrs else None,
        flags=None if frame.flags.allows_duplicate_labels else {"allows_duplicate_labels": False},
    )
    arrays = [data for data, _ in encoded] + levels
    marks = [None if spec["kind"] in columns.ORDINARY else {KEY: b"private"} for spec in specs] + [{KEY: b"index"}] * len(levels)
    fields = [pa.field(name, data.type, metadata=mark) for name, data, mark in zip(names + level_names, arrays, marks, strict=True)]
    note = _pandas_note(frame, layout, tuple(data.type for data in arrays)) if plain is not None else None
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=note)), layout


def with_note(table: Any, layout: Layout) -> Any:
    """Add the note to the schema of a table."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), KEY: to_note([layout._asdict()])})


def to_note(layouts: list[dict[str, Any]], **more: Any) -> bytes:
    """Give the text of a note.

    Raises:
        PackError: Where it is too large.
    """
    note = _compact({"version": VERSION, **more, "layouts": layouts}).encode()
    if len(note) > MAX_NOTE:
        raise PackError(
            f"the labels and categories take {len(note)} bytes, and {MAX_NOTE} are the most",
            remedy="Turn categories of so many different values into ordinary columns, or ask for artifact_type 'object'.",
        )
    return note


def read_note(metadata: Any) -> dict[str, Any] | None:
    """Give the note among the metadata of a table; ``None`` where there is none.

    Raises:
        UnpackError: For a note that this release cannot read.
    """
    text = (metadata or {}).get(KEY)
    if text is None:
        return None
    try:
        note: dict[str, Any] = json.loads(text)
        version = int(note["version"])
        note["layouts"] = [Layout(**layout) for layout in note["layouts"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnpackError(f"the note of packagers in the file cannot be read: {error}") from error
    if version > VERSION:
        raise UnpackError(f"the file was written in version {version} of its note", remedy="pip install --upgrade packagers-pandas")
    return note


def fields_of(layout: Layout, chosen: Sequence[int]) -> list[str]:
    """List the fields of these columns and of the index."""
    return [layout.columns[position]["field"] for position in chosen] + list(layout.row_index["fields"])


def choose(layout: Layout, wanted: Sequence[Any] | None) -> tuple[Any, list[int]]:
    """Find columns by their labels.

    Args:
        layout: Of the whole frame.
        wanted: Labels, those of several levels as tuples or lists; ``None`` for all.

    Returns:
        The labels of the columns, and their positions.

    Raises:
        UnpackError: For a label that is not there.
    """
    labels = embedded.decode(layout.labels, columns.decode)
    if wanted is None:
        return labels, list(range(len(labels)))
    asked = [tuple(label) if isinstance(label, list) else label for label in wanted]
    places: dict[Any, list[int]] = {}
    for position, label in enumerate(labels):
        places.setdefault(label, []).append(position)
    missing = next((label for label in asked if label not in places), None)
    if missing is not None:
        raise UnpackError(f"there is no column {missing!r}", remedy=f"There are: {', '.join(map(repr, list(places)[:20]))}.")
    chosen = [position for label in asked for position in places[label]]
    return labels.take(chosen), chosen


def from_table(table: Any, layout: Layout, labels: Any, chosen: Sequence[int], rows: tuple[int, int] | None = None) -> pd.DataFrame:
    """Decode a frame.

    Args:
        table: Has the fields of the chosen columns and of the index.
        layout: Of the whole frame.
        labels: The labels of the chosen columns.
        chosen: Their positions in the whole frame.
        rows: The first row that the table holds and the one after its last; ``None``, if it holds all.

    Raises:
        UnpackError: Where the table is not what the layout says.
    """
    levels = [_column(table, name) for name in layout.row_index["fields"]]
    index = embedded.put_together(layout.row_index, levels, columns.decode, rows)
    expected = layout.rows if rows is None else rows[1] - rows[0]
    if len(index) != expected or (table.num_columns and table.num_rows != expected):
        raise UnpackError(f"the table has {table.num_rows} rows, its index {len(index)}, and {expected} are expected")
    series = {}
    for number, position in enumerate(chosen):
        spec = layout.columns[position]
        values = columns.decode(_column(table, spec["field"]), spec)
        series[number] = pd.Series(values, index=index, dtype=values.dtype, copy=False)
    frame = pd.DataFrame(series, index=index, copy=False)
    frame.columns = labels
    if layout.attrs is not None:
        frame.attrs = cells.decode(layout.attrs)
    return frame.set_flags(**layout.flags) if layout.flags else frame


def _column(table: Any, name: str) -> Any:
    places = table.schema.get_all_field_indices(name)
    if len(places) != 1:
        raise UnpackError(f"the table has {len(places)} columns {name!r}, and one is expected")
    return table.column(places[0])


def _labels(labels: Any, plain: list[str] | None) -> dict[str, Any]:
    """Give the column index as JSON; that of different texts, which most frames have, is not made anew for every frame."""
    is_short = plain is not None and sum(map(len, plain)) <= MAX_SHAPE
    if is_short and type(labels) is pd.Index and labels.dtype != np.int64 and (labels.name is None or _is_plain(labels.name)):
        return _labels_of_texts(labels.dtype, labels.name, tuple(plain or ()))
    return embedded.encode(labels, columns.encode)


@lru_cache(maxsize=256)
def _labels_of_texts(dtype: Any, name: str | None, texts: tuple[str, ...]) -> dict[str, Any]:
    return embedded.encode(pd.Index(texts, dtype=dtype, name=name), columns.encode)


def _plain_names(index: Any, labels: list[Any]) -> list[str] | None:
    """Give the labels of an index as names of fields: where all are different texts that Arrow can hold, or all are different numbers."""
    if type(index) not in (pd.Index, pd.RangeIndex):
        return None
    if index.dtype != np.int64 and not all(map(_is_plain, labels)):
        return None
    names = [str(label) for label in labels]
    return names if len(set(names)) == len(names) else None


def _level_names(index: Any, taken: set[str]) -> list[str]:
    names = list(index.names)
    if all(_is_plain(name) for name in names) and len(set(names)) == len(names) and not taken & set(names):
        return names
    return [f"__index_level_{number}__" for number in range(len(names))]


def _is_plain(name: Any) -> bool:
    return type(name) is str and "\0" not in name and not name.startswith("__index_level_") and not _has_surrogates(name)


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _called(label: Any) -> str:
    text = repr(label)
    return f"column {text if len(text) <= 100 else text[:99] + '…'}"


def _pandas_note(frame: pd.DataFrame, layout: Layout, kinds: tuple[Any, ...]) -> dict[bytes, bytes] | None:
    """Give pandas' own note, with which every reader of pandas finds index and dtypes; none, where it could not say what is there.

    Args:
        frame: A frame with plain labels.
        layout: What our own note says.
        kinds: The Arrow types of its columns, and then of the levels of its index.
    """
    specs = [*layout.columns, *layout.row_index.get("levels", [])]
    named = all(name is None or _is_plain(name) for name in [*frame.index.names, frame.columns.name])
    if not named or any(spec["kind"] not in columns.ORDINARY for spec in specs):
        return None
    if any(spec["kind"] == "arrow" and pa.types.is_nested(kind) for spec, kind in zip(layout.columns, kinds, strict=False)):
        return None  # pandas cannot read back the names that it gives to these
    numbered = layout.row_index.get("range")
    index = layout.row_index if numbered is None else {**layout.row_index, "range": True}
    note = _noted(frame, (_compact([layout.labels, layout.columns, index]), kinds))
    if not note.rest:
        return None
    if numbered is not None:
        start, stop, step = numbered
        note = Noted([{**note.levels[0], "start": start, "stop": stop, "step": step}], note.rest)
    return {b"pandas": f'{{"index_columns": {json.dumps(note.levels)}, {note.rest[1:]}'.encode()}


def _noted(frame: pd.DataFrame, shape: tuple[str, tuple[Any, ...]]) -> Noted:
    """Let pyarrow make the note of pandas, one without text where it cannot; of frames that our own note says the same of, once.

    Args:
        frame: The frame.
        shape: All that the note depends on: what our own note says of labels, dtypes and index, and the Arrow types.
    """
    known = _NOTES.get(shape)
    if known is not None:
        return known
    head = frame.iloc[:0]
    head.attrs = {}
    try:
        found = json.loads(pa.Schema.from_pandas(head).metadata[b"pandas"])
        note = Noted(found.pop("index_columns"), json.dumps(found))
    except (pa.ArrowException, ValueError, TypeError, KeyError):
        note = Noted([], "")
    if len(shape[0]) <= MAX_SHAPE:
        if len(_NOTES) >= MAX_NOTES:
            _NOTES.clear()
        _NOTES[shape] = note
    return note
