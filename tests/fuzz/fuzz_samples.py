"""Small valid packages of every reader of one distribution, made of the samples that its suites have.

A reader is one function that unpacks, in one format; packagers that share it are tried as one.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from packagers.errors import PackagersError
from packagers.manifest import NAME
from packagers.registry import Registry
from packagers.testing import PackagerSuite, fresh
from packagers.testing.forms import Form, forms_of
from packagers.testing.samples import Samples

PLUGINS = Path(__file__).parents[2] / "plugins"
_LARGEST = 1 << 17
"""Bytes of a payload that is spoiled: most edits of a large one change nothing that matters."""
_EACH = 3
"""Packages of each reader, the smallest."""


def make(distribution: str, root: Path) -> None:
    """Pack the samples, and write a list of the packages into ``index.json``."""
    warnings.simplefilter("ignore")
    registry = Registry()
    found: dict[str, list[dict[str, Any]]] = {}
    for registration in registry:
        if registration.distribution != distribution:
            continue
        packager = registry.instance(registration)
        for suite_options, skips, make_samples in _samples(registry, distribution, registration.type_path):
            for form in forms_of(type(packager), suite_options):
                if form.is_read and form.name not in skips and form.artifact_type not in skips:
                    for entry in _packed(registry, registration, form, make_samples, root):
                        found.setdefault(_reader(packager, form), []).append(entry)
    index = [
        {**entry, "reader": reader}
        for reader, entries in sorted(found.items())
        for entry in sorted(entries, key=lambda entry: entry["size"])[:_EACH]
    ]
    (root / "index.json").write_text(json.dumps(index))


def _reader(packager: Any, form: Form) -> str:
    method = packager.unpacks.get(form.artifact_type)
    name = type(packager).__qualname__ if method is None else getattr(type(packager), method.name).__qualname__
    return f"{name} {form.format or form.artifact_type}"


def _packed(registry: Registry, registration: Any, form: Form, samples: Any, root: Path) -> Iterator[dict[str, Any]]:
    for value in samples():
        place = root / str(sum(1 for _ in root.iterdir()))
        try:
            if registry.find(value).registration != registration:
                continue
            package = fresh.pack(registry, value, place, form.artifact_type, form.options)
        except (PackagersError, StopIteration):
            continue
        size = package.manifest.size or len((package.folder / NAME).read_bytes())
        if size <= _LARGEST and package.manifest.written.packager == registration.identity:
            is_plain = form.artifact_type in ("file", "dataset") and len(package.manifest.files) == 1 and "#" not in registration.type_path
            yield {
                "folder": str(package.folder),
                "size": size,
                "files": len(package.manifest.files),
                "kind": form.kind,
                "plain": registration.type_path if is_plain else "",
                "format": form.format,
            }


def _samples(registry: Registry, distribution: str, type_path: str) -> Iterator[tuple[Any, Any, Any]]:
    """Give options, forms to leave out, and what makes the samples of a type."""
    if distribution == "packagers":
        values = core_values()
        yield {}, {}, lambda: [value for value in values if _is_of(registry, value, type_path)]
        for format in ("json", "jsonl", "yaml", "txt"):
            yield (
                {"file": {"format": format}},
                {},
                lambda: [v for v in ([], ["a", "b"], {"a": {"b": [1, None]}}) if _is_of(registry, v, type_path)],
            )
        return
    for suite in vars(_module(PLUGINS / distribution / "tests" / "test_suite.py")).values():
        if isinstance(suite, type) and issubclass(suite, PackagerSuite) and getattr(suite, "type_path", None) == type_path:
            made = Samples(suite().samples)
            yield suite.options, suite.skips, lambda made=made: [made[name] for name in made]


def _module(file: Path) -> ModuleType:
    name = f"fuzz_suite_of_{file.parents[1].name.replace('-', '_')}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def _is_of(registry: Registry, value: Any, type_path: str) -> bool:
    found = registry.find(value, chunk=None) if hasattr(value, "__next__") else registry.find(value)
    return found.registration.type_path == type_path


def core_values() -> list[Any]:
    """Give values of the core's own types."""
    import datetime
    import decimal
    import fractions
    import re
    import tempfile
    import uuid
    import zoneinfo
    from collections import Counter, OrderedDict, defaultdict, deque
    from pathlib import PurePosixPath

    import sample_types

    folder = Path(tempfile.mkdtemp())
    (folder / "below").mkdir()
    (folder / "below" / "a.txt").write_text("text " * 20)
    (folder / "link").symlink_to("below/a.txt")
    heavy = b"x" * 70_000
    me: list[Any] = [1]
    me.append(me)
    return [
        *(None, True, 1, 2.5, 1j, "text", b"bytes", bytearray(b"abc"), memoryview(b"12345678").cast("h"), ..., range(3), slice(1, 2)),
        *(datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")), datetime.date(2020, 1, 1), datetime.time(1)),
        *(datetime.timedelta(1), datetime.UTC, decimal.Decimal("1.1"), fractions.Fraction(1, 3), re.compile("a+"), uuid.UUID(int=3)),
        *(zoneinfo.ZoneInfo("Europe/Paris"), Counter("aab"), OrderedDict(a=1), defaultdict(list, a=[1]), deque([1, 2], 5), [1, "a"], me),
        *(
            {"a": {"b": (1, 2)}},
            (1, [2]),
            {1, "x"},
            frozenset({2}),
            {"heavy": [heavy, heavy]},
            PurePosixPath("a/b"),
            folder,
            folder / "below" / "a.txt",
        ),
        *(re.RegexFlag.I, sample_types.Layer(1, [b"x" * 10]), sample_types.Holder(3), iter([1, "two", heavy])),
    ]
