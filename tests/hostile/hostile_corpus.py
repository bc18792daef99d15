"""Make the hostile corpus: ``python tests/hostile/hostile_corpus.py FOLDER``. Nothing of it is kept in the repository.

A group is a function of the table ``GROUPS`` that writes files into a folder and gives a :class:`Case` for each. To add a case is to add a
row to one of the tables here or in ``gadgets``; to add a group is to add a function.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import shutil
import stat
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import torch  # noqa: E402
from forging import Data, changed, described, good_skops, npy, package, safetensors, skops_of, tarred, torch_file, zipped  # noqa: E402
from gadgets import GADGETS  # noqa: E402

import packagers  # noqa: E402

REG, LNK, DIR = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755
OBJECT = "packagers:packagers.builtin.fallback.ObjectPackager"
LIST = "packagers:packagers.builtin.containers.ListPackager"
DICT = "packagers:packagers.builtin.containers.DictPackager"
PATH = "packagers:packagers.builtin.paths.PathPackager"
ARRAY = "packagers-numpy:packagers_numpy.arrays.ArrayPackager"
FRAME = "packagers-pandas:packagers_pandas.frames.DataFramePackager"
TENSOR = "packagers-torch:packagers_torch.tensors.TensorPackager"
STATE = "packagers-torch:packagers_torch.statedicts.StateDictPackager"
MODULE = "packagers-torch:packagers_torch.modules.ModulePackager"
ESTIMATOR = "packagers-sklearn:packagers_sklearn.estimators.EstimatorPackager"

CANARY = '''"""Content names this module; nobody is to import it."""

from pathlib import Path

SINGERS, VERSES, SET = [], {}, set()
Path(__file__).with_name("BOOM").write_text("imported")


def sing(*_):
    """Leave a trace."""
    Path(__file__).with_name("BOOM").write_text("called")


class Singer(dict):
    """Leaves a trace when it is made, and when it is given a state."""

    def __init__(self, *_):
        sing()

    def __setstate__(self, _):
        sing()
'''


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        group: Whose table it stands in.
        name: Unique among all.
        how: ``package`` and ``file`` are unpacked, ``item`` through a data item, ``frame`` as a table of one; ``show``, ``inspect``,
            ``verify`` and ``page`` (of HTML) are the commands.
        path: In the corpus.
        hint: As what it is unpacked.
        gives: The types of the harmless values that it may end in; an error of ours where there are none.
        options: For the packager.
    """

    group: str
    name: str
    how: str
    path: str
    hint: str | None = None
    gives: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


Group = Callable[[Path], Iterator[Case]]


def _file(root: Path, group: str, name: str, suffix: str, content: bytes, hint: str, *gives: str, how: str = "file") -> Case:
    path = root / group / f"{name}.{suffix}"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return Case(group, f"{group}/{name}.{suffix}", how, f"{group}/{path.name}", hint, gives)


def _package(root: Path, group: str, name: str, data: Data, files: dict[str, bytes] | None = None, *gives: str, **how: Any) -> Case:
    hint, opened = how.pop("hint", None), how.pop("how", "package")
    package(root / group / name / "v", data, files, **how)
    return Case(group, f"{group}/{name}", opened, f"{group}/{name}/v", hint, gives)


def pickled_objects(root: Path) -> Iterator[Case]:
    """Give every gadget as the pickle of an object, a frame, a figure, or a leaf of a list."""
    modules = ("cloudpickle", "pickle", "dill", "joblib")
    for number, (name, gadget) in enumerate(GADGETS.items()):
        module = modules[number % 4]
        data = described(OBJECT, "builtins.object", "object", pickle_module_name=module)
        yield _package(root, "objects", f"{name}-{module}", data, {"object.pkl": gadget})
        part = {**described(OBJECT, "builtins.object", "object", pickle_module_name=module), "folder": "part-0", "many": False}
        part = {key: part[key] for key in ("object_type", "artifact_type", "packager", "format", "instructions", "folder", "many")}
        data = {**described(LIST, "list", "file"), "skeleton": [{"$part": 0}], "parts": [part]}
        yield _package(root, "leaves", f"{name}-{module}", data, {"part-0/object.pkl": gadget})
        frame = described(FRAME, "pandas.DataFrame", "object", pickle_module_name=module)
        yield _package(root, "objects", f"frame-{name}", frame, {"object.pkl": gadget})


RENAMED = {
    "npy": "numpy.ndarray",
    "npz": "numpy.ndarray",
    "csv": "pandas.DataFrame",
    "parquet": "pandas.DataFrame",
    "json": "dict",
    "jsonl": "list",
    "yaml": "dict",
    "feather": "pandas.DataFrame",
    "arrow": "pyarrow.Table",
    "orc": "pandas.DataFrame",
    "xlsx": "pandas.DataFrame",
    "html": "pandas.DataFrame",
    "xml": "pandas.DataFrame",
    "h5": "pandas.DataFrame",
    "txt": "list",
    "csv.gz": "pandas.DataFrame",
    "zip": "pathlib.Path",
    "tar.xz": "pathlib.Path",
    "safetensors": "torch.Tensor",
    "pt": "torch.Tensor",
    "skops": "sklearn.base.BaseEstimator",
    "joblib": "sklearn.base.BaseEstimator",
    "pkl": "sklearn.base.BaseEstimator",
}
TEXT = {"csv", "txt", "json", "jsonl", "yaml", "html", "xml"}


def renamed_pickles(root: Path) -> Iterator[Case]:
    """Give every gadget under the suffix of another format; one of each suffix for those that matter most."""
    suffixes = list(RENAMED)
    for number, (name, gadget) in enumerate(GADGETS.items()):
        all_of_them = name in ("GLOBAL-REDUCE", "STACK-GLOBAL-REDUCE", "INST")
        for suffix in suffixes if all_of_them else suffixes[number % len(suffixes) :][:2]:
            # A pickle of protocol 0 is text, and a table of some lines.
            gives = ("pandas.DataFrame", "builtins.list") if suffix in TEXT and not gadget.startswith(b"\x80") else ()
            how = "frame" if RENAMED[suffix] == "pandas.DataFrame" and number % 2 else "file"
            yield _file(root, "renamed", name, suffix, gadget, RENAMED[suffix], *gives, how=how)


def object_arrays(root: Path) -> Iterator[Case]:
    """Give every gadget as the data of an array of objects, in plain, structured and nested dtypes, alone and in a zip."""
    dtypes = {
        "plain": "'|O'",
        "structured": "[('a', '<i4'), ('b', '|O')]",
        "nested": "[('a', [('b', [('c', '|O')])])]",
        "sub": "[('a', '|O', (3,))]",
        "deep": "[('a', [('b', '<f8'), ('c', '|O', (2, 2))], (2,))]",
    }
    for number, (name, gadget) in enumerate(GADGETS.items()):
        kind = list(dtypes)[number % len(dtypes)]
        content = npy(dtypes[kind], data=gadget, version=1 + number % 2)
        if number % 3 == 0:
            yield _package(root, "arrays", f"{kind}-{name}", described(ARRAY, "numpy.ndarray", "file", "npy"), {"array.npy": content})
        elif number % 3 == 1:
            yield _file(root, "arrays", f"{kind}-{name}", "npy", content, "numpy.ndarray" if number % 2 else "torch.Tensor")
        else:
            yield _file(root, "arrays", f"{kind}-{name}", "npz", zipped([("a.npy", content, REG)]), "dict[str, numpy.ndarray]", how="item")


def model_pickles(root: Path) -> Iterator[Case]:
    """Give every gadget in a file of torch's, in a package of a module, and as an estimator."""
    for number, (name, gadget) in enumerate(GADGETS.items()):
        if number % 3 == 0:
            yield _file(root, "models", name, "pt", torch_file(gadget), ("torch.Tensor", "dict[str, torch.Tensor]")[number % 2])
        elif number % 3 == 1:
            format = ("joblib", "pickle", "pkl")[number // 3 % 3]
            yield _package(root, "models", name, described(ESTIMATOR, "x.Y", "model", format), {f"model.{format}": gadget})
        else:
            weights = safetensors({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4))
            data = described(MODULE, "x.Y", "model", "module", layout={"names": ["w"], "kinds": "P"}, metadata=[])
            yield _package(root, "models", name, data, {"code/module.pkl": gadget, "weights.safetensors": weights})


def instructions(root: Path) -> Iterator[Case]:
    """Give packages whose instructions, names and lists ask for more than a reader gives."""
    good = {"array.npy": _bytes(lambda file: np.save(file, np.arange(3)))}
    gadget = {"object.pkl": GADGETS["STACK-GLOBAL-REDUCE"]}
    array = described(ARRAY, "numpy.ndarray", "file", "npy")
    asked: dict[str, Any] = {
        **{f"array-{name}": {name: value} for name, value in _ASKED.items()},
        "array-allow-pickle": {"allow_pickle": True},
        "array-format": {"format": "pickle"},
    }
    for name, more in asked.items():
        # What is recorded as the format beats the instruction of that name.
        yield _package(root, "asking", name, {**array, "instructions": more}, good, *(["numpy.ndarray"] if "format" in more else []))
    for module in (
        "os",
        "canary",
        "canary.sub",
        "__main__",
        "builtins",
        "",
        "../canary",
        "cloudpickle\0",
        "subprocess",
        "CLOUDPICKLE",
        "marshal",
    ):
        data = described(OBJECT, "x.Y", "object", pickle_module_name=module)
        yield _package(root, "asking", f"module-{module!r}".replace("/", "_").replace("\\", "_"), data, gadget)
    for number, packager in enumerate(
        (
            "packagers:canary.Singer",
            "canary:canary.Singer",
            "project:canary.Singer",
            "packagers-numpy:os.system",
            "os:system",
            "x",
            ":",
            "a:b:c",
            "../x:y",
        )
    ):
        # A class that its distribution does not have any more has a successor: what that distribution registers for the type.
        gives = ["numpy.ndarray"] if packager.startswith("packagers-numpy:") else []
        yield _package(root, "asking", f"packager-{number}", {**array, "packager": packager}, good, *gives)
    for number, name in enumerate(
        ("canary.Singer", "os.system", "list[canary.Singer]", "__import__('canary')", "a[" * 500, "{0.__class__}", "%s" * 99)
    ):
        yield _package(root, "asking", f"type-{number}", {**array, "object_type": name, "packager": "canary:canary.Singer"}, good)
        harmless = ("numpy.ndarray",)  # what is written as a file of numbers is read as that, whatever it is called
        yield _package(root, "asking", f"called-{number}", {**array, "object_type": name}, good, *harmless)
    for tag in _IMPORTING:
        gives = ["builtins.list"] if tag[0] == "int" else []  # 400,000 bits
        yield _package(
            root,
            "asking",
            f"skeleton-{tag[0]}",
            {**described(LIST, "list", "file"), "skeleton": [tag[1]]},
            *([None] if gives else []),
            *gives,
        )
        yield _package(
            root, "asking", f"value-{tag[0]}", {**described(LIST, "list", "result"), "value": [tag[1]]}, *([None] if gives else []), *gives
        )
    for name in ("trust", "trusts", "TRUSTS", "allow", "policy", "signer", "allowed_types", "keys"):
        data = {**described(OBJECT, "x.Y", "object", pickle_module_name="pickle"), name: ["canary.Singer", "all"]}
        yield _package(
            root,
            "asking",
            f"list-{name}",
            data,
            {**gadget, "trust.json": b'{"trust": "all"}', "pyproject.toml": b'[tool.packagers]\ntrust="all"\n'},
        )


_ASKED = {
    "trust": "all",
    "verify": False,
    "hint": "os.system",
    "project": "/",
    "mmap_mode": "r",
    "device": "cuda",
    "pickle_module_name": "pickle",
}
_IMPORTING: list[tuple[str, Any]] = [
    ("object", {"$object": {"class": "canary.Singer", "state": {}}}),
    ("dataclass", {"$dataclass": ["canary.Singer", {}]}),
    ("enum", {"$enum": ["canary.Singer", "A"]}),
    ("namedtuple", {"$namedtuple": ["canary.Singer", [1]]}),
    ("type", {"$type": "canary.Singer"}),
    ("function", {"$function": "os.system"}),
    ("path", {"$path": {"class": "canary.Singer", "path": "x"}}),
    ("same", {"$same": 7}),
    ("part", {"$part": 7}),
    ("part-negative", {"$part": -1}),
    ("link", {"$link": "../../../etc/passwd"}),
    ("link-key", {"$link": "no such key"}),
    ("int", {"$int": "9" * 100_000}),
    ("float", {"$float": "__import__('canary')"}),
    ("bytes", {"$bytes": "%%%"}),
    ("str", {"$str": "/////w=="}),
    ("set", {"$set": [[1]]}),
    ("dict", {"$dict": [[[1], 2]]}),
    ("datetime", {"$datetime": "now"}),
    ("decimal", {"$Decimal": "x" * 1000}),
    ("fraction", {"$Fraction": [1, 0]}),
    ("regex", {"$Pattern": ["(a+)+$" * 20 + "(", 0]}),
    ("unknown", {"$canary": 1}),
    ("two", {"$set": [], "$tuple": []}),
    ("shared-twice", [{"$shared": 1, "$tuple": []}, {"$shared": 1, "$tuple": []}]),
]


def forged(root: Path) -> Iterator[Case]:
    """Give packages whose digests, seals, signatures and tags lie."""
    good = root / "good" / "packages" / "array"

    def case(name: str, change: Callable[[Data], Any] = lambda data: None, *gives: str, **how: Any) -> Case:
        changed(root / "forged" / name / "v", good, change, **how)
        return Case("forged", f"forged/{name}", "package", f"forged/{name}/v", None, gives)

    key = {"key": "0" * 16, "mac": "0" * 64, "check": "0" * 8}
    signatures = {
        "foreign": key,
        "words": {"key": "own", "mac": "own", "check": "own"},
        "empty": {},
        "list": {"key": ["0" * 16], "mac": [], "check": []},
        "longer": {**key, "trust": "all"},
        "path": {**key, "key": "../../../key"},
    }
    for name, signature in signatures.items():
        yield case(f"signature-{name}", signature=signature)
    yield case("seal", seal=False)
    yield case("digest", lambda data: data.update(digest="blake3:" + "0" * 64), digest=False)
    changes: dict[str, Callable[[Data], Any]] = {
        "file-digest": lambda data: data["files"][0].update(digest="blake3:" + "0" * 64),
        "file-algorithm": lambda data: data["files"][0].update(digest="md5:" + "0" * 32),
        "file-no-algorithm": lambda data: data["files"][0].update(digest=""),
        "file-size": lambda data: data["files"][0].update(size=1 << 62),
        "file-size-negative": lambda data: data["files"][0].update(size=-1),
        "file-size-true": lambda data: data["files"][0].update(size=True),
        "file-twice": lambda data: data["files"].append(data["files"][0]),
        "file-up": lambda data: data["files"][0].update(path="../manifest.json"),
        "file-absolute": lambda data: data["files"][0].update(path="/etc/passwd"),
        "file-drive": lambda data: data["files"][0].update(path="C:/x"),
        "file-back": lambda data: data["files"][0].update(path="..\\x"),
        "file-nul": lambda data: data["files"][0].update(path="a\0b"),
        "file-missing": lambda data: data["files"].append({**data["files"][0], "path": "other"}),
        "file-none": lambda data: data.update(files=[]),
        "file-text": lambda data: data.update(files="all"),
        "file-blocks": lambda data: data["files"][0].update(blocks=["x"]),
        "payload-up": lambda data: data.update(payload=".."),
        "payload-absolute": lambda data: data.update(payload="/etc"),
        "payload-here": lambda data: data.update(payload="."),
        "payload-dash": lambda data: data.update(payload="\uff10badc0de"),
        "part-up": lambda data: data.update(parts=[{**data, "folder": "..", "many": False}]),
        "key-up": lambda data: data.update(key="../v"),
        "key-device": lambda data: data.update(key="CON"),
        "key-empty": lambda data: data.update(key=""),
        "key-long": lambda data: data.update(key="k" * 100_000),
        "key-number": lambda data: data.update(key=1),
        "version-new": lambda data: data.update(packagers=2),
        "version-text": lambda data: data.update(packagers="1"),
        "version-huge": lambda data: data.update(packagers=10**4000),
        "format-version": lambda data: data.update(format_version=9),
        "format-none": lambda data: data.update(format=None),
        "format-pickle": lambda data: data.update(format="pickle"),
        "format-parquet": lambda data: data.update(format="parquet"),
        "format-list": lambda data: data.update(format=["npy"]),
        "artifact-object": lambda data: data.update(artifact_type="object"),
        "artifact-init": lambda data: data.update(artifact_type="_init__"),
        "instructions-list": lambda data: data.update(instructions=["format"]),
        "instructions-self": lambda data: data.update(instructions={"self": 1, "folder": "/etc"}),
        "instructions-layout": lambda data: data.update(instructions={"layout": {"descr": "|O"}}),
        "value": lambda data: data.update(value={"$object": "canary.Singer"}),
        "skeleton": lambda data: data.update(skeleton={"$object": "canary.Singer"}),
    }
    for name, change in changes.items():
        gives = ("numpy.ndarray",) if name in ("format-none", "file-twice") else ()
        try:
            yield case(name, change, *gives)
        except (KeyError, TypeError, ValueError):  # what no digest can be made of
            shutil.rmtree(root / "forged" / name)
            yield case(name, change, *gives, digest=False)
    for name, text in {
        "empty": b"",
        "text": b"packagers",
        "list": b"[]",
        "null": b"null",
        "nan": b'{"packagers": NaN}',
        "deep": b'{"a": ' + b"[" * 100_000,
        "deep-whole": b'{\n "packagers": ' + b"[" * 50_000 + b"]" * 50_000 + b"\n}\n",
        "number": b'{\n "packagers": ' + b"9" * 200_000 + b"\n}\n",
        "doubled": b'{\n "packagers": 1,\n "packagers": 1\n}\n',
        "utf-16": '{"packagers": 1}'.encode("utf-16"),
        "bom": b'\xef\xbb\xbf{\n "packagers": 1\n}\n',
        "surrogate": b'{\n "packagers": "\\ud800"\n}\n',
    }.items():
        folder = root / "forged" / f"text-{name}" / "v"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_bytes(text)
        yield Case("forged", f"forged/text-{name}", "package", f"forged/text-{name}/v")
    extra = root / "forged" / "strange-file" / "v"
    shutil.copytree(good, extra)
    (next(extra.glob("*/array.npy")).parent / "sitecustomize.py").write_text("import canary")
    yield Case("forged", "forged/strange-file", "package", "forged/strange-file/v")
    for name, target in {"link": "/etc/passwd", "link-inside": "../manifest.json"}.items():
        place = root / "forged" / name / "v"
        shutil.copytree(good, place)
        (file := next(place.glob("*/array.npy"))).unlink()
        file.symlink_to(target)
        yield Case("forged", f"forged/{name}", "package", f"forged/{name}/v")
    pipe = root / "forged" / "pipe" / "v"
    shutil.copytree(good, pipe)
    (file := next(pipe.glob("*/array.npy"))).unlink()
    os.mkfifo(file)
    yield Case("forged", "forged/pipe", "package", "forged/pipe/v")


def archives(root: Path) -> Iterator[Case]:
    """Give zips and tars that lead out, clash, lie or swell: as plain files, as packages of folders, as zipped packages."""
    names = {
        "up": "../BOOM",
        "up-inside": "a/../../BOOM",
        "absolute": "/tmp/BOOM",
        "drive": "C:\\BOOM",
        "back": "..\\BOOM",
        "dot": "./a",
        "empty-part": "a//b",
        "nul": "a\0b",
        "long": "a" * 5000,
        "long-part": "a" * 300,
        "deep": "/".join("a" * 2000),
        "half": "a\udcffb",
    }
    for name, member in names.items():
        if name != "half":
            yield _file(root, "archives", name, "zip", zipped([(member, b"x", REG)]), "pathlib.Path")
        yield _file(root, "archives", name, "tar", tarred([(member, tarfile.REGTYPE, b"x", "")]), "pathlib.Path", *_HELD.get(name, ()))
    pairs = {
        "twice": [("a", b"1", REG), ("a", b"2", REG)],
        "case": [("A", b"1", REG), ("a", b"2", REG)],
        "accent": [("e\u0301", b"1", REG), ("\u00e9", b"2", REG)],
        "below-file": [("a", b"1", REG), ("a/b", b"2", REG)],
        "link-up": [("l", b"..", LNK), ("l/BOOM", b"x", REG)],
        "link-out": [("l", b"../../BOOM", LNK)],
        "link-absolute": [("l", b"/etc/passwd", LNK)],
        "link-chain": [("a", b".", LNK), ("b", b"a/..", LNK), ("c", b"b/../..", LNK)],
        "link-self": [("a/b", b"x", REG), ("a/l", b"../a/../../x", LNK)],
        "link-long": [("l", b"a/" * 5000, LNK)],
        "link-empty": [("l", b"", LNK)],
        "device": [("d", b"", stat.S_IFCHR | 0o666)],
        "pipe": [("d", b"", stat.S_IFIFO | 0o666)],
        "socket": [("d", b"", stat.S_IFSOCK | 0o666)],
    }
    for name, members in pairs.items():
        content = zipped(members)
        yield _file(root, "archives", name, "zip", content, "pathlib.Path")
        data = described(PATH, "pathlib.Path", "path", "zip", name="v", is_directory=True, mode=0o755)
        yield _package(root, "archives", f"package-{name}", data, {"v.zip": content})
        both = zipped([*((f"v/{member}", content, mode) for member, content, mode in members), ("v/manifest.json", b"{}", REG)])
        yield _file(root, "archives", f"zipped-{name}", "zip", both, "numpy.ndarray")
    kinds = {
        "char": (tarfile.CHRTYPE, b"", ""),
        "block": (tarfile.BLKTYPE, b"", ""),
        "pipe": (tarfile.FIFOTYPE, b"", ""),
        "hard-link": (tarfile.LNKTYPE, b"", "/etc/passwd"),
        "link-out": (tarfile.SYMTYPE, b"", "../../BOOM"),
        "link-absolute": (tarfile.SYMTYPE, b"", "/etc"),
        "sparse": (tarfile.GNUTYPE_SPARSE, b"", ""),
        "unknown": (b"Q", b"", ""),
    }
    for name, (kind, content, target) in kinds.items():
        yield _file(root, "archives", f"kind-{name}", "tar", tarred([("m", kind, content, target)]), "pathlib.Path")
    zeros = bytes(96 << 20)
    bombs = {
        "zip": zipped([("bomb", zeros, REG)]),
        "tar.gz": gzip.compress(tarred([("bomb", tarfile.REGTYPE, zeros, "")])),
        "tar.bz2": bz2.compress(tarred([("bomb", tarfile.REGTYPE, zeros, "")])),
        "tar.xz": lzma.compress(tarred([("bomb", tarfile.REGTYPE, zeros, "")])),
    }
    for suffix, content in bombs.items():
        yield _file(root, "archives", "bomb", suffix, content, "pathlib.Path")
        data = described(PATH, "pathlib.Path", "path", suffix, name="v", is_directory=True, mode=0o755)
        yield _package(root, "archives", f"bomb-{suffix}", data, {f"v.{suffix}": content})
    yield _file(root, "archives", "zipped-bomb", "zip", zipped([("v/manifest.json", b"{}", REG), ("v/x/bomb", zeros, REG)]), "dict")
    many = zipped([(str(number), b"", REG) for number in range(100_001)])
    yield _file(root, "archives", "many", "zip", many, "pathlib.Path")
    info = tarfile.TarInfo("huge")
    info.size = 1 << 60
    yield _file(root, "archives", "huge", "tar", info.tobuf() + bytes(1024), "pathlib.Path")
    yield _file(root, "archives", "huge", "tar.gz", gzip.compress(info.tobuf() + bytes(1024)), "pathlib.Path")
    for name, more in {
        "name-up": {"name": "../BOOM"},
        "name-absolute": {"name": "/tmp/BOOM"},
        "mode": {"mode": 0o4777},
        "into": {"into": "/tmp"},
        "class": {"path_class": "canary.Singer"},
    }.items():
        data = described(PATH, "pathlib.Path", "path", "zip", **{"name": "v", "is_directory": False, "mode": 0o644, **more})
        yield _package(root, "archives", f"path-{name}", data, {"v": b"x"})


_HELD = {"nul": ("pathlib.PosixPath",)}  # in a tar, a name ends there


def _bytes(write: Callable[[Any], Any]) -> bytes:
    with io.BytesIO() as file:
        write(file)
        return file.getvalue()


def sizes(root: Path) -> Iterator[Case]:
    """Give absurd sizes, counts and nesting in the headers of formats."""
    shapes = {
        "huge": "(1000000000000,)",
        "product": "(4294967296, 4294967296)",
        "negative": "(-1,)",
        "float": "(1.5,)",
        "many": "(" + "1," * 5000 + ")",
    }
    for name, shape in shapes.items():
        yield _file(root, "sizes", f"shape-{name}", "npy", npy("'<f8'", shape, bytes(8)), "numpy.ndarray")
        yield _file(root, "sizes", f"shape-{name}", "npz", zipped([("a.npy", npy("'<f8'", shape, bytes(8)), REG)]), "numpy.ndarray")
    descrs = {
        "call": "__import__('canary')",
        "laughs": "'" + "V" * 100_000 + "'",
        "deep": "[('a'," * 900 + "'<f8'" + ")]" * 900,
        "huge": "'V4611686018427387904'",
        "unicode": "'<U2000000000'",
        "comma": "'i4," * 3000 + "i4'",
        "none": "None",
        "lambda": "(lambda: 1)()",
        "overlap": "[('a', '<f8'), ('a', '<f8')]",
        "align": "'f8, O'",
    }
    for name, descr in descrs.items():
        yield _file(root, "sizes", f"descr-{name}", "npy", npy(descr, data=bytes(8), version=2), "numpy.ndarray")
    yield _file(root, "sizes", "header-huge", "npy", b"\x93NUMPY\2\0\xff\xff\xff\xff" + b"{" * 100, "numpy.ndarray")
    one = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    headers: dict[str, tuple[Any, bytes, int | None]] = {
        "length-huge": (b"{}", b"", 1 << 31),
        "length-past": ({"w": one}, b"", None),
        "shape-huge": ({"w": {**one, "shape": [1 << 40]}}, bytes(4), None),
        "shape-overflow": ({"w": {**one, "shape": [1 << 62, 4]}}, bytes(4), None),
        "shape-negative": ({"w": {**one, "shape": [-1]}}, bytes(4), None),
        "offsets-back": ({"w": {**one, "data_offsets": [4, 0]}}, bytes(4), None),
        "offsets-past": ({"w": {**one, "data_offsets": [0, 1 << 40]}}, bytes(4), None),
        "offsets-overlap": ({"a": one, "b": one}, bytes(4), None),
        "offsets-hole": ({"a": one, "b": {**one, "data_offsets": [8, 12]}}, bytes(12), None),
        "offsets-text": ({"w": {**one, "data_offsets": ["0", "4"]}}, bytes(4), None),
        "dtype": ({"w": {**one, "dtype": "OBJECT"}}, bytes(4), None),
        "dtype-list": ({"w": {**one, "dtype": ["F32"]}}, bytes(4), None),
        "list": ([one], bytes(4), None),
        "deep": (b'{"w":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b"", None),
        "twice": (b'{"w":' + json.dumps(one).encode() + b',"w":' + json.dumps(one).encode() + b"}", bytes(4), None),
        "metadata": ({"__metadata__": {"a": {"b": 1}}, "w": one}, bytes(4), None),
        "trailing": ({"w": one}, bytes(400), None),
        "no-json": (b"{'w': 1}", b"", None),
    }
    for name, (header, data, length) in headers.items():
        content = safetensors(header, data, length)
        gives = ("builtins.dict",) if name == "twice" else ()  # the last counts, to everybody
        yield _file(root, "sizes", f"safetensors-{name}", "safetensors", content, "dict[str, torch.Tensor]", *gives)
        yield _package(
            root,
            "sizes",
            f"state-{name}",
            described(STATE, "dict[str, torch.Tensor]", "file", "safetensors", layout={"names": ["w"]}),
            {"tensors.safetensors": content},
            *gives,
        )
    nested: dict[str, tuple[str, bytes, str, tuple[str, ...]]] = {
        "json-deep": ("json", b"[" * 200_000, "list", ()),
        "json-deep-whole": ("json", b"[" * 100_000 + b"]" * 100_000, "list", ()),
        "json-number": ("json", b"9" * 1_000_000, "int", ()),
        "json-exponent": ("json", b"[1e999999999]", "list", ("builtins.list",)),
        "json-twice": ("json", b'{"a": 1, "a": 2}', "dict", ("builtins.dict",)),
        "jsonl-deep": ("jsonl", b"[" * 200_000 + b"\n", "list", ()),
        "yaml-laughs": ("yaml", _LAUGHS, "dict", ("builtins.dict",)),  # each list is there once, however often it is referred to
        "yaml-self": ("yaml", b"a: &a [*a]\n", "dict", ("builtins.dict",)),
        "yaml-deep": ("yaml", b"[" * 20_000, "list", ()),
        "yaml-merge": ("yaml", b"a: &a {<<: *a}\n", "dict", ("builtins.dict",)),
        "yaml-python": ("yaml", b"!!python/object/apply:os.system ['touch BOOM']\n", "dict", ()),
        "yaml-new": ("yaml", b"a: !!python/object/new:canary.Singer []\n", "dict", ()),
        "yaml-name": ("yaml", b"a: !!python/name:canary.sing\n", "dict", ()),
        "yaml-module": ("yaml", b"a: !!python/module:canary\n", "dict", ()),
        "yaml-tuple": ("yaml", b"a: !!python/tuple [1]\n", "dict", ()),
        "yaml-tag": ("yaml", b"a: !canary 1\n", "dict", ()),
        "yaml-int": ("yaml", b"a: " + b"1" * 300_000 + b"\n", "dict", ()),
        "yaml-sixty": ("yaml", b"a: " + b"1:" * 20_000 + b"1\n", "dict", ("builtins.dict",)),
        "xml-laughs": ("xml", _XML_LAUGHS, "pandas.DataFrame", ()),
        "xml-entity": ("xml", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b><c>&x;</c></b></a>', "pandas.DataFrame", ()),
        "xml-remote": ("xml", b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a><b><c>1</c></b></a>', "pandas.DataFrame", ()),
        "xml-deep": ("xml", b"<a>" * 100_000, "pandas.DataFrame", ()),
        "html-script": ("html", b"<table><tr><td><script>alert(1)</script></td></tr></table>", "pandas.DataFrame", ("pandas.DataFrame",)),
        "html-colspan": ("html", b"<table><tr><td colspan=1000000000>1</td></tr></table>", "pandas.DataFrame", ()),
        "html-rowspan": ("html", b"<table><tr><td rowspan=1000000000>1</td></tr></table>", "pandas.DataFrame", ()),
        "html-spans": ("html", b"<table>" + b"<tr><td colspan=3000 rowspan=3000>1</td></tr>" * 50, "pandas.DataFrame", ()),
        "html-ragged": ("html", b"<table><tr>" + b"<td>1" * 20_000 + b"<tr><td>1" * 20_000, "pandas.DataFrame", ()),
        "csv-quote": ("csv", b'a,b\n"' + b"x" * 5_000_000, "pandas.DataFrame", ()),
        "csv-columns": ("csv", b"a," * 20_000 + b"\n", "pandas.DataFrame", ("pandas.DataFrame",)),
        "csv-formula": ("csv", b"a\n=cmd|'/c calc'!A0\n", "pandas.DataFrame", ("pandas.DataFrame",)),
        "csv-gz-bomb": ("csv.gz", gzip.compress(b"0\n" + bytes(100 << 20), 1), "pandas.DataFrame", ("pandas.DataFrame",)),  # one cell
        "txt-gz-bomb": ("txt.gz", gzip.compress(b"0 " * (20 << 20), 1), "numpy.ndarray", ("numpy.ndarray",)),  # 160 MiB of zeros
        "npz-bomb": ("npz", zipped([("a.npy", npy("'<f8'", f"({16 << 20},)", bytes(128 << 20)), REG)]), "numpy.ndarray", ("numpy.ndarray",)),  # noqa: E501
        "npz-file": ("npz", zipped([("../BOOM.npy", npy("'<f8'", data=bytes(8)), REG)]), "dict[str, numpy.ndarray]", ("builtins.dict",)),
        "npz-twice": ("npz", zipped([("a.npy", npy("'<f8'", data=bytes(8)), REG)] * 2), "dict[str, numpy.ndarray]", ()),
        "xlsx-empty": ("xlsx", zipped([("xl/workbook.xml", b"<x/>", REG)]), "pandas.DataFrame", ()),
        "xlsx-laughs": ("xlsx", zipped([("[Content_Types].xml", _XML_LAUGHS, REG)]), "pandas.DataFrame", ()),
    }  # fmt: skip
    for name, (suffix, content, hint, gives) in nested.items():
        yield _file(root, "sizes", name, suffix, content, hint, *gives)


_LAUGHS = b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 12)
)
_XML_LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY a0 "lol">'
    + b"".join(b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 12))
    + b"]><a><b><c>&a11;</c></b></a>"
)


def claims(root: Path) -> Iterator[Case]:
    """Give files and instructions that claim far more than there is, or ask for far more work than their size."""
    lie = npy("'<f8'", "(1125899906842624,)", bytes(8))
    pool = {"entropy": 1, "spawn_key": [], "pool_size": 2**31 - 1, "n_children_spawned": 0}
    generator = {"bit_generator": "PCG64", "state": {"bit_generator": "PCG64"}, "seed": pool}
    wide = ",".join(map(str, range(30_000))).encode()
    plain: dict[str, tuple[str, bytes, str]] = {
        "tensor": ("npy", lie, "torch.Tensor"),
        "tensor-header": ("npy", b"\x93NUMPY\2\0\xff\xff\xff\xff" + b"{" * 100, "torch.Tensor"),
        "frame": ("npy", lie, "pandas.DataFrame"),
        "frame-zip": ("npz", zipped([("a.npy", lie, REG)]), "pandas.DataFrame"),
        "table": ("npy", lie, "pyarrow.Table"),
        "array-zip": ("npz", zipped([("a.npy", lie, REG)]), "dict[str, numpy.ndarray]"),
        "generator": ("json", json.dumps(generator).encode(), "numpy.random.Generator"),
        "estimator": ("skops", _skops_with(lie), "sklearn.base.BaseEstimator"),
        "ragged": ("csv", wide + b"\n" + b"1\n" * 30_000, "pandas.DataFrame"),
        "ragged-table": ("csv", wide + b"\n" + b"1\n" * 30_000, "pyarrow.Table"),
        "columns": ("json", json.dumps({str(n): {str(n): 1} for n in range(30_000)}).encode(), "pandas.DataFrame"),
        "lines": ("jsonl", b"".join(b'{"%d": 1}\n' % n for n in range(30_000)), "pandas.DataFrame"),
        "elements": ("xml", b"<a>" + b"".join(b"<b><c%d>1</c%d></b>" % (n, n) for n in range(30_000)) + b"</a>", "pandas.DataFrame"),
        "cells": ("xlsx", zipped([("sheet.xml", b'<a><row r="1"/><c r="XFD1"/><row r="1048576"/></a>', REG)]), "pandas.DataFrame"),
    }  # fmt: skip
    for name, (suffix, content, hint) in plain.items():
        yield _file(root, "claims", name, suffix, content, hint)
    frame, array = described(FRAME, "pandas.DataFrame", "dataset", "csv"), described(ARRAY, "numpy.ndarray", "file", "csv")
    numbers = {"x.csv": b"1\n2\n"}
    evil = {"x.csv": b"a\n" + b"x" * 60 + b"\n"}
    asked: dict[str, tuple[Data, dict[str, Any], dict[str, bytes], tuple[str, ...]]] = {
        "frame-pattern": (frame, {"sep": "(x+x+)+y"}, evil, ()),
        "frame-delimiter": (frame, {"delimiter": "(x+x+)+y"}, evil, ()),
        "frame-find-out": (frame, {"sep": None}, {"x.csv": b',"a' * 90_000}, ()),
        "frame-bytes": (frame, {"dtype": "S2000000000"}, numbers, ()),
        "frame-bytes-column": (frame, {"dtype": {"1": "S2000000000"}}, numbers, ()),
        "frame-skip": (frame, {"skiprows": 10**12}, numbers, ()),
        "frame-names": (frame, {"names": list(map(str, range(5000)))}, {"x.csv": b"1\n" * 50_000}, ()),
        "frame-header": (frame, {"header": 10**12}, numbers, ()),
        "frame-headers": (frame, {"header": list(range(100_000))}, numbers, ()),
        "frame-encoding": (frame, {"encoding": "canary"}, numbers, ()),
        "frame-encoding-path": (frame, {"encoding": "../canary"}, numbers, ()),
        "frame-encoding-bytes": (frame, {"encoding": "bz2"}, numbers, ()),
        "json-bytes": ({**frame, "format": "json"}, {"dtype": "V2000000000"}, {"x.json": b'{"a": {"0": 1}}'}, ()),
        "array-bytes": (array, {"dtype": "S2000000000"}, numbers, ()),
        "array-text": (array, {"dtype": "U"}, {"x.csv": b"a" * 100_000 + b"\nb" * 100_000}, ()),
        "array-rows": (array, {"max_rows": 10**15}, numbers, ()),
        "array-delimiter": (array, {"delimiter": "(x+x+)+y"}, numbers, ()),
        "array-skip": (array, {"skiprows": 10**12}, numbers, ("numpy.ndarray",)),  # there are no more lines to read then
        "array-encoding": (array, {"encoding": "canary"}, numbers, ()),
        "array-twice": (
            {**array, "format": "npz"},
            {"members": [0] * 100_000, "concatenate": True},
            {"x.npz": zipped([("a.npy", npy("'<f8'", "(20000,)", bytes(160_000)), REG)])},
            (),
        ),
        "array-shape": (
            {**array, "format": "parquet", "artifact_type": "dataset"},
            {"shape": [10**9, 10**9], "layout": {"str": "<f8", "char": "d"}},
            {"x.parquet": _tables(pa.table({"0": [1.0]}))["parquet"]},
            (),
        ),
    }  # fmt: skip
    for name, (data, instructions, files, gives) in asked.items():
        yield _package(root, "claims", name, {**data, "instructions": instructions}, files, *gives)


def _skops_with(array: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(good_skops())) as old:
        members = [(name, array if name.endswith(".npy") else old.read(name), REG) for name in old.namelist()]
    return zipped([*members, ("x.npy", array, REG)])


def truncated(root: Path) -> Iterator[Case]:
    """Give every good file cut short, and with bytes changed, by itself: what no digest vouches for."""
    for good in json.loads((root / "good.json").read_text()):
        path = root / good["path"]
        if good["how"] != "file" or path.suffix == ".bin":
            continue
        content, suffix = path.read_bytes(), "".join(path.suffixes)[1:]
        gives = (f"{good['type']}",) if suffix in (*TEXT, "npz", "xlsx", "skops", "zip", "parquet", "feather", "arrow", "orc") else ()
        text = gives if suffix in TEXT else ()
        padded = (good["type"],) if suffix == "tar" else ()  # what is cut off of it is the padding behind its end
        for part in (0, 1, 9, 50, 90, 99):
            cut = content[: len(content) * part // 100] if part != 1 else content[:1]
            yield _file(root, "truncated", f"{path.stem}-{part}", suffix, cut, good["hint"], *text, *(padded if part >= 50 else ()))
        for seed in range(3):
            noise = bytearray(content)
            for place in np.random.default_rng(seed).integers(0, len(noise), max(1, len(noise) // 20)):
                noise[place] ^= 0x55
            yield _file(root, "truncated", f"{path.stem}-noise-{seed}", suffix, bytes(noise), good["hint"], *gives, good["type"])


class _Evil(pa.ExtensionType):
    def __init__(self, name: str, data: bytes, storage: Any = None) -> None:
        self._data = data
        super().__init__(storage or pa.int64(), name)

    def __arrow_ext_serialize__(self) -> bytes:
        return self._data

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: Any, data: bytes) -> Any:
        raise AssertionError("not here")


def arrow(root: Path) -> Iterator[Case]:
    """Give Arrow files with extension types and notes that lie."""
    gadget = GADGETS["STACK-GLOBAL-REDUCE"]
    types = {
        "py": ("arrow.py_extension_type", gadget),
        "unknown": ("canary.Singer", gadget),
        "period": ("pandas.period", b'{"freq": "__import__(\'canary\')"}'),
        "interval": ("pandas.interval", b'{"subtype": "canary", "closed": "x"}'),
        "tensor": ("arrow.fixed_shape_tensor", b'{"shape":[4611686018427387904]}'),
        "json": ("arrow.json", b"{"),
        "opaque": ("arrow.opaque", b'{"type_name": "canary", "vendor_name": "x"}'),
    }
    for name, (kind, data) in types.items():
        column = pa.array([1, 2])
        meta = {"ARROW:extension:name": kind, "ARROW:extension:metadata": data}
        table = pa.Table.from_arrays([column], schema=pa.schema([pa.field("a", pa.int64(), metadata=meta)]))
        # An unknown extension type is what it is stored as; known ones are checked.
        for suffix, content in _tables(table).items():
            yield _file(root, "arrow", name, suffix, content, "pandas.DataFrame", "pandas.DataFrame")
            yield _file(root, "arrow", f"table-{name}", suffix, content, "pyarrow.Table", "pyarrow.lib.Table")
    notes: dict[str, Any] = {
        "list": [],
        "text": "canary",
        "index": {"index_columns": ["no such"], "columns": [], "column_indexes": []},
        "range": {"index_columns": [{"kind": "range", "name": None, "start": 0, "stop": 1 << 62, "step": 1}], "columns": [], "column_indexes": []},  # noqa: E501
        "numpy-type": {"index_columns": [], "column_indexes": [], "columns": [{"name": "a", "field_name": "a", "pandas_type": "object", "numpy_type": "canary", "metadata": None}]},  # noqa: E501
        "attributes": {"index_columns": [], "column_indexes": [], "columns": [], "attributes": {"x": "canary"}},
    }  # fmt: skip
    for name, note in notes.items():
        for key in ("pandas", "packagers"):
            table = pa.table({"a": [1, 2]}).replace_schema_metadata({key: json.dumps(note)})
            for suffix, content in _tables(table).items():
                yield _file(
                    root, "arrow", f"{key}-{name}", suffix, content, "pandas.DataFrame", "pandas.core.frame.DataFrame", "pandas.DataFrame"
                )
    pickled = pa.table({"a": [gadget, gadget]}).replace_schema_metadata({"PANDAS_ATTRS": gadget})
    for suffix, content in _tables(pickled).items():
        yield _file(root, "arrow", "bytes", suffix, content, "pandas.DataFrame", "pandas.DataFrame")


def _tables(table: Any) -> dict[str, bytes]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return {"parquet": _bytes(lambda file: pq.write_table(table, file)), "arrow": sink.getvalue().to_pybytes()}


def skops_files(root: Path) -> Iterator[Case]:
    """Give skops files whose types nobody vouches for, by every way that skops builds."""
    types = [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("canary", "Singer"),
        ("subprocess", "Popen"),
        ("operator", "methodcaller"),
        ("functools", "partial"),
        ("sklearn.utils", "Bunch"),
        ("numpy", "load"),
    ]
    loaders = ("FunctionNode", "ObjectNode", "TypeNode", "MethodNode", "PartialNode", "OperatorFuncNode", "ReduceNode", "canary", "")
    for number, (module, name) in enumerate(types):
        for loader in loaders[number % 3 :: 3] if number > 2 else loaders:
            content = skops_of(loader, module, name, content={"module_path": module, "function": name}, attrs={}, constructor="x")
            data = described(ESTIMATOR, "sklearn.base.BaseEstimator", "model", "skops")
            yield _package(root, "skops", f"{module}.{name}-{loader}", data, {"model.skops": content})
    for name, schema in {"empty": b"", "list": b"[]", "deep": b"[" * 100_000, "null": b"null"}.items():
        yield _file(root, "skops", name, "skops", zipped([("schema.json", schema, REG)]), "sklearn.base.BaseEstimator")
    yield _file(root, "skops", "without", "skops", zipped([("a", b"", REG)]), "sklearn.base.BaseEstimator")
    yield _file(root, "skops", "cut", "skops", good_skops()[:-30], "sklearn.base.BaseEstimator")


TRICKS = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "svg": "<svg onload=alert(1)>",
    "close": "</td></table></body><iframe src=//canary>",
    "attribute": "\" onmouseover=\"alert(1)",
    "style": "<style>*{display:none}</style>",
    "escape": "\x1b]0;canary\x07\x1b[2J",
    "csi": "\x9b2J",
    "bidi": "\u202egpj.exe",
    "isolate": "\u2066canary\u2069",
    "backspace": "ok\b\bno",
    "zero-width": "a\u200bb\u2060c",
    "markup": "[red]canary[/red][link=file:///etc]x[/link]",
    "format": "{0.__class__.__mro__} %n %s ${HOME} {{7*7}}",
    "long": "x" * 300_000,
    "lines": "\n" * 5000,
    "combining": "a" + "\u0301" * 5000,
    "nul": "a\0b",
}  # fmt: skip


_NAMES = ("script", "svg", "escape", "bidi", "format", "nul")


def shown(root: Path) -> Iterator[Case]:
    """Give tricks for terminals and browsers in all that people are shown."""
    good = root / "good" / "packages" / "frame"
    png = {"png": "PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+"}  # an SVG, says who decodes it
    for number, (name, trick) in enumerate(TRICKS.items()):
        parts: dict[str, Data] = {  # apart, for what is refused in one of them would keep the others from being shown
            "texts": {
                "description": {trick: trick, "columns": {trick: trick}},
                "preview": {"table": {"columns": [trick], "rows": [[trick]]}, "text": trick},
                "versions": {trick: trick},
            },
            "labels": {"labels": {trick: trick, "a": trick}},
            "label": {"labels": {"a": trick}},
            "tag": {"tag": trick},
            "links": {"extra_data": {"x": trick}},
            "type": {"object_type": trick},
        }
        for part, more in parts.items():
            changed(root / "shown" / f"{name}-{part}" / "v", good, lambda data, more=more: data.update(more))
            for how in ("show", "inspect", "page", "verify") if number < 9 and part == "texts" else ("show", "page"):
                yield Case("shown", f"shown/{name}-{part}-{how}", how, f"shown/{name}-{part}/v", gives=("builtins.str",))
    for field_, name in [(field_, name) for field_ in ("key", "packager", "format", "artifact_type", "payload") for name in _NAMES]:
        place = root / "shown" / f"{field_}-{name}" / "v"
        for digest in (True, False):  # of some texts none can be made
            try:
                changed(place, good, lambda data, field_=field_, name=name: data.update({field_: TRICKS[name]}), digest=digest)
                break
            except (KeyError, TypeError, ValueError):
                shutil.rmtree(place)
        for how in ("show", "page"):
            yield Case("shown", f"shown/{field_}-{name}-{how}", how, f"shown/{field_}-{name}/v", gives=("builtins.str",))
    previews: dict[str, Any] = {
        "png": png,
        "png-text": {"png": "no base64 <script>"},
        "png-list": {"png": ["x"]},
        "svg": {"svg": "<svg onload=alert(1)>"},
        "html": {"html": "<script>alert(1)</script>"},
        "table-text": {"table": "<script>"},
        "table-deep": {"table": {"columns": [[["<script>"]]], "rows": [[[[[["<script>"]]]]]]}},
        "table-huge": {"table": {"columns": list(range(3000)), "rows": [list(range(3000))] * 30, "shape": [10**300, -1]}},
        "list": {"text": ["<script>"]},
    }
    for name, preview in previews.items():
        changed(root / "shown" / f"preview-{name}" / "v", good, lambda data, preview=preview: data.update(preview=preview))
        for how in ("show", "page"):
            yield Case("shown", f"shown/preview-{name}-{how}", how, f"shown/preview-{name}/v", gives=("builtins.str",))


GROUPS: dict[str, Group] = {
    "pickled": pickled_objects,
    "renamed": renamed_pickles,
    "arrays": object_arrays,
    "models": model_pickles,
    "asking": instructions,
    "forged": forged,
    "archives": archives,
    "sizes": sizes,
    "claims": claims,
    "truncated": truncated,
    "arrow": arrow,
    "skops": skops_files,
    "shown": shown,
}


def good(root: Path) -> None:
    """Write good files of all formats and some good packages: what readers load for themselves is loaded with them."""
    from sklearn.linear_model import LinearRegression

    folder = root / "good"
    folder.mkdir()
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1.5, 2.5, 3.5], "c": ["x", "y", "z"]})
    save: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "parquet": ("pandas.DataFrame", frame.to_parquet),
        "feather": ("pandas.DataFrame", frame.to_feather),
        "arrow": ("pyarrow.Table", frame.to_feather),
        "orc": ("pandas.DataFrame", frame.to_orc),
        "xlsx": ("pandas.DataFrame", frame.to_excel),
        "csv": ("pandas.DataFrame", lambda file: file.write(frame.to_csv(index=False).encode())),
        "csv.gz": ("pandas.DataFrame", lambda file: file.write(gzip.compress(frame.to_csv(index=False).encode()))),
        "html": ("pandas.DataFrame", lambda file: file.write(frame.to_html().encode())),
        "xml": ("pandas.DataFrame", lambda file: file.write(frame.to_xml().encode())),
        "npy": ("numpy.ndarray", lambda file: np.save(file, np.arange(30.0))),
        "npz": ("numpy.ndarray", lambda file: np.savez(file, np.arange(30.0))),
        "txt.gz": ("numpy.ndarray", lambda file: file.write(gzip.compress(b"1 2\n3 4\n"))),
        "json": ("dict", lambda file: file.write(b'{"a": [1, 2, 3]}')),
        "jsonl": ("list", lambda file: file.write(b'{"a": 1}\n{"a": 2}\n')),
        "yaml": ("dict", lambda file: file.write(b"a: [1, 2]\nb: 2020-01-01\n")),
        "safetensors": ("dict[str, torch.Tensor]", lambda file: file.write(safetensors({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)))),  # noqa: E501
        "skops": ("sklearn.base.BaseEstimator", lambda file: file.write(good_skops())),
        "zip": ("pathlib.Path", lambda file: file.write(zipped([("a", b"x", REG)]))),
        "tar": ("pathlib.Path", lambda file: file.write(tarred([("a", tarfile.REGTYPE, b"x", "")]))),
        "tar.gz": ("pathlib.Path", lambda file: file.write(gzip.compress(tarred([("a", tarfile.REGTYPE, b"x", "")])))),
        "tar.bz2": ("pathlib.Path", lambda file: file.write(bz2.compress(tarred([("a", tarfile.REGTYPE, b"x", "")])))),
        "tar.xz": ("pathlib.Path", lambda file: file.write(lzma.compress(tarred([("a", tarfile.REGTYPE, b"x", "")])))),
    }  # fmt: skip
    cases = []
    for suffix, (hint, write) in save.items():
        (folder / f"f.{suffix}").write_bytes(_bytes(write))
        value = packagers.unpack(folder / f"f.{suffix}", hint)
        case = Case("good", suffix, "file", f"good/f.{suffix}", hint)
        cases.append({**asdict(case), "type": f"{type(value).__module__}.{type(value).__qualname__}"})
    with packagers.Session(folder / "packages", signer=None) as session:
        for key, value in {
            "array": np.arange(3),
            "frame": frame,
            "tensor": torch.ones(2),
            "weights": {"w": torch.ones(2)},
            "model": LinearRegression(),
            "nested": {"a": [np.arange(3), {"b": (1, 2.5)}]},
        }.items():
            session.pack(value, key)
            cases.append(asdict(Case("good", key, "package", f"good/packages/{key}")))
        for how in ("show", "inspect", "verify", "page"):
            cases.append(asdict(Case("good", how, how, "good/packages/frame")))
    (root / "good.json").write_text(json.dumps(cases))


def make(root: Path) -> list[Case]:
    """Write the whole corpus into an empty folder, and its table into ``cases.json``."""
    (root / "modules").mkdir(parents=True)
    (root / "modules" / "canary.py").write_text(CANARY)
    good(root)
    cases = [case for group in GROUPS.values() for case in group(root)]
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    (root / "cases.json").write_text(json.dumps([asdict(case) for case in cases]))
    return cases


if __name__ == "__main__":
    sys.stdout.write(f"{len(make(Path(sys.argv[1])))} cases\n")
