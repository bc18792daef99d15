"""Estimators: pipelines, searches, ensembles, and those that users write."""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from importlib.metadata import entry_points
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import Any, BinaryIO, Literal

import cloudpickle
import joblib
import numpy as np
import sklearn
import skops.io
from sklearn.base import BaseEstimator

from packagers import Instructions, Packager, PackagersWarning, PackError, UnknownOptionError, UnpackError, allow_code
from packagers_sklearn import onnxfile, skopsfile, soundness, summaries
from packagers_sklearn.keeping import SCRIPTS
from packagers_sklearn.trusted import TRUSTED
from packagers_sklearn.vouching import GROUP, vouched


class EstimatorPackager(Packager):
    """Packs estimators of scikit-learn and of users.

    By default as skops, which names every type in the file and builds only those that the reader allows; classes are found again by name,
    so the module of a user's estimator must be there where the package is read.
    """

    DEFAULT_PACKING_ARTIFACT_TYPE = "model"
    PACK_SUBCLASSES = True
    READERS = MappingProxyType({"skops": "audited", "joblib": "code", "pickle": "code", "pkl": "code"})
    LOSSY = frozenset({"onnx"})
    PARTIAL = frozenset({"skops", "joblib", "pickle", "pkl"})
    TRUSTS = TRUSTED

    def pack_model(
        self,
        obj: BaseEstimator,
        folder: Path,
        *,
        format: Literal["skops", "joblib", "pickle", "onnx"] = "skops",
        check: bool = True,
        X: Any = None,
        initial_types: Sequence[tuple[str, Any]] | None = None,
        final_types: Sequence[tuple[str, Any]] | None = None,
        target_opset: Mapping[str, int] | int | None = None,
        options: Mapping[Any, Any] | None = None,
        white_op: Set[str] | None = None,
        black_op: Set[str] | None = None,
        name: str | None = None,
        naming: str | Callable[..., str] | None = None,
        model_optim: bool = True,
    ) -> Instructions:
        """Write ``model.<format>``.

        Args:
            obj: The estimator.
            folder: Where to write.
            format: ``skops``; ``joblib`` and ``pickle`` (cloudpickle) run code when they are read; ``onnx`` is for other runtimes, and is
                not made an estimator of again.
            check: Read a skops file again and compare it with the estimator, where it is not certain that skops keeps all of what that
                holds.
            X: This and what follows is for ``onnx``, and what ``skl2onnx.to_onnx`` takes. Rows of the data as the model will get them
                (``float32`` rather than ``float64``).
            initial_types: Names and types of the inputs. Without this and ``X``, one ``float32`` matrix ``X``.
            final_types: Names and types of the outputs.
            target_opset: Version of the operators.
            options: Options of converters, such as ``{"zipmap": False}``.
            white_op: Operators that may be used.
            black_op: Operators that may not be used.
            name: Of the graph.
            naming: A prefix, or a function, for the names of intermediate results.
            model_optim: Whether to leave out what does nothing.

        Raises:
            PackError: For what the format cannot hold, or could not give back in another process.
            UnknownOptionError: For an option of ``onnx`` with another format.
        """
        given = {
            "X": X,
            "initial_types": initial_types,
            "final_types": final_types,
            "target_opset": target_opset,
            "options": options,
            "white_op": white_op,
            "black_op": black_op,
            "name": name,
            "naming": naming,
        }
        given = {option: value for option, value in given.items() if value is not None} | ({} if model_optim else {"model_optim": False})
        name = f"model.{format}"
        if format == "onnx":
            onnxfile.write(obj, folder / name, given)
            return {}
        if given:
            option = next(iter(given))
            raise UnknownOptionError(
                f"{option!r} is an option of format 'onnx', and the format is {format!r}", option=option, known=("format", "check")
            )
        try:
            with self.create_file(folder, name) as file:
                is_kept = _WRITERS[format](obj, file)
        except Exception as error:
            raise PackError(
                f"{skopsfile.name_of(type(obj))} cannot be written as {format}: {type(error).__name__}: {error}", remedy=skopsfile.OTHER
            ) from error
        if format == "skops" and not is_kept:
            skopsfile.check(obj, folder / name, check)
        elif format == "joblib":
            skopsfile.refuse_scripts(_members(obj))
        return {"sklearn_version": sklearn.__version__}

    def unpack_model(
        self, folder: Path, *, format: Literal["skops", "joblib", "pickle", "pkl"] = "skops", sklearn_version: str | None = None
    ) -> BaseEstimator:
        """Read an estimator.

        Args:
            folder: Where the file is.
            format: How it was written.
            sklearn_version: With which version of scikit-learn it was written; a warning is given where this is another one.

        Raises:
            UntrustedPackageError: For a file with types, or of a format, that the reader's policy does not allow.
            UnpackError: For a file of another format, or with classes that cannot be found.
        """
        if sklearn_version is not None and sklearn_version != sklearn.__version__:
            warnings.warn(
                f"the model was packed with scikit-learn {sklearn_version} and is read with {sklearn.__version__}: it may fail or behave "
                f"differently (pip install scikit-learn=={sklearn_version})",
                PackagersWarning,
                stacklevel=2,
            )
        if format != "skops":
            allow_code("joblib" if format == "joblib" else "pickle")
        try:
            found: BaseEstimator = _READERS[format](self.read_file(folder, room=_room))
        except (ImportError, AttributeError) as error:
            raise UnpackError(
                f"the model needs something that is not there: {error}",
                file=folder,
                remedy="Install or put on the path what it was made with.",
            ) from error
        return found

    def audit(self, folder: Path, *, format: str | None = None) -> Mapping[str, str] | None:
        """Say which types a skops file names beyond those of skops itself, and who vouches for them."""
        if format != "skops":
            return None
        others = {entry.name: entry.dist.name if entry.dist else "" for entry in entry_points(group=GROUP)}
        allowed = vouched()
        names = skops.io.get_untrusted_types(file=self.only_file(folder))
        return {name: "packagers-sklearn" if name in TRUSTED else others[name] if name in allowed else "" for name in names}

    def describe(self, obj: BaseEstimator) -> dict[str, Any]:
        """Give class, parameters, fitted attributes, number of features and their names, classes."""
        return summaries.describe(obj)

    def preview(self, obj: BaseEstimator) -> dict[str, Any]:
        """Give a table of the parameters."""
        return summaries.preview(obj)


def _room(size: int) -> memoryview:
    """Make room for a file that is let go as soon as it is decoded: of memory that was used before, which the system need not clear."""
    return np.empty(size, np.uint8).data


def _members(obj: BaseEstimator) -> Iterator[str]:
    """Name the classes and functions that are defined in the running script, among all that an estimator holds."""
    for held in soundness.walk(obj):
        named = held if isinstance(held, (type, FunctionType)) else type(held)
        if named.__module__ in SCRIPTS:
            yield f"{named.__module__}.{named.__qualname__}"


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """cloudpickle's own, with its table as one dict: in the chain of several that it is there, each object would be looked up in Python."""

    def __init__(self, file: BinaryIO) -> None:
        self.dispatch_table = {}
        for table in reversed(cloudpickle.Pickler.dispatch_table.maps):  # at once; a dict of the chain would look each up as well
            self.dispatch_table.update(table)
        super().__init__(file, protocol=5)


def _write_pickle(obj: BaseEstimator, file: BinaryIO) -> None:
    _Pickler(file).dump(obj)


_WRITERS: Mapping[str, Callable[[Any, BinaryIO], object]] = {"skops": skopsfile.write, "joblib": joblib.dump, "pickle": _write_pickle}
_READERS: Mapping[str, Callable[[memoryview], Any]] = {
    "skops": skopsfile.read,
    "joblib": lambda data: joblib.load(io.BytesIO(data)),
    "pickle": pickle.loads,
    "pkl": pickle.loads,
}
