"""Whether options do what they are there for: each is looked at by its method, and changes something."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from packagers.dataitem import DataItem
from packagers.errors import PackagersError
from packagers.package import Package
from packagers.packager import Method, Packager
from packagers.registry import Registry
from packagers.testing import fresh
from packagers.testing.forms import Form
from packagers.testing.samples import Compare, Samples


def ignored_options(packager: type[Packager], method: Method) -> list[str]:
    """List the options that a method takes and never looks at. ``format`` is left out: where there is one format, it says nothing."""
    function = inspect.unwrap(getattr(packager, method.name))
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    mentioned = set(_mentioned(code))
    names = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    return [name for name in method.options if name != "format" and name in names and name not in mentioned and "locals" not in mentioned]


def _mentioned(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
        if instruction.opname != "MAKE_CELL":  # that is not yet a use
            yield from (name for name in names if isinstance(name, str))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _mentioned(constant)


class Effects:
    """Tries options of one form, one at a time.

    Args:
        registry: Finds the packager.
        packager: The packager.
        form: The form.
        samples: What to pack.
        compare: Compares a sample with what came back.
        place: An empty folder.
    """

    def __init__(self, registry: Registry, packager: Packager, form: Form, samples: Samples, compare: Compare, place: Path) -> None:
        self._registry = registry
        self._packager = packager
        self._form = form
        self._samples = samples
        self._compare = compare
        self._place = place
        self._count = 0

    def problems(self, option: str, value: Any) -> list[str]:
        """Say what is wrong with an option.

        Args:
            option: Of packing, or else of unpacking.
            value: Other than its default.
        """
        writer, reader = (methods.get(self._form.artifact_type) for methods in (self._packager.packs, self._packager.unpacks))
        what = f"{self._form.name} with {option}={value!r}"
        if writer is not None and (option in writer.options or writer.takes_any_option):
            return self._of_packing(what, option, value)
        if reader is not None and (option in reader.options or reader.takes_any_option):
            return self._of_unpacking(what, option, value)
        return [f"{what}: neither direction has that option"]

    def _of_packing(self, what: str, option: str, value: Any) -> list[str]:
        problems, refusals, differs = [], [], not self._form.is_deterministic
        for name in self._samples:
            try:
                plain, given = self._pack(name), self._pack(name, {option: value})
            except PackagersError as error:
                refusals.append(f"{what}: {name}: {error}")
                continue
            differs = differs or plain.manifest.digest != given.manifest.digest
            if self._form.is_read and not self._form.is_lossy:
                difference = self._difference(name, given)
                problems += [f"{what}: {name}: {difference}"] if difference else []
        if len(refusals) == len(self._samples):
            return refusals[:1]
        return problems + ([] if differs else [f"{what} gives the same bytes as without it, for every sample"])

    def _of_unpacking(self, what: str, option: str, value: Any) -> list[str]:
        refusals = []
        for name in self._samples:
            try:
                package = self._pack(name)
                plain, given = self._read(package), self._read(package, {option: value})
            except PackagersError as error:
                refusals.append(f"{what}: {name}: {error}")
                continue
            if type(plain) is not type(given) or self._compare(plain, given):
                return []
        return refusals[:1] if len(refusals) == len(self._samples) else [f"{what} gives the same value as without it, for every sample"]

    def _pack(self, name: str, options: dict[str, Any] | None = None) -> Package:
        self._count += 1
        root = self._place / f"{self._form.artifact_type}-{self._count}"
        given = {**self._form.options, **(options or {})}
        package: Package = fresh.pack(self._registry, self._samples[name], root, self._form.artifact_type, given)
        return package

    def _read(self, package: Package, options: dict[str, Any] | None = None) -> Any:
        return DataItem(package.folder, registry=self._registry).unpack(trust="all", **(options or {}))

    def _difference(self, name: str, package: Package) -> str:
        try:
            return self._compare(self._samples[name], self._read(package))
        except PackagersError as error:
            return f"unpacking fails: {error}"
