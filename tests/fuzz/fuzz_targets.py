"""What is fuzzed within one process, each a function of bytes: every input ends in a value or in one of our errors.

``CHECKS`` is used by the tests, which mutate the ``SEEDS`` with hypothesis, and by ``guided.py``, which lets coverage lead.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from packagers import archive, config, jsonvalue, manifest, results, source, typepath, typetext
from packagers.errors import PackagersError
from packagers.loghint import LogHint
from packagers.registry import Registry
from packagers.scratch import scope
from packagers.sealed import from_text, to_text

_TYPE_NAMES = frozenset(
    [
        "int",
        "str",
        "list",
        "dict",
        "tuple",
        "set",
        "None",
        "Literal",
        "Union",
        "Optional",
        "Annotated",
        "Callable",
        "Any",
        "typing",
        "collections",
        "pathlib",
        "Path",
        "abc",
    ]
)


def hint_text(data: bytes) -> None:
    """Read a hint; one that is read has a dict form that reads back to it."""
    try:
        hint = LogHint.parse(data.decode("utf-8", "surrogateescape"))
        again = LogHint.parse(json.loads(json.dumps(hint.to_dict())))
    except PackagersError:
        return
    assert again == hint
    assert hash(again) == hash(hint)
    repr(hint)


def hint_dict(data: bytes) -> None:
    """Read a hint from its dict form."""
    try:
        LogHint.parse(json.loads(data)).to_dict()
    except (PackagersError, ValueError, RecursionError) as error:
        if not isinstance(error, PackagersError) and _is_json(data):
            raise


def type_path(data: bytes) -> None:
    """Read a type path; its normal form reads as itself."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        path = typepath.parse(text)
    except PackagersError:
        return
    assert str(typepath.parse(str(path))) == str(path)
    typepath.lookup(path.name)


def type_text(data: bytes) -> None:
    """Read a hint of a caller's, of names that do no harm when they are imported."""
    text = data.decode("utf-8", "surrogateescape")
    words = "".join(character if character.isidentifier() or character.isdigit() else " " for character in text).split()
    if not all(word in _TYPE_NAMES or not word[0].isalpha() for word in words) and "." in text:
        text = text.replace(".", "_")
    try:
        typetext.from_text(text)
    except PackagersError:
        return


def manifest_text(data: bytes) -> None:
    """Read the bytes of a manifest."""
    try:
        found, _, _ = from_text(data)
        manifest.Manifest.from_dict(found)
    except PackagersError:
        return


def sealed_manifest(data: bytes) -> None:
    """Seal a document as whoever made it would, and unpack the package: its digest and seal are right, whatever it says."""
    document = _document(data)
    if document is None:
        return
    with tempfile.TemporaryDirectory() as place, scope():
        key = document.get("key")
        folder = Path(place) / (key if isinstance(key, str) and key.isidentifier() else "key")
        named = [
            found for found in _SAMPLES().glob(f"*/{manifest.NAME}") if document.get("payload") in [p.name for p in found.parent.iterdir()]
        ]
        shutil.copytree(next(iter(named), _SAMPLES() / "container" / manifest.NAME).parent, folder)
        try:
            (folder / manifest.NAME).write_bytes(sealed(document))
            _consume(source.open_source(folder))
        except PackagersError:
            return


def sealed_results(data: bytes) -> None:
    """Seal a document as the results of a folder, and unpack each."""
    document = _document(data)
    if document is None:
        return
    with tempfile.TemporaryDirectory() as place, scope():
        document.pop("seal", None), document.pop("signature", None)
        try:
            (Path(place) / results.NAME).write_bytes(to_text(document, None))
        except ValueError:
            return
        try:
            for package in results.open_results(Path(place)).values():
                _consume(package)
        except PackagersError:
            return


def typed_json(data: bytes) -> None:
    """Decode typed JSON."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    try:
        jsonvalue.decode(document)
    except PackagersError:
        return


def project(data: bytes) -> None:
    """Read the settings and registrations of a project's pyproject.toml."""
    with tempfile.TemporaryDirectory() as place:
        Path(place, "pyproject.toml").write_bytes(data)
        try:
            Registry.for_project(place)
            config.settings.resolve(config.read_project(place))
        except PackagersError:
            return


def archives(format: str) -> Callable[[bytes], None]:
    """Give what unpacks an archive of a format, with limits in proportion."""
    limits = archive.Limits(entries=1000, size=16 << 20)

    def check(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as place, scope():
            file = Path(place) / f"x.{format}"
            file.write_bytes(data)
            try:
                archive.extract(file, Path(place) / "out", format, limits)
            except PackagersError:
                assert not (Path(place) / "out").exists()
            assert {path.name for path in Path(place).iterdir()} <= {file.name, "out"}

    return check


def package_zip(data: bytes) -> None:
    """Open a zip as a package, and unpack it."""
    with tempfile.TemporaryDirectory() as place, scope():
        file = Path(place) / "package.zip"
        file.write_bytes(data)
        try:
            _consume(source.open_source(file))
        except PackagersError:
            return


def sealed(document: dict[str, Any]) -> bytes:
    """Give the bytes of a manifest with its digest and seal put right, as far as it can have any."""
    document = {name: value for name, value in document.items() if name not in ("seal", "signature")}
    for _ in range(2):
        try:
            manifest.Manifest.from_dict(document)
            break
        except (PackagersError, TypeError, ValueError):
            written = _digest(document)
            if written is None:
                break
            document["digest"] = written
    try:
        return to_text(document, None)
    except ValueError:
        return b""


def _digest(document: dict[str, Any]) -> str | None:
    found: list[str] = []

    class Seen(manifest.Manifest):
        __slots__ = ()

        @property
        def digest(self) -> str:
            found.append(manifest.Manifest.digest.fget(self))  # type: ignore[attr-defined]
            return found[-1]

    try:
        Seen.from_dict(document)
    except Exception:  # noqa: BLE001 - it has none; whether that is one of our errors is what the reader is asked for
        return found[-1] if found else None
    return found[-1]


def _consume(opened: Any) -> None:
    from packagers.reading import Reader

    value = Reader(_REGISTRY()).read(opened)
    if hasattr(type(value), "__next__"):
        for _, _ in zip(range(20), value, strict=False):
            pass


def _document(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


class _Once:
    """Makes something when it is first asked for."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __call__(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made


def _make_samples() -> Path:
    from packagers.package import Package
    from packagers.session import Session

    folder = Path(tempfile.mkdtemp(prefix="packagers-fuzz-"))
    tree = folder / "tree"
    (tree / "below").mkdir(parents=True)
    (tree / "a.txt").write_text("some text\n" * 50)
    (tree / "below" / "b.bin").write_bytes(bytes(range(256)))
    (tree / "link").symlink_to("below/b.bin")
    for format in archive.FORMATS:
        archive.pack_folder(tree, folder / f"x.{format}", format)
    with Session(folder, signer=None, record="packages") as session:
        session.pack({"a": (1, 2.5, "x"), "b": [b"x" * 70_000, {3}]}, "container : file")
        session.pack(b"some bytes" * 10, "file")
        session.pack({"n": 1, "t": (None, 1e5)}, "value : result")
        session.pack((number for number in range(3)), "stream")
    with Session(folder, signer=None) as session:
        session.pack({"n": 1, "t": (None, 1e5)}, "number : result")
        session.pack("é", "text : result")
    for key in ("container", "file", "stream"):
        Package.open(folder / key).zip(folder / f"{key}.zip")
    return folder


_SAMPLES = _Once(_make_samples)
_REGISTRY = _Once(Registry)

_PYPROJECT = """
[tool.packagers]
errors = "warn"
trust = "own"
logging_worker = 3
prefer = ["packagers-x"]
auto_pack_key = "output"
[tool.packagers.types]
"pkg.Type" = "module:Packager"
"pkg.Other[int]" = {packager = "module:Other", optional = true}
[tool.packagers.defaults]
"pandas.DataFrame" = 'dataset[format="csv"]'
"""
_HINTS = (
    "key",
    "  12 * results  ",
    'data : dataset[format="parquet"]',
    r"k : t[a=1, b=-2.5e3+1j, c='x\n\u00e9', d=b'\x00', e=[1, (2,), {3}, {'a': None}], f=..., g=set()]",
    "key[0] : file[a=r'''x''' \"y\",]",
    "数据 : 類型[選=0x_fF]",
)
_DICTS = (
    {"key": "k", "artifact_type": "t", "itemized": 2, "packing_kwargs": {"a": {"$tuple": [1, {"$bytes": "AA=="}]}}, "tag": "v1"},
    {"key": "m", "labels": {"a": "b"}, "artifact_path": "x/y", "extra_data": {"f": {"$link": "g"}, "n": [1, {}]}, "metrics": {"acc": 0.5}},
)
_VALUES = (
    [1, 2.5, None, True, "x", {"a": [1]}, {"$tuple": [1]}, {"$set": [1, 2]}, {"$dict": [[1, 2]]}, {"$int": "0x10000000000000000"}],
    {
        "b": {"$bytes": "AA=="},
        "f": {"$float": "nan"},
        "c": {"$complex": [1.0, 2.0]},
        "s": {"$str": "7aCA"},
        "$shared": 0,
        "me": {"$same": 0},
    },
)


def _values() -> list[bytes]:
    import datetime
    import decimal
    import fractions
    import re
    import uuid
    import zoneinfo

    paris = zoneinfo.ZoneInfo("Europe/Paris")
    moments = [
        datetime.datetime(2020, 1, 1, tzinfo=paris),
        datetime.date(2020, 1, 1),
        datetime.time(1),
        datetime.timedelta(1, 2, 3),
        datetime.UTC,
    ]
    others = [
        decimal.Decimal("1.10"),
        fractions.Fraction(1, 3),
        re.compile("a+", re.IGNORECASE),
        uuid.UUID(int=1),
        paris,
        range(0, 9, 2),
        slice(1, None),
    ]
    binary = [bytearray(b"x"), memoryview(b"12345678").cast("h"), 1 + 2j]
    return [
        *(json.dumps(value).encode() for value in _VALUES),
        *(json.dumps(jsonvalue.encode(v)).encode() for v in (moments, others, binary)),
    ]


def seeds(name: str) -> list[bytes]:
    """Give valid inputs of a target."""
    if name.startswith("archive "):
        return [(_SAMPLES() / f"x.{name.removeprefix('archive ')}").read_bytes()]
    match name:
        case "hint text":
            return [text.encode() for text in _HINTS]
        case "hint dict":
            return [json.dumps(given).encode() for given in _DICTS]
        case "type path":
            return [b"dict[ str,torch.Tensor ] # fast", b"tuple[int, ...]", b"a.b.C[d[e], f.g]"]
        case "type text":
            return [
                b"dict[str, list[int]] | None",
                b"typing.Literal['a', 1]",
                b"typing.Callable[[int], str]",
                b"collections.abc.Iterator[pathlib.Path]",
            ]
        case "manifest text" | "sealed manifest":
            return [(_SAMPLES() / key / manifest.NAME).read_bytes() for key in ("container", "file", "value", "stream")]
        case "sealed results":
            return [(_SAMPLES() / results.NAME).read_bytes()]
        case "typed json":
            return _values()
        case "project":
            tomllib.loads(_PYPROJECT)
            return [_PYPROJECT.encode()]
        case "package zip":
            return [(_SAMPLES() / f"{key}.zip").read_bytes() for key in ("container", "file", "stream")]
    raise KeyError(name)


CHECKS: dict[str, Callable[[bytes], None]] = {
    "hint text": hint_text,
    "hint dict": hint_dict,
    "type path": type_path,
    "type text": type_text,
    "manifest text": manifest_text,
    "sealed manifest": sealed_manifest,
    "sealed results": sealed_results,
    "typed json": typed_json,
    "project": project,
    **{f"archive {format}": archives(format) for format in archive.FORMATS},
    "package zip": package_zip,
}
