"""The packagers of NumPy's scalars and of its dtypes."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from packagers import DefaultPackager, Packager, PackError
from packagers_numpy import dtypes, values
from packagers_numpy.dtypes import Layout


class ScalarPackager(DefaultPackager):
    """Pack a scalar of any of NumPy's own types, ``numpy.longlong``, ``numpy.datetime64`` and ``numpy.void`` among them."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "result"
    PACK_SUBCLASSES = True
    READERS = MappingProxyType({"result": "data"})
    DETERMINISTIC = frozenset({"result"})

    def holds(self, obj: np.generic) -> bool:
        """Tell whether the type is one of NumPy's own, which its dtype gives back."""
        dtype = obj.dtype
        return type(obj) is dtype.type and type(obj).__module__ == "numpy"

    def pack_result(self, obj: np.generic) -> dict[str, Any]:
        """Record dtype and value."""
        return values.from_scalar(obj)

    def unpack_result(self, value: Any) -> np.generic:
        """Give the scalar again."""
        return values.to_scalar(value)

    def describe(self, obj: np.generic) -> dict[str, Any]:
        """Give the dtype."""
        return {"dtype": str(obj.dtype)[:500]}


class DtypePackager(Packager):
    """Pack a dtype."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "result"
    PACK_SUBCLASSES = True
    READERS = MappingProxyType({"result": "data"})
    DETERMINISTIC = frozenset({"result"})

    def holds(self, obj: np.dtype[Any]) -> bool:
        """Tell whether the dtype is one of NumPy's own."""
        try:
            dtypes.encode(obj)
        except (PackError, TypeError):
            return False
        return True

    def pack_result(self, obj: np.dtype[Any]) -> Layout:
        """Record the dtype as text, or by its parts."""
        return dtypes.encode(obj)

    def unpack_result(self, value: Layout) -> np.dtype[Any]:
        """Give the dtype again."""
        return dtypes.decode(value)
