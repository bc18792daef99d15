from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from packagers import pickles
from packagers.errors import PackError, UnpackError, UntrustedPackageError
from packagers.pickles import BUFFERS_FILE, MODULES, OBJECT_FILE, dump, load
from packagers.policy import unpacking

INSTALLED = ("cloudpickle", "pickle", "joblib")
LARGE = 1 << 17


def read(folder: Path, **instructions: Any) -> Any:
    with unpacking("package", True, "own"):
        return load(folder, **instructions)


class Buffered:
    """Hands its bytes over as a buffer, as arrays do."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Buffered, (pickle.PickleBuffer(self.data),)


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize(
    "value", [None, {"a": [1, 2.5, "x"]}, Fraction(1, 3), b"x" * LARGE, [b"y" * LARGE] * 2], ids=lambda value: type(value).__name__
)
def test_a_value_comes_back(name: str, value: Any, tmp_path: Path) -> None:
    back = read(tmp_path, **dump(value, tmp_path, name))
    assert back == value
    assert type(back) is type(value)


def test_large_buffers_lie_beside_the_pickle_and_small_ones_in_it(tmp_path: Path) -> None:
    values = [Buffered(bytearray(b"a" * LARGE)), Buffered(b"b" * LARGE), Buffered(bytearray(b"c" * 10)), Buffered(bytearray())]
    instructions = dump(values, tmp_path)
    assert instructions == {"pickle_module_name": "cloudpickle", "buffer_sizes": [LARGE, LARGE]}
    assert (tmp_path / BUFFERS_FILE).read_bytes() == b"a" * LARGE + b"b" * LARGE
    assert (tmp_path / OBJECT_FILE).stat().st_size < 1000
    back = read(tmp_path, **instructions)
    assert [bytes(one.data) for one in back] == [bytes(one.data) for one in values]
    assert [memoryview(one.data).readonly for one in back] == [False, True, False, False]


def test_a_buffer_that_is_not_contiguous_is_an_error_of_the_object(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="cannot be pickled"):
        dump(Buffered(memoryview(bytearray(LARGE))[::2]), tmp_path)


def test_arrays_come_back_equal_in_order_kind_and_writability(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    base = numpy.arange(60_000.0).reshape(200, 300)
    frozen = base.copy()
    frozen.flags.writeable = False
    values = [base, numpy.asfortranarray(base), base[::2, ::3], frozen, numpy.array([1, "x", None], dtype=object), base]
    back = read(tmp_path, **dump(values, tmp_path))
    for old, new in zip(values, back, strict=True):
        assert (old == new).all()
        assert old.dtype == new.dtype
    assert back[1].flags.f_contiguous
    assert [new.flags.writeable for new in back] == [True, True, True, False, True, True]
    assert back[0] is back[5]
    back[0][0, 0] = -1


def test_what_a_script_defines_is_carried_by_cloudpickle_and_refused_by_pickle(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from packagers.errors import PackError
from packagers.pickles import dump
class Model:
    def __init__(self): self.f = lambda x: x + 1
class Plain: pass
def function(): pass
folder = Path(sys.argv[1])
dump(Model(), folder)
for value in (Plain(), Plain, function):
    (folder / "other").mkdir(exist_ok=True)
    try:
        dump(value, folder / "other", "pickle")
    except PackError as error:
        assert "__main__" in str(error) and "cloudpickle" in str(error), error
        (folder / "other" / "object.pkl").unlink()
    else:
        raise AssertionError
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert read(tmp_path).f(1) == 2


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize(
    "value", [threading.Lock(), [io.TextIOWrapper(io.BytesIO())], (i for i in range(3))], ids=["lock", "file", "generator"]
)
def test_what_cannot_be_pickled_is_named_with_what_to_do(name: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        dump(value, tmp_path, name)
    assert type(value).__qualname__ in str(caught.value)
    assert any(word in str(caught.value.remedy) for word in ("packager", "pathlib.Path", "list"))


def test_a_local_class_points_pickle_users_to_cloudpickle(tmp_path: Path) -> None:
    class Local:
        pass

    with pytest.raises(PackError, match="cloudpickle"):
        dump(Local(), tmp_path, "pickle")


def test_what_is_nested_too_deeply_is_an_error(tmp_path: Path) -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(PackError, match="nested too deeply"):
        dump(value, tmp_path)


def test_an_object_that_raises_is_an_error_with_its_cause(tmp_path: Path) -> None:
    class Angry:
        def __reduce__(self) -> Any:
            raise ZeroDivisionError("no")

    with pytest.raises(PackError, match="Angry") as caught:
        dump(Angry(), tmp_path)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_folder_that_cannot_be_written_is_an_error_about_the_file(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="cannot be written"):
        dump(1, tmp_path / "none")


class Imports(list[str]):
    """Notes which pickle modules are asked for."""

    def __call__(self, name: str) -> Any:
        self.append(name)
        raise ImportError(f"No module named {name!r}")


@pytest.mark.parametrize("name", ["os", "", "cloudpickle.cloudpickle", "pickle ", "_pickle", "../x", None, 3, ["pickle"]])
def test_no_other_module_is_imported_whoever_names_it(name: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imports = Imports()
    monkeypatch.setattr(pickles.importlib, "import_module", imports)
    with pytest.raises(PackError, match="cloudpickle, pickle, dill, joblib"):
        dump(1, tmp_path, name)
    with pytest.raises(UnpackError, match="cloudpickle, pickle, dill, joblib"):
        read(tmp_path, pickle_module_name=name)
    assert imports == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_not_installed_comes_with_the_line_that_installs_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickles.importlib, "import_module", Imports())
    with pytest.raises(PackError, match=f"pip install {name}"):
        dump(1, tmp_path, name)
    with pytest.raises(UnpackError, match=f"pip install {name}"):
        read(tmp_path, pickle_module_name=name)


class Gadget:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", INSTALLED)
def test_the_gate_is_asked_before_anything_is_imported_or_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instructions = dump(Gadget(tmp_path / "made"), tmp_path, name)
    imports = Imports()
    monkeypatch.setattr(pickles.importlib, "import_module", imports)
    for policy, owned in (("own", False), ("data", True)):
        with unpacking("package", owned, policy), pytest.raises(UntrustedPackageError, match=name):
            load(tmp_path, **instructions)
    with pytest.raises(UntrustedPackageError):
        load(tmp_path, **instructions)
    assert imports == []
    assert not (tmp_path / "made").exists()
    monkeypatch.undo()
    with unpacking("package", False, "all"):
        load(tmp_path, **instructions)
    assert (tmp_path / "made").exists()


def test_a_pickle_that_is_cut_off_anywhere_is_our_error(tmp_path: Path) -> None:
    instructions = dump({"a": [Fraction(1, 3)] * 10, "b": "text"}, tmp_path)
    whole = (tmp_path / OBJECT_FILE).read_bytes()
    for length in range(len(whole)):
        (tmp_path / OBJECT_FILE).write_bytes(whole[:length])
        with pytest.raises(UnpackError):
            read(tmp_path, **instructions)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"(lp0\n.", b"\x93NUMPY", b"cos\nsystem\n(S'true'\ntR."])
def test_what_does_not_begin_as_a_pickle_is_not_decoded(content: bytes, tmp_path: Path) -> None:
    (tmp_path / OBJECT_FILE).write_bytes(content)
    for name in INSTALLED:
        with pytest.raises(UnpackError, match="no pickle"):
            read(tmp_path, pickle_module_name=name)


@pytest.mark.parametrize(
    "sizes",
    [[], [LARGE], [LARGE, LARGE + 1], [LARGE, LARGE, 1], [2 * LARGE, 0], [-1, 2 * LARGE + 1], [1 << 62], "x", None, 3, [True], [1.0], {}],
)
def test_sizes_that_lie_are_found_before_memory_is_asked_for(sizes: Any, tmp_path: Path) -> None:
    dump([Buffered(bytearray(LARGE)), Buffered(bytearray(LARGE))], tmp_path)
    with pytest.raises(UnpackError):
        read(tmp_path, buffer_sizes=sizes)


def test_buffers_that_are_missing_are_our_error(tmp_path: Path) -> None:
    instructions = dump(Buffered(bytearray(LARGE)), tmp_path)
    (tmp_path / BUFFERS_FILE).unlink()
    with pytest.raises(UnpackError, match="holds 0"):
        read(tmp_path, **instructions)


def test_a_class_that_is_not_there_any_more_says_what_to_install(tmp_path: Path) -> None:
    for line in (b"\x80\x05cno_such_module\nClass\n.", b"\x80\x05cfractions\nNoSuchClass\n."):
        (tmp_path / OBJECT_FILE).write_bytes(line)
        with pytest.raises(UnpackError, match="Install, or put on the path"):
            read(tmp_path)


def test_nothing_is_imported_before_it_is_used() -> None:
    code = "import sys, packagers.pickles; assert not {'cloudpickle', 'joblib', 'dill', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
