"""Estimators: pipelines, searches, ensembles, and those that users write."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from importlib.metadata import entry_points
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import Any, Literal

import cloudpickle
import joblib
import sklearn
import skops.io
from sklearn.base import BaseEstimator

from packagers import Instructions, Packager, PackagersWarning, PackError, UnknownOptionError, UnpackError, allow_code, allowed_types
from packagers_sklearn import onnxfile, routing, sizes, soundness, summaries
from packagers_sklearn.fidelity import difference
from packagers_sklearn.trusted import TRUSTED
from packagers_sklearn.vouching import GROUP, vouched

_SCRIPTS = ("__main__", "__mp_main__")
_OTHER = 'Ask for format="joblib", or for format="pickle", which carries the classes of scripts by value; both run code when they are read.'
_BY_VALUE = 'Put it into a module, or ask for format="pickle", which carries it by value and runs code when it is read.'


class EstimatorPackager(Packager):
    """Packs estimators of scikit-learn and of users.

    By default as skops, which names every type in the file and builds only those that the reader allows; classes are found again by name,
    so the module of a user's estimator must be there where the package is read.
    """

    DEFAULT_PACKING_ARTIFACT_TYPE = "model"
    PACK_SUBCLASSES = True
    READERS = MappingProxyType({"skops": "audited", "joblib": "code", "pickle": "code", "pkl": "code"})
    LOSSY = frozenset({"onnx"})
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
            check: Read a skops file again and compare it with the estimator: skops does not keep everything that objects may hold.
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
        file = folder / f"model.{format}"
        if format == "onnx":
            onnxfile.write(obj, file, given)
            return {}
        if given:
            option = next(iter(given))
            raise UnknownOptionError(
                f"{option!r} is an option of format 'onnx', and the format is {format!r}", option=option, known=("format", "check")
            )
        try:
            _WRITERS[format](obj, file)
        except Exception as error:
            raise PackError(f"{_name(type(obj))} cannot be written as {format}: {type(error).__name__}: {error}", remedy=_OTHER) from error
        if format == "skops":
            _check_skops(obj, file, check)
        elif format == "joblib":
            _refuse_scripts(_members(obj))
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
        file = self.only_file(folder)
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
            found: BaseEstimator = _READERS[format](file)
        except (ImportError, AttributeError) as error:
            raise UnpackError(
                f"the model needs something that is not there: {error}",
                file=file,
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


def _write_pickle(obj: BaseEstimator, file: Path) -> None:
    with file.open("wb") as stream:
        cloudpickle.dump(obj, stream, protocol=5)


def _read_pickle(file: Path) -> Any:
    with file.open("rb") as stream:
        return pickle.load(stream)  # noqa: S301  # the gate has been asked


def _read_skops(file: Path) -> Any:
    """Read a skops file: first its types are allowed, then they are built, then what they hold is checked."""
    try:
        sizes.check(file)
        names = skops.io.get_untrusted_types(file=file)
        others = vouched() if not TRUSTED.issuperset(names) else frozenset()
        allowed_types(name for name in names if name not in others)
        found = skops.io.load(file, trusted=names)
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise UnpackError(f"this is no skops file that can be read: {error}", file=file) from error
    soundness.check(found)
    routing.give_owners(found, soundness.walk)
    return found


def _write_skops(obj: BaseEstimator, file: Path) -> None:
    skops.io.dump(routing.without_owners(obj, soundness.walk), file)


_WRITERS = {"skops": _write_skops, "joblib": joblib.dump, "pickle": _write_pickle}
_READERS = {"skops": _read_skops, "joblib": joblib.load, "pickle": _read_pickle, "pkl": _read_pickle}


def _check_skops(obj: BaseEstimator, file: Path, compare: bool) -> None:
    """Refuse an estimator that skops would not give back.

    Raises:
        PackError: Says where it would differ, or what could not be found again.
    """
    names = skops.io.get_untrusted_types(file=file)
    _refuse_scripts(name for name in names if name.partition(".")[0] in _SCRIPTS)
    if not compare:
        return
    try:
        found = skops.io.load(file, trusted=names)
        routing.give_owners(found, soundness.walk)
        where = difference(obj, found)
    except Exception as error:
        raise PackError(f"skops can write {_name(type(obj))} but not read it: {type(error).__name__}: {error}", remedy=_OTHER) from error
    if where is not None:
        raise PackError(f"skops would not give back {_name(type(obj))} as it is", leaf=where or None, remedy=_OTHER)


def _members(obj: BaseEstimator) -> Iterator[str]:
    """Name the classes and functions that are defined in the running script, among all that an estimator holds."""
    for held in soundness.walk(obj):
        named = held if isinstance(held, (type, FunctionType)) else type(held)
        if named.__module__ in _SCRIPTS:
            yield f"{named.__module__}.{named.__qualname__}"


def _refuse_scripts(names: Iterator[str]) -> None:
    first = next(iter(names), None)
    if first is not None:
        raise PackError(f"{first} is defined in a script, where no other process can find it by name", remedy=_BY_VALUE)


def _name(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
