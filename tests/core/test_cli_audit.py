"""``packagers audit``: what reading would do is told, and nothing of a package is decoded, imported or run."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import pickletools
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from packagers import Session, UntrustedPackageError, testing, unpack
from packagers.cli.app import root
from packagers.opcodes import imports_of


class Gadget:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.place),)


@pytest.fixture(autouse=True)
def _config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "config"))


def packed(folder: Path, value: Any, hint: str = "value", *, signed: bool = False) -> Path:
    with Session(folder, record="packages") if signed else Session(folder, signer=None, record="packages") as session:
        session.pack(value, hint)
    return folder / hint.partition(" ")[0]


def audit(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(root, ["audit", "--json", *map(str, arguments)])
    assert done.exit_code in (0, 1), done.output
    return done.exit_code, json.loads(done.stdout)


def test_data_would_be_read(tmp_path: Path) -> None:
    code, found = audit(packed(tmp_path, b"abc"))
    assert (code, found["verdict"], found["digests"], found["signature"]["state"]) == (0, "read", "ok", "unsigned")
    (place,) = found["places"]
    assert (place["kind"], place["imports"]["pickles"], place["refusal"]) == ("data", [], "")


def test_a_pickle_is_told_and_not_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    package = packed(tmp_path, Gadget(made), "gadget : object[pickle_module_name='pickle']")
    code, found = audit(package)
    (place,) = found["places"]
    assert place["imports"] == {"pickles": ["object.pkl"], "names": [f"{os.mkdir.__module__}.mkdir"], "complete": True}
    assert (code, found["verdict"], place["kind"], place["distribution"].split()[0]) == (1, "refused", "code", "packagers")
    assert "can run any code" in place["refusal"]
    assert "--trust all" in place["remedy"]
    assert not made.exists()
    with pytest.raises(UntrustedPackageError):
        unpack(package)


@pytest.mark.parametrize(
    ("arguments", "signed", "ceiling", "verdict"),
    [
        ((), False, "", "refused"),
        (("--trust", "all"), False, "", "read"),
        (("--trust", "all"), False, "own", "refused"),
        ((), True, "", "read"),
        (("--trust", "data"), True, "", "refused"),
        ((), True, "data", "refused"),
    ],
)
def test_the_verdict_is_that_of_unpacking(
    arguments: tuple[str, ...], signed: bool, ceiling: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = packed(tmp_path, Gadget(tmp_path / "made"), "gadget : object[pickle_module_name='pickle']", signed=signed)
    if ceiling:
        monkeypatch.setenv("PACKAGERS_TRUST_CEILING", ceiling)
    code, found = audit(package, *arguments)
    assert (code, found["verdict"], found["signature"]["state"]) == (verdict == "refused", verdict, "own" if signed else "unsigned")
    assert not (tmp_path / "made").exists()
    trust = arguments[1] if arguments else None
    if verdict == "refused":
        with pytest.raises(UntrustedPackageError):
            unpack(package, trust=trust)
    else:
        unpack(package, trust=trust)
        assert (tmp_path / "made").is_dir()


def test_every_part_of_a_container_has_a_verdict_of_its_own(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    value = {"a": [numpy.arange(3)], "b": Gadget(tmp_path / "made")}
    _, found = audit(packed(tmp_path, value))
    kinds = {place["object_type"].rpartition(".")[2]: (place["kind"], bool(place["refusal"])) for place in found["places"]}
    assert kinds["dict"] == ("data", False)
    assert kinds["Gadget"] == ("code", True)
    assert [state for name, state in kinds.items() if name.startswith("ndarray")] == [("data", False)]


def test_arrays_of_objects_are_pickles(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    package = packed(tmp_path, numpy.array([1, "a", None], dtype=object), "array : file[format='npy']")
    code, found = audit(package)
    (place,) = found["places"]
    assert (code, place["kind"]) == (1, "code")
    assert any("multiarray" in name for name in place["imports"]["names"])
    with pytest.raises(UntrustedPackageError):
        unpack(package)


def test_bytes_that_are_a_pickle_are_data_all_the_same(tmp_path: Path) -> None:
    code, found = audit(packed(tmp_path, pickle.dumps(Local())))
    (place,) = found["places"]
    assert (code, place["kind"], place["imports"]["names"], place["unknown"]) == (0, "data", [], [])


def test_a_module_is_weights_and_code(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    package = packed(tmp_path, torch.nn.Linear(2, 2), "net : model")
    code, found = audit(package)
    (place,) = found["places"]
    assert (code, place["kind"], place["imports"]["pickles"]) == (1, "code", ["code/module.pkl"])
    assert "torch.nn.modules.linear.Linear" in place["imports"]["names"]
    with pytest.raises(UntrustedPackageError):
        unpack(package)


def test_what_cannot_be_known_is_said(tmp_path: Path) -> None:
    _, found = audit(packed(tmp_path, Gadget(tmp_path / "made"), "gadget : object[pickle_module_name='pickle']"))
    (what,) = found["places"][0]["unknown"]
    assert "what the functions do that the package calls" in what
    source = (
        "from packagers import Packager\nclass P(Packager):\n"
        "    def pack_file(self, obj, folder):\n        (folder / 'x').write_text('own')\n    def unpack_file(self, folder): ...\n"
    )
    files = {"own": {"entry_points": {"packagers.types": {"own_types.T": "own_p:P"}}, "files": {"own_p.py": source}}}
    with testing.installed({**files, "own_types.py": "class T: ..."}, tmp_path / "site"):
        from own_types import T  # type: ignore[import-not-found]

        package = packed(tmp_path, T())
        _, found = audit(package)
        done = CliRunner().invoke(root, ["audit", str(package)])
    place = found["places"][0]
    assert (place["kind"], place["imports"]["complete"]) == ("code", False)
    assert any("there is no pickle in it of a form that is known" in text for text in place["unknown"])
    assert "payload: what cannot be known" in done.stdout
    assert "there is no pickle in it" in done.stdout


def test_files_beside_a_pickle_are_named(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    _, found = audit(packed(tmp_path, {"a": numpy.arange(200_000), "b": Gadget}, "value : object"))
    (place,) = found["places"]
    assert place["imports"]["complete"]
    assert any("files that are no pickles as far as can be seen" in text for text in place["unknown"])


def test_pickles_inside_hdf_cannot_be_told(tmp_path: Path) -> None:
    pytest.importorskip("tables")
    pandas = pytest.importorskip("pandas")
    package = packed(tmp_path, pandas.DataFrame({"a": [1]}), "frame : dataset[format='hdf']")
    code, found = audit(package)
    (place,) = found["places"]
    assert (code, place["kind"], place["imports"]["complete"]) == (1, "code", False)


def test_the_chunks_of_a_stream_are_told(tmp_path: Path) -> None:
    package = packed(tmp_path, ([Gadget(tmp_path / "made")] for _ in range(2)), "stream")
    _, found = audit(package)
    assert [place["place"].partition("/")[0] for place in found["places"] if place["kind"] == "code"] == ["chunk-0", "chunk-1"]


def test_audited_types_and_who_vouches_for_them(tmp_path: Path) -> None:
    pytest.importorskip("skops")
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF
    from sklearn.preprocessing import FunctionTransformer

    code, found = audit(packed(tmp_path, GaussianProcessRegressor(RBF()), "known"))
    (place,) = found["places"]
    assert (code, place["kind"], set(place["types"].values())) == (0, "audited", {"packagers-sklearn"})
    code, found = audit(packed(tmp_path, FunctionTransformer(os.path.normpath), "strange"))
    (place,) = found["places"]
    assert place["types"] == {f"{os.path.__name__}.normpath": ""}
    assert (code, found["verdict"]) == (1, "refused")
    assert "no installed plugin vouches for" in place["refusal"]


def test_a_type_that_another_plugin_vouches_for(tmp_path: Path) -> None:
    pytest.importorskip("skops")
    from sklearn.preprocessing import FunctionTransformer

    package = packed(tmp_path, FunctionTransformer(os.path.normpath), "strange")
    name = f"{os.path.__name__}.normpath"
    vouching = {"my-types": {"entry_points": {"packagers_sklearn.trusts": {name: "os:path"}}}}
    with testing.installed(vouching, tmp_path / "site"):
        code, found = audit(package)
    assert (code, found["places"][0]["types"]) == (0, {name: "my-types"})


def test_an_audited_reader_that_cannot_tell(tmp_path: Path) -> None:
    source = (
        "from packagers import Packager\nclass P(Packager):\n    READERS = {'file': 'audited'}\n"
        "    def pack_file(self, obj, folder):\n        (folder / 'x').touch()\n    def unpack_file(self, folder): ...\n"
    )
    files = {"mute": {"entry_points": {"packagers.types": {"mute_types.T": "mute_p:P"}}, "files": {"mute_p.py": source}}}
    with testing.installed({**files, "mute_types.py": "class T: ..."}, tmp_path / "site"):
        from mute_types import T  # type: ignore[import-not-found]

        package = packed(tmp_path, T())
        code, found = audit(package)
        assert (code, found["places"][0]["kind"], found["verdict"]) == (1, "audited", "refused")
        assert "cannot tell which types" in found["places"][0]["refusal"]
        assert audit(package, "--trust", "all")[0] == 0


def test_damage_is_the_verdict_and_nothing_else_is_looked_at(tmp_path: Path) -> None:
    package = packed(tmp_path, b"abc")
    (file,) = [path for path in package.rglob("*") if path.is_file() and path.name != "manifest.json"]
    file.write_bytes(b"abd")
    code, found = audit(package)
    assert (code, found["verdict"], found["places"]) == (1, "damaged", [])
    assert file.name in found["digests"]


def test_a_packager_that_is_not_installed(tmp_path: Path) -> None:
    source = (
        "from packagers import Packager\nclass P(Packager):\n    def pack_file(self, obj, folder):\n        (folder / 'x').write_text('')\n"
        "    def unpack_file(self, folder): ...\n"
    )
    files = {"gone": {"entry_points": {"packagers.types": {"gone_types.T": "gone_p:P"}}, "files": {"gone_p.py": source}}}
    with testing.installed({**files, "gone_types.py": "class T: ..."}, tmp_path / "site"):
        from gone_types import T  # type: ignore[import-not-found]

        package = packed(tmp_path, T())
    code, found = audit(package)
    assert (code, found["places"][0]["kind"], found["verdict"]) == (1, "unknown", "refused")
    assert "is not installed" in found["places"][0]["refusal"]


def test_classes_that_a_skeleton_names_are_told_and_not_imported(tmp_path: Path) -> None:
    source = "import dataclasses\nprint('imported')\n@dataclasses.dataclass\nclass Point:\n    x: int\n"
    with testing.installed({"audited_points.py": source}, tmp_path / "site"):
        from audited_points import Point  # type: ignore[import-not-found]

        package = packed(tmp_path, [Point(1)])
    _, found = audit(package)
    assert found["rebuilds"] == ["audited_points.Point"]
    assert "audited_points" not in sys.modules


def test_for_people(tmp_path: Path) -> None:
    package = packed(tmp_path, Gadget(tmp_path / "made"), "gadget : object[pickle_module_name='pickle']")
    done = CliRunner().invoke(root, ["audit", str(package)])
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("verdict")] == ["verdict     would be refused"]
    assert "payload: what cannot be known" in lines
    assert f"{os.mkdir.__module__}.mkdir" in [line.strip() for line in lines]
    assert "reading" in done.stderr
    assert "--trust all" in done.stderr


def test_a_plain_file_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(1))
    done = CliRunner().invoke(root, ["audit", str(tmp_path / "x.pkl")])
    assert done.exit_code == 1
    assert "no package" in done.stderr


# Pickles


class Local:
    """A class that a pickle names."""


def names(data: bytes, tmp_path: Path, name: str = "x") -> tuple[tuple[str, ...], bool, bool]:
    (tmp_path / name).write_bytes(data)
    return tuple(imports_of(tmp_path / name))  # type: ignore[return-value]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_names_of_every_protocol(protocol: int, tmp_path: Path) -> None:
    found, is_pickle, complete = names(pickle.dumps([Local(), Local, os.mkdir, Local()], protocol), tmp_path)
    copyreg = ("copyreg._reconstructor", "builtins.object") if protocol >= 3 else ("copy_reg._reconstructor", "__builtin__.object")
    expected = {f"{__name__}.Local", f"{os.mkdir.__module__}.mkdir", *(copyreg if protocol < 2 else ())}
    assert set(found) == expected
    assert is_pickle
    assert complete


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"(S'true'\nios\nsystem\n.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.", "os.system"),
        (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940h\x00h\x01\x93.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system20\x93.", "os.system"),
        (b"\x80\x04(\x8c\x01x1\x8c\x02os\x8c\x06system\x93.", "os.system"),
        (b"\x80\x02\x82\x05.", "copyreg extension 5"),
        (b"\x80\x04\x8c\x02os]\x93.", "a name that the pickle computes"),
        (b"\x80\x04\x93.", "a name that the pickle computes"),
    ],
)
def test_names_of_opcodes_that_import(data: bytes, expected: str, tmp_path: Path) -> None:
    assert names(data, tmp_path)[:2] == ((expected,), True)


def test_every_opcode_that_pickletools_says_imports_is_known() -> None:
    importing = {op.name for op in pickletools.opcodes if "GLOBAL" in op.name or op.name.startswith("EXT") or op.name == "INST"}
    assert importing == {"GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"}


COMPRESSED = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "zlib, fast": lambda data: zlib.compress(data, 1),
    "zlib, small": lambda data: zlib.compress(data, 9),
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_what_is_compressed_is_looked_into(name: str, tmp_path: Path) -> None:
    assert f"{__name__}.Local" in names(COMPRESSED[name](pickle.dumps(Local())), tmp_path)[0]


def test_members_of_a_zip_and_pickles_one_behind_the_other(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(1, 0) + pickle.dumps(Local()))
        archive.writestr("archive/data/0", b"\x80\x04" + b"raw")
        archive.writestr("archive/code", pickle.dumps(os.mkdir))
    found, is_pickle, complete = names(buffer.getvalue(), tmp_path)
    assert set(found) == {f"{__name__}.Local", f"{os.mkdir.__module__}.mkdir"}
    assert is_pickle
    assert not complete


def test_members_of_a_zip_whatever_they_are_called(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", pickle.dumps(Local(), 0))
        archive.writestr("a/b.bin", gzip.compress(pickle.dumps(os.mkdir)))
        with zipfile.ZipFile(inner := io.BytesIO(), "w") as deeper:
            deeper.writestr("c", pickle.dumps(os.rmdir))
        archive.writestr("weights", inner.getvalue())
    found, is_pickle, complete = names(buffer.getvalue(), tmp_path)
    assert {f"{__name__}.Local", f"{os.mkdir.__module__}.mkdir", f"{os.rmdir.__module__}.rmdir"} <= set(found)
    assert (is_pickle, complete) == (True, True)


def test_a_member_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"spoilt below")
        archive.writestr("b", pickle.dumps(Local()))
    found, is_pickle, complete = names(buffer.getvalue().replace(b"spoilt below", b"SPOILT below"), tmp_path)
    assert f"{__name__}.Local" in found
    assert (is_pickle, complete) == (True, False)


def test_members_of_a_tar(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in (("storages", b"\0" * 1000), ("pickle", pickle.dumps(Local()))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert names(buffer.getvalue(), tmp_path) == ((f"{__name__}.Local",), True, True)


def looked_up(unpickler: Any, *arguments: Any) -> tuple[Any, set[str]]:
    """Unpickle; give the value, and what was looked up."""
    seen: set[str] = set()

    class Watching(unpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            seen.add(f"{module}.{name}")
            return super().find_class(module, name)

    return Watching(*arguments).load(), seen


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize("compress", [0, ("zlib", 3)], ids=["plain", "compressed"])
def test_joblib_whose_arrays_stand_between_the_opcodes(protocol: int, compress: Any, tmp_path: Path) -> None:
    numpy, joblib = pytest.importorskip("numpy"), pytest.importorskip("joblib")
    from joblib.numpy_pickle import NumpyUnpickler

    shared = numpy.arange(7.0)
    value = {
        "pickles": numpy.frombuffer(pickle.dumps(os.mkdir), dtype=numpy.uint8),
        "f": numpy.asfortranarray(numpy.arange(6).reshape(2, 3)),
        "empty": numpy.zeros((0, 3)),
        "scalar": numpy.array(3.0),
        "bytes": numpy.array([b"abc", b"x"]),
        "text": numpy.array(["abc", "\u00e4"]),
        "dates": numpy.array(["2020-01-01"], dtype="datetime64[D]"),
        "bool": numpy.array([True, False]),
        "complex": numpy.array([1j]),
        "structured": numpy.array([(1, 2.0, "a")], dtype=[("a", "<i4"), ("b", "<f8"), ("c", "<U3")]),
        "objects": numpy.array([Local, [numpy.arange(3), os.rmdir]], dtype=object),
        "structured objects": numpy.array([(1, os.mkdir)], dtype=[("a", "<i4"), ("b", "O")]),
        "same": [shared, shared],
        "last": Local(),
    }
    file = tmp_path / "x.joblib"
    joblib.dump(value, file, protocol=protocol, compress=compress)
    data = zlib.decompress(file.read_bytes()) if compress else file.read_bytes()
    read, seen = looked_up(NumpyUnpickler, str(file), io.BytesIO(data), False)
    assert list(read) == list(value)
    found = imports_of(file)
    assert set(found.names) == seen
    assert (found.found, found.complete) == (True, True)


def test_an_array_of_unknown_size_ends_what_can_be_told(tmp_path: Path) -> None:
    numpy, joblib = pytest.importorskip("numpy"), pytest.importorskip("joblib")
    file = tmp_path / "x.joblib"
    joblib.dump([numpy.arange(3.0), Local()], file)
    data = file.read_bytes()
    assert data.count(b"\x8c\x02f8") == 1
    for spoilt in (b"\x8c\x02zz", b"\x8c\x02f9"):
        found, is_pickle, complete = names(data.replace(b"\x8c\x02f8", spoilt), tmp_path)
        assert "numpy.dtype" in found
        assert (is_pickle, complete) == (True, False)


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_files_of_torch(is_zip: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    file = tmp_path / "x.pt"
    torch.save({"w": torch.arange(1000.0), "l": Local}, file, _use_new_zipfile_serialization=is_zip)
    found = imports_of(file)
    assert {"torch._utils._rebuild_tensor_v2", "torch.FloatStorage", f"{__name__}.Local"} <= set(found.names)
    assert (found.found, found.complete) == (True, True)


@pytest.mark.parametrize(
    ("descr", "is_pickle"),
    [
        *(
            (text, True)
            for text in ("'|O'", "'O8'", "'object'", "'=o'", "[('a', '<f8'), ('b', '|O')]", "[('a', ('|O', (2,)))]", "nonsense")
        ),
        *((text, False) for text in ("'<f8'", "[('O', '<f8')]", "[('a', [('b', '<U3')])]")),
        ("[('a', [('b', 'O')])]", True),
    ],
)
def test_arrays_of_objects_by_their_header(descr: str, is_pickle: bool, tmp_path: Path) -> None:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    data = b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + pickle.dumps(Local())
    found = names(data, tmp_path)
    assert found[:2] == (((f"{__name__}.Local",), True) if is_pickle else ((), False))


def test_arguments_of_any_length_are_passed_over(tmp_path: Path) -> None:
    long = pickle.dumps([b"\x93" * (3 << 20), bytearray(5 << 20), Local()], 5)
    assert names(long, tmp_path)[1:] == (True, True)
    lying = b"\x80\x05\x8e" + (1 << 60).to_bytes(8, "little") + b"x" * 100
    assert names(lying, tmp_path)[1:] == (True, False)
    assert names(b"c" + b"x" * (3 << 20), tmp_path) == ((), False, True)


@pytest.mark.parametrize(
    "data", [b"", b"hello, world", b"\x89PNG\r\n\x1a\n", b"PAR1" + bytes(100), b"a,b\n1,2\n", b"{}", b"(1, 2)\n.", b"\0" * 50]
)
def test_what_is_no_pickle(data: bytes, tmp_path: Path) -> None:
    assert names(data, tmp_path)[0] == ()


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x80\x04", b"\x80\x02", b"\x93NUMPY\x01\0\x02\0'O'", b"PK\3\4", b"\x1f\x8b", b"x\x9c", b"]\0\0"]),
)
def test_any_bytes_are_told_without_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "x"
    file.write_bytes(start + data)
    imports_of(file)


@given(
    st.integers(0, 5),
    st.recursive(st.none() | st.text(max_size=5) | st.just(Local), lambda inner: st.lists(inner) | st.tuples(inner, inner)),
)
def test_what_an_unpickler_looks_up_is_what_is_told(tmp_path_factory: pytest.TempPathFactory, protocol: int, value: Any) -> None:
    class Watching(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            seen.add(f"{module}.{name}")
            return super().find_class(module, name)

    seen: set[str] = set()
    data = pickle.dumps(value, protocol)
    Watching(io.BytesIO(data)).load()
    file = tmp_path_factory.mktemp("told") / "x"
    file.write_bytes(data)
    assert set(imports_of(file).names) == seen
