"""Columns of text and columns of objects.

A column of objects that are all text, or all bytes, is one for Arrow too. Of any other each cell is written as the JSON text that
``cells`` gives it, and so is text that has no form in UTF-8.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from packagers import PackError
from packagers_pandas import cells

NONE = type(None)


def encode(values: Any) -> tuple[Any, dict[str, Any]]:
    """Encode a column of pandas' text dtype."""
    spec = {"kind": "string", "storage": _storage(values.dtype), "missing": "NA" if values.dtype.na_value is pd.NA else "nan"}
    try:
        return pa.array(values), spec
    except UnicodeEncodeError:
        items = [None if missing else cells.dumps(text) for text, missing in zip(values, values.isna(), strict=True)]
        return pa.array(items, pa.string()), {**spec, "json": True}


def decode(data: Any, spec: dict[str, Any]) -> Any:
    """Decode a column of pandas' text dtype."""
    dtype: Any = _dtype(spec["storage"], spec["missing"])
    if spec.get("json"):
        items = [None if item is None else cells.loads(item) for item in data.to_pylist()]
        return pd.array(items, dtype=dtype)
    if data.num_chunks > 1 and pa.types.is_large_string(data.type):
        data = data.combine_chunks()  # shares no memory with the other columns of an Arrow file, which would stay as long as the texts
    return dtype.__from_arrow__(data)


def encode_objects(values: Any) -> tuple[Any, dict[str, Any]]:
    """Encode a column of objects.

    Raises:
        PackError: For a cell of a type that is not known; names its position.
    """
    types = set(map(type, values))
    if types <= {str, NONE}:
        try:
            return pa.array(values, pa.string()), {"kind": "text"}
        except UnicodeEncodeError:
            pass
    if types <= {bytes, NONE}:
        return pa.array(values, pa.binary()), {"kind": "bytes"}
    return pa.array(_texts(values), pa.string()), {"kind": "cells"}


def decode_objects(data: Any, spec: dict[str, Any]) -> Any:
    """Decode a column of objects."""
    if spec["kind"] != "cells":
        return data.to_numpy()
    values = np.empty(len(data), dtype=object)
    for position, item in enumerate(data.to_pylist()):
        values[position] = None if item is None else cells.loads(item)
    return values


def _texts(values: Any) -> list[str | None]:
    texts: list[str | None] = []
    for position, value in enumerate(values):
        try:
            texts.append(None if value is None else cells.dumps(value))
        except (PackError, RecursionError) as error:
            reason = error.args[0] if isinstance(error, PackError) else "it is nested too deeply"
            raise PackError(f"row {position}: {reason}", remedy=cells.REMEDY) from error
    return texts


def _storage(dtype: Any) -> str:
    # What pandas 2.1 calls pyarrow_numpy is pyarrow with nan for missing text since 2.3.
    return "pyarrow" if dtype.storage == "pyarrow_numpy" else str(dtype.storage)


def _dtype(storage: str, missing: str) -> Any:
    if missing == "NA":
        return pd.StringDtype(storage)
    try:
        return pd.StringDtype(storage, na_value=np.nan)
    except TypeError:
        return pd.StringDtype("pyarrow_numpy" if storage == "pyarrow" else storage)
