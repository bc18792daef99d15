"""Data types as JSON: everything that a dtype is, also what an ``.npy`` header cannot say."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import numpy as np

from packagers import PackError, UnpackError

Layout: TypeAlias = str | dict[str, Any]
"""The JSON form of a dtype: its ``str``, or a dict for structured, sub-array, variable-width and renamed types."""


def encode(dtype: np.dtype[Any]) -> Layout:
    """Describe a dtype completely.

    Args:
        dtype: Any dtype of NumPy's own.

    Raises:
        PackError: For dtypes of other libraries and those that carry metadata.
    """
    layout = _encode(dtype)
    if not same(_decode(layout), dtype):
        raise PackError(
            f"the dtype {dtype!r} cannot be described without losing part of it",
            remedy="Convert the array to a dtype of NumPy's own, or ask for artifact_type 'object'.",
        )
    return layout


def decode(layout: Layout) -> np.dtype[Any]:
    """Give the dtype that :func:`encode` described.

    Raises:
        UnpackError: Where the description makes no dtype.
    """
    try:
        return _decode(layout)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise UnpackError(f"the package describes a dtype that NumPy does not know: {str(layout)[:200]}") from error


def same(left: np.dtype[Any], right: np.dtype[Any]) -> bool:
    """Tell whether two dtypes are equal in all respects; ``==`` overlooks scalar class, alignment, metadata and C type."""
    if left != right or left.type is not right.type or left.char != right.char or left.isalignedstruct != right.isalignedstruct:
        return False
    if left.metadata or right.metadata:
        return False
    if left.subdtype is not None and right.subdtype is not None:
        return same(left.subdtype[0], right.subdtype[0])
    if left.fields is not None and right.fields is not None:
        return all(same(left.fields[name][0], right.fields[name][0]) for name in left.names or ())
    return True


def is_text(dtype: np.dtype[Any]) -> bool:
    """Tell whether a dtype is NumPy 2's variable-width string."""
    return type(dtype).__name__ == "StringDType"


def _encode(dtype: np.dtype[Any]) -> Layout:
    if is_text(dtype):
        return _encode_text(dtype)
    if dtype.names is not None and dtype.fields is not None:
        fields = [dtype.fields[name] for name in dtype.names]
        return {
            "names": list(dtype.names),
            "formats": [_encode(field[0]) for field in fields],
            "offsets": [field[1] for field in fields],
            "titles": [field[2] if len(field) > 2 else None for field in fields],
            "itemsize": dtype.itemsize,
            "aligned": dtype.isalignedstruct,
            "record": dtype.type is np.record,
        }
    if dtype.subdtype is not None:
        return {"base": _encode(dtype.subdtype[0]), "shape": list(dtype.subdtype[1])}
    if np.dtype(dtype.str).char == dtype.char:
        return dtype.str
    return {"str": dtype.str, "char": dtype.char}


def _encode_text(dtype: Any) -> Layout:
    layout: dict[str, Any] = {"coerce": bool(dtype.coerce)}
    if hasattr(dtype, "na_object"):
        missing = dtype.na_object
        is_nan = isinstance(missing, float) and missing != missing
        if missing is not None and not is_nan and type(missing) is not str:
            raise PackError(
                f"the dtype {dtype!r} marks missing text with {missing!r}",
                remedy="Only None, nan and text can be recorded; or ask for artifact_type 'object'.",
            )
        layout["missing"] = {"nan": True} if is_nan else missing
    return {"text": layout}


def _decode(layout: Layout) -> np.dtype[Any]:
    if isinstance(layout, str):
        return np.dtype(layout)
    if "text" in layout:
        return _decode_text(layout["text"])
    if "base" in layout:
        return np.dtype((_decode(layout["base"]), tuple(layout["shape"])))
    if "char" in layout:
        named, exact = np.dtype(layout["str"]), np.dtype(layout["char"])
        # A C type such as "long long" may have another size on the machine that reads.
        return exact.newbyteorder(layout["str"][0]) if exact.kind == named.kind and exact.itemsize == named.itemsize else named
    fields: dict[str, Any] = {key: layout[key] for key in ("names", "offsets", "itemsize")}
    fields["formats"] = [_decode(form) for form in layout["formats"]]
    if any(title is not None for title in layout["titles"]):
        fields["titles"] = layout["titles"]
    dtype: np.dtype[Any] = np.dtype(cast(Any, fields), align=bool(layout["aligned"]))
    return np.dtype((np.record, dtype)) if layout["record"] else dtype


def _decode_text(layout: dict[str, Any]) -> np.dtype[Any]:
    options: dict[str, Any] = {"coerce": layout["coerce"]}
    if "missing" in layout:
        options["na_object"] = float("nan") if isinstance(layout["missing"], dict) else layout["missing"]
    made: np.dtype[Any] = np.dtypes.StringDType(**options)
    return made
