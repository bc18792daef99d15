"""What choosing costs with 10, 100, 1,000 and 10,000 packagers installed: it stays the same, whoever is installed.

Each number is compared with a registry of ten in the same process. Registering is measured by itself, from running code and from the
metadata of what is installed, which is read once in a process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.paired import Aim, Case
from packagers import DefaultPackager, Registry
from packagers.testing import installed

FEWEST = 10
CALLS = 1000
"""How many choices are one call: one alone is shorter than what it takes to call it."""
AT_MOST, FLAT, REGISTERED = Aim(0.3e-6, "seconds"), Aim(1.2), Aim(10e-6, "seconds")
PACKAGERS = """
from packagers import DefaultPackager

class Packs(DefaultPackager):
    PACK_SUBCLASSES = True
"""


class Packs(DefaultPackager):
    """Registered from running code."""


class Unknown:
    """A class that nobody registers."""


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Choose for values of a class that is known, that is not, and that is new; register."""
    numbers = (FEWEST, 1000) if quick else (FEWEST, 100, 1000, 10_000)
    timing: dict[str, Any] = {"repetitions": 3 if quick else 31, "batch": CALLS, "clock": process_time}
    with many(FEWEST, folder / "few"):
        import benchmark_0  # type: ignore[import-not-found]

        registries = {number: registry_of(number, folder) for number in numbers}
        few, thing = registries[FEWEST], benchmark_0.Thing0()
        for path, work in known(thing).items():
            for number, registry in registries.items():
                name = f"{path}, {number:,} registered"
                yield Case(path=name, limit="dict look-up", ours=work(registry), raw=looked_up(thing), aim=AT_MOST, **timing)
                if number != FEWEST:
                    yield Case(path=name, limit="10 registered", ours=work(registry), raw=work(few), aim=FLAT, **timing)
        for path, work in new(benchmark_0.Thing0).items():
            for number in numbers[1:]:
                name = f"{path}, {number:,} registered"
                yield Case(path=name, limit="10 registered", ours=work(registries[number]), raw=work(few), aim=FLAT, **timing)
        again = chosen(few, thing)
        yield Case(path="control: a known class", limit="itself", ours=again, raw=chosen(few, thing), aim=None, **timing)
    yield from registering(folder, quick)


def known(thing: Any) -> dict[str, Callable[[Registry], Callable[[int], Any]]]:
    """Give the choices whose answer is known from the second time on."""
    return {
        "a known class": lambda registry: chosen(registry, thing),
        "a class that nobody registers": lambda registry: chosen(registry, Unknown()),
        "an artifact type that nobody packs": lambda registry: refused(registry, thing),
    }


def new(base: type[Any]) -> dict[str, Callable[[Registry], Callable[[int], Any]]]:
    """Give the choices that are made anew each time."""
    return {
        "a new class": lambda registry: of_new_classes(registry, base),
        "a list, by its items": lambda registry: chosen(registry, [base()]),
    }


def registering(folder: Path, quick: bool) -> Iterator[Case]:
    """Register from running code, and read what is installed."""
    number = 1000 if quick else 10_000
    paths = [f"benchmark_{start}.Thing" for start in range(number)]

    def register(_: int) -> Registry:
        registry = Registry(discover=False)
        for path in paths:
            registry.add(path, Packs)
        return registry

    def entered(_: int) -> dict[str, type[Packs]]:
        found = {}
        for path in paths:
            found[path] = Packs
        return found

    repetitions = 2 if quick else 7
    yield Case(
        path=f"registering one of {number:,}",
        limit="an entry of a dict",
        ours=register,
        raw=entered,
        aim=REGISTERED,
        repetitions=repetitions,
        batch=number,
        clock=process_time,
    )
    with many(number // 10, folder / "installed"):
        yield Case(
            path=f"reading one of {number // 10:,} entry points that are installed",
            limit="reading their files",
            ours=lambda _: Registry(),
            raw=lambda _: [file.read_text() for file in (folder / "installed").glob("*/*") if file.suffix == ".txt"],
            aim=None,
            repetitions=repetitions,
            batch=number // 10,
            clock=process_time,
        )


def chosen(registry: Registry, value: Any) -> Callable[[int], Any]:
    """Give what finds the packager of a value many times."""

    def work(_: int) -> None:
        find = registry.find
        for _ in repeat(None, CALLS):
            find(value)

    return work


def refused(registry: Registry, value: Any) -> Callable[[int], Any]:
    """Give what asks many times for a packager that there is not."""

    def work(_: int) -> None:
        is_packable = registry.is_packable
        for _ in repeat(None, CALLS):
            is_packable(value, "nothing")

    return work


def of_new_classes(registry: Registry, base: type[Any]) -> Callable[[int], Any]:
    """Give what finds the packagers of values of classes that were never seen."""

    def work(number: int) -> None:
        for index in range(CALLS):
            registry.find(type(f"New{number}_{index}", (base,), {})())

    return work


def looked_up(value: Any) -> Callable[[int], Any]:
    """Give what looks a class up in a dict many times."""
    answers = {type(value): None}

    def work(_: int) -> None:
        for _ in repeat(None, CALLS):
            answers[type(value)]

    return work


def registry_of(number: int, folder: Path) -> Registry:
    """Make a registry of that many packagers."""
    with many(number, folder / str(number)):
        return Registry()


@contextmanager
def many(number: int, folder: Path) -> Iterator[None]:
    """Install that many packagers: ten for each distribution, each for a type of its own, and one for lists of it."""
    files: dict[str, Any] = {"benchmark_packs.py": PACKAGERS, "benchmark_0.py": "class Thing0: ...\n"}
    for start in range(0, number, 10):
        types = {f"benchmark_{start}.Thing{start + index}": "benchmark_packs:Packs" for index in range(9)}
        lists = {f"list[benchmark_{start}.Thing{start}]": "benchmark_packs:Packs"} if start < 100 else {f"benchmark_{start}.More": "x:Y"}
        files[f"benchmark-{start}"] = {"entry_points": {"packagers.types": {**types, **lists}}}
    folder.mkdir()
    with installed(files, folder):
        yield
