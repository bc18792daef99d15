"""Pickles: ``object.pkl``, and the large buffers of arrays beside it in ``buffers.bin``.

Protocol 5 hands large buffers out of band (PEP 574), so an array goes to disk and comes back without a second copy in memory. Only the
modules of the table below are ever imported: what a package names is looked up in it. Reading a pickle runs code; the gate is asked first.
"""

from __future__ import annotations

import importlib
import io
import pickle
import types
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from packagers.digesting import create
from packagers.errors import MissingPluginError, PackagersError, PackError, UnpackError
from packagers.policy import allow_code
from packagers.reducing import reduction

if TYPE_CHECKING:
    from packagers.packager import Instructions

MODULES = ("cloudpickle", "pickle", "dill", "joblib")
"""The registered pickle modules; each but ``pickle`` is installed under its own name."""

OBJECT_FILE = "object.pkl"
BUFFERS_FILE = "buffers.bin"
_SMALLEST_BUFFER = 1 << 16


def dump(obj: Any, folder: Path, pickle_module_name: str = "cloudpickle") -> Instructions:
    """Pickle a value into a folder.

    Args:
        obj: The value.
        folder: An existing, empty folder.
        pickle_module_name: One of :data:`MODULES`.

    Returns:
        The instructions for :func:`load`: the module's name and the sizes of the buffers in bytes.

    Raises:
        PackError: Where the value cannot be pickled, or the module is unknown or not installed.
    """
    _check_known(pickle_module_name, PackError)
    module = _import(pickle_module_name, PackError)
    sizes: list[int] = []
    try:
        with create(folder / OBJECT_FILE) as file, _BufferWriter(folder / BUFFERS_FILE, sizes) as buffers:
            if pickle_module_name == "joblib":
                module.dump(obj, file, protocol=5)
            else:
                _pickler(_ByReference if module is pickle else module.Pickler)(file, protocol=5, buffer_callback=buffers).dump(obj)
    except PackError as error:
        raise PackError(f"An object of type {_kind(obj)} cannot be pickled: {error.args[0]}", remedy=error.remedy) from error
    except Exception as error:
        raise _unpicklable(obj, pickle_module_name, error) from error
    instructions: Instructions = {"pickle_module_name": pickle_module_name}
    if sizes:
        instructions["buffer_sizes"] = sizes
    return instructions


def load(folder: Path, pickle_module_name: str = "cloudpickle", buffer_sizes: Sequence[int] = ()) -> Any:
    """Read what :func:`dump` wrote. Runs code, so the gate is asked before anything else happens.

    Args:
        folder: The folder.
        pickle_module_name: One of :data:`MODULES`.
        buffer_sizes: The sizes of the buffers in ``buffers.bin``, in bytes.

    Raises:
        UntrustedPackageError: Where the reader's policy does not allow it.
        UnpackError: Where the pickle is damaged, or needs what is not there.
        MissingPluginError: Where the pickle module is not installed.
    """
    _check_known(pickle_module_name, UnpackError)
    allow_code(f"{pickle_module_name} (pickle)")
    module = _import(pickle_module_name, MissingPluginError)
    path = folder / OBJECT_FILE
    try:
        buffers = _read_buffers(folder / BUFFERS_FILE, buffer_sizes)
        with open(path, "rb") as file:
            if file.read(1) != pickle.PROTO:
                raise UnpackError("The file is no pickle", file=path)
            file.seek(0)
            return module.load(file) if pickle_module_name == "joblib" else module.load(file, buffers=buffers)
    except PackagersError:
        raise
    except Exception as error:
        raise UnpackError(
            f"The pickle cannot be read with {pickle_module_name}: {type(error).__name__}: {error}",
            file=path,
            remedy=_reading_remedy(error),
        ) from error


@lru_cache(maxsize=8)
def _pickler(base: Any) -> Any:
    """Give a pickler that keeps, or refuses, what its base would change without a word."""

    class Careful(base):  # type: ignore[misc]  # which class it is depends on the module
        def reducer_override(self, obj: Any) -> Any:
            found = reduction(obj)
            override = getattr(super(), "reducer_override", None)
            return found if found is not NotImplemented or override is None else override(obj)

    return Careful


class _ByReference(pickle.Pickler):
    """The standard pickler, which stores a class or function by its name, refusing names that no other process can find."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, type | types.FunctionType) and obj.__module__ == "__main__":
            raise pickle.PicklingError(f"{obj.__qualname__!r} is defined in __main__, which is another module in every other process")
        return NotImplemented


class _BufferWriter:
    """Writes large buffers one behind the other as the pickler meets them, and leaves small ones in the pickle."""

    def __init__(self, path: Path, sizes: list[int]) -> None:
        self._path = path
        self._sizes = sizes
        self._file: BinaryIO | None = None

    def __enter__(self) -> Callable[[pickle.PickleBuffer], bool]:
        return self._write

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def _write(self, buffer: pickle.PickleBuffer) -> bool:
        """Take a buffer; the answer says whether it is to stay in the pickle."""
        try:
            view = buffer.raw()
        except BufferError:  # not contiguous
            return True
        with view:
            if view.nbytes < _SMALLEST_BUFFER:
                return True
            if self._file is None:
                self._file = create(self._path)
            self._file.write(view)
            self._sizes.append(view.nbytes)
        return False


def _read_buffers(path: Path, sizes: Sequence[int]) -> list[bytearray]:
    """Read the buffers, each into memory of its own that can be written to; the pickle itself says which ones are read-only."""
    if not isinstance(sizes, list | tuple) or not all(type(size) is int and size > 0 for size in sizes):
        raise UnpackError("The instruction 'buffer_sizes' has to be a list of positive sizes in bytes", file=path)
    present = path.stat().st_size if path.exists() else 0
    # Compared before any memory is asked for, so that a wrong size cannot ask for all there is.
    if sum(sizes) != present:
        raise UnpackError(f"The buffers take {sum(sizes)} bytes and the file holds {present}", file=path)
    if not sizes:
        return []
    with open(path, "rb") as file:
        return [_read_exactly(file, size, path) for size in sizes]


def _read_exactly(file: io.BufferedReader, size: int, path: Path) -> bytearray:
    buffer = bytearray(size)
    if file.readinto(buffer) != size:
        raise UnpackError("The file ends early", file=path)
    return buffer


def _check_known(name: Any, error: type[PackagersError]) -> None:
    if not isinstance(name, str) or name not in MODULES:
        raise error(f"{str(name)[:80]!r} is not a registered pickle module", remedy=f"Registered are: {', '.join(MODULES)}.")


def _import(name: str, error: type[PackagersError]) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as cause:
        raise error(f"The pickle module {name!r} cannot be imported: {cause}", remedy=f"Install it: pip install {name}") from cause


def _kind(obj: Any) -> str:
    return f"{type(obj).__module__}.{type(obj).__qualname__}"


def _unpicklable(obj: Any, name: str, cause: Exception) -> PackError:
    kind = _kind(obj)
    if isinstance(cause, OSError):
        return PackError(f"The pickle of an object of type {kind} cannot be written: {cause}", file=cause.filename)
    if isinstance(cause, RecursionError) or isinstance(cause.__cause__, RecursionError):
        return PackError(
            f"An object of type {kind} is nested too deeply to be pickled",
            remedy="Pack a flatter form of it, or raise sys.setrecursionlimit.",
        )
    remedy = "Pack the parts that matter by themselves, or write a packager for the type."
    if name in ("pickle", "joblib"):
        remedy = 'Use pickle_module_name="cloudpickle", which also takes lambdas, local classes and those of __main__; or write a packager.'
    return PackError(f"An object of type {kind} cannot be pickled with {name}: {cause}", remedy=remedy)


def _reading_remedy(error: Exception) -> str:
    if isinstance(error, ImportError | AttributeError):
        return "Install, or put on the path (PYTHONPATH), the code that the value was made with, in the version that it was made with."
    return "Verify the package; a whole one needs the versions of Python and of its libraries that it was written with."
