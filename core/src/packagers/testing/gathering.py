"""Gathers the evidence, once for each suite: every sample in every form, packed here, unpacked here and in a fresh process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cached_property
from json import loads
from pathlib import Path
from typing import Any

import cloudpickle

from packagers import writing
from packagers.errors import PackagersError, PackError
from packagers.package import Package
from packagers.registration import Registration
from packagers.registry import Registry
from packagers.scratch import scope
from packagers.testing import fresh
from packagers.testing.evidence import Evidence, Trip
from packagers.testing.forms import Form, is_own
from packagers.testing.leftovers import Attributes, Memory
from packagers.testing.places import Places
from packagers.testing.samples import Compare, Samples
from packagers.typepath import path_of

_TIMEOUT_S = 600
_ZONE = "<+1130>-11:30"
"""A time zone that nobody lives in."""
_SMALL = 1 << 16
"""Bytes of a package that hostile ones are made of, if there is such a one."""
_READERS = 3
"""Readers of one packager that are tried in every way; more of them share the ways out."""
_OUTPUT = 2000
"""Characters of what a fresh process printed before it died that a message shows."""


class Gathering:
    """Gathers the evidence.

    Args:
        registry: Finds the packager.
        given: The registry, where the suite gives one that a fresh process has to have too.
        registration: The packager.
        samples: The samples.
        forms: The forms to try.
        compare: Compares a sample with what came back.
        exact_type: Whether what comes back has exactly the type of the sample.
        modules: Modules that a fresh process may need and not find by itself.
        sources: The files and folders of the packager's own code.
    """

    def __init__(
        self,
        registry: Registry,
        given: Registry | None,
        registration: Registration,
        samples: Samples,
        forms: Iterable[Form],
        compare: Compare,
        exact_type: bool,
        modules: Iterable[str],
        sources: Iterable[str],
    ) -> None:
        self._registry = registry
        self._given = given
        self._registration = registration
        self._samples = samples
        self._forms = list(forms)
        self._compare = compare
        self._exact_type = exact_type
        self._modules = set(modules)
        self._sources = list(sources)
        self._evidence = Evidence()

    def gather(self) -> Evidence:
        """Pack, unpack and compare everything."""
        with tempfile.TemporaryDirectory(prefix="packagers-suite-") as base, scope():
            self._base = Path(base).resolve()
            (self._base / "here").mkdir()
            self._places = Places(self._base / "here")
            memory = Memory(self._packager)
            for name in self._samples:
                self._pack_sample(name)
            self._go_there_and_back()
            self._evidence.memory = memory.changes()
        return self._evidence

    def _add(self, kind: str, trip: Trip, problem: str) -> None:
        self._evidence.problems[kind].append(f"{trip}: {problem}")

    def _pack_sample(self, name: str) -> None:
        self._modules.update(cls.__module__ for cls in type(self._samples[name]).__mro__)
        try:
            twin = None if self._samples.is_used_up(name) else self._samples.twin(name, self._compare)
        except ValueError as error:
            self._evidence.problems["mutated"].append(f"{name}: {error}")
            return
        attributes = Attributes(self._samples[name], twin) if twin is not None else None
        for form in self._forms:
            trip = Trip(name, form)
            self._evidence.trips.append(trip)
            self._pack(trip)
            difference = self._compare(self._samples[name], twin) if twin is not None else ""
            difference = difference or (", ".join(attributes.changes()) if attributes is not None else "")
            if difference:
                self._add("mutated", trip, f"packing has changed the sample: {difference}")
            if trip.package is not None:
                self._read_here(trip)

    def _pack(self, trip: Trip) -> None:
        """Pack a sample, twice where the bytes should be the same."""
        if not self._packager.is_packable(self._samples[trip.sample], trip.form.artifact_type):
            trip.refusal = "is_packable says that it cannot"
            return
        trip.package = self._packed(trip, f"{len(self._evidence.trips)}-first")
        if trip.package is not None and trip.form.is_deterministic:
            second = self._packed(trip, f"{len(self._evidence.trips)}-second")
            if second is not None and second.manifest.digest != trip.package.manifest.digest:
                self._add("digest", trip, "packing it twice in one process gives two digests")

    def _packed(self, trip: Trip, name: str) -> Package | None:
        root = self._places.root(name)
        package = None
        try:
            with self._places.watched():
                package = fresh.pack(self._registry, self._samples[trip.sample], root, trip.form.artifact_type, trip.form.options)
            if package.manifest.written.packager != self._registration.identity:
                self._add("pack", trip, f"it was packed by {package.manifest.written.packager}")
                return None
        except PackError as error:
            if _is_failure(error):
                self._add("pack", trip, str(error))
            else:
                trip.refusal = str(error)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is what the suite looks for
            self._add("pack", trip, f"{type(error).__name__}: {error}")
        for stray in self._places.sweep(root, package):
            self._add("strays", trip, f"it left {stray} outside of its folder")
        return package

    def _read_here(self, trip: Trip) -> None:
        if not trip.form.is_read or trip.package is None:
            return
        value, policy = self._read("here", trip, trip.package.folder)
        trip.came_back = bool(policy)
        if not policy:
            return
        if not trip.form.is_lossy:
            self._same("here", trip, value)
        try:
            Package.open(trip.package.folder).verify()
        except PackagersError as error:
            self._add("package", trip, f"unpacking has changed the package: {error}")

    def _read(self, kind: str, trip: Trip, folder: Path) -> tuple[Any, str]:
        try:
            return fresh.read(self._registry, folder, trip.form.kind)
        except Exception as error:  # noqa: BLE001 - as above
            self._add(kind, trip, f"unpacking fails: {type(error).__name__}: {error}")
            return None, ""

    def _same(self, kind: str, trip: Trip, value: Any) -> None:
        """Note where a value that came back is not the sample."""
        difference = self._type_difference(trip, path_of(type(value))) or self._compare(self._samples[trip.sample], value)
        if difference:
            self._add(kind, trip, difference)

    def _type_difference(self, trip: Trip, came_back: str) -> str:
        sample = path_of(type(self._samples[trip.sample]))
        is_checked = self._exact_type and not self._samples.is_used_up(trip.sample)
        return f"a {sample} came back as a {came_back}" if is_checked and came_back != sample else ""

    @cached_property
    def _packager(self) -> Any:
        return self._registry.instance(self._registration)

    def _go_there_and_back(self) -> None:
        """Let a fresh process unpack everything and pack it again; unpack that here."""
        trips, jobs = [], []
        for trip in self._evidence.trips:
            job = self._job(trip)
            if job is not None:
                trips.append(trip)
                jobs.append(job)
        report = self._run(jobs)
        self._evidence.loaded = frozenset(report["loaded"])
        for trip, job, found in zip(trips, jobs, report["trips"], strict=True):
            self._judge(trip, job, found)

    def _job(self, trip: Trip) -> dict[str, Any] | None:
        """Say what the fresh process has to do for one trip, if anything."""
        form = trip.form
        if trip.package is None or not (form.is_read or form.is_deterministic):
            return None
        job: dict[str, Any] = dict.fromkeys(("folder", "pickle", "again", "place"), "")
        job.update(artifact_type=form.artifact_type, options=cloudpickle.dumps(dict(form.options)), kind=form.kind)
        job.update({"spoil": None, "try": None})
        if form.is_read:
            trip.package = self._moved(trip.package, f"{id(trip)}-moved")
            job["folder"] = str(trip.package.folder)
        is_largest, is_tried = trip is self._largest(form), trip is self._tried(form)
        if is_largest or is_tried:
            facts = self._facts(form)
            job.update(place=str(self._place(f"{id(trip)}-spoiled")), spoil=facts if is_largest else None)
            # What a container is made of is read by the core, and by those who read its leaves.
            facts |= {"kind": "data"} if self._is_walked(form) else {}
            job["try"] = facts | {"share": min(1, _READERS / self._count)} if is_tried else None
        if form.is_read and not form.is_lossy:
            job["again"] = str(self._place(f"{id(trip)}-again"))
        elif form.is_deterministic and not self._samples.is_used_up(trip.sample):
            with contextlib.suppress(Exception):  # a sample that cannot be pickled is not packed over there
                pickled = cloudpickle.dumps(self._samples[trip.sample])
                job.update(pickle=str(self._base / f"{id(trip)}.pkl"), again=str(self._place(f"{id(trip)}-sent")))
                Path(job["pickle"]).write_bytes(pickled)
        return job

    def _moved(self, package: Package, name: str) -> Package:
        """Move a package: what has taken down where it was written finds nothing there."""
        package.folder.parent.rename(self._base / name)
        return Package.open(self._base / name / fresh.KEY)

    def _largest(self, form: Form) -> Trip | None:
        """Give the trip of a form that has made the most bytes, where the packager itself reads them."""
        if self._is_walked(form):
            return None
        sizes = {t.package.manifest.size: t for t in reversed(self._read_by_it(form)) if t.package is not None}
        largest = max(sizes, default=0)
        return sizes[largest] if largest else None

    def _tried(self, form: Form) -> Trip | None:
        """Give the trip of a form that hostile packages are made of: the first that is small, for it is read a hundred times and more.

        Of the forms that the same function reads as the same format, only the first is tried.
        """
        if form != next(other for other in self._forms if self._reader(other) == self._reader(form)):
            return None
        sized = [(trip.package.manifest.size, trip) for trip in self._read_by_it(form) if trip.package is not None]
        small = (trip for size, trip in sized if 0 < size <= _SMALL)
        return next(small, min(sized, key=lambda pair: pair[0], default=(0, None))[1])

    @cached_property
    def _count(self) -> int:
        """How many readers there are."""
        return len({self._reader(form) for form in self._forms if form.is_read and form.kind != "code"}) or 1

    def _reader(self, form: Form) -> tuple[Any, str | None]:
        function = getattr(type(self._packager), f"unpack_{form.artifact_type}", form.artifact_type)
        return function, form.format

    def _read_by_it(self, form: Form) -> list[Trip]:
        """Give the trips of a form that the packager itself reads."""
        if not form.is_read or not (is_own(type(self._packager), f"unpack_{form.artifact_type}") or self._is_walked(form)):
            return []
        return [trip for trip in self._evidence.trips if trip.form == form and trip.package is not None]

    def _is_walked(self, form: Form) -> bool:
        return type(self._packager).is_container() and form.artifact_type not in type(self._packager).unpacks

    def _facts(self, form: Form) -> dict[str, Any]:
        """Say what there is to know of a form where its payload is spoiled."""
        cls = type(self._packager)
        is_plain = form.artifact_type == cls.default_artifact_type("unpack")
        facts = {"format": form.format, "kind": form.kind, "is_plain": is_plain, "type_path": str(self._registration.path)}
        return facts | {"is_partial": (form.format or form.artifact_type) in cls.PARTIAL}

    def _place(self, name: str) -> Path:
        place = self._base / name
        place.mkdir()
        return place

    def _run(self, jobs: list[dict[str, Any]]) -> dict[str, Any]:
        job_file, report, progress = (self._base / name for name in ("job.pkl", "report.json", "progress"))
        files = {name: getattr(sys.modules.get(name), "__file__", None) for name in self._modules if name != "__main__"}
        job = {
            "path": [os.path.abspath(place) for place in sys.path],
            "modules": {name: file for name, file in files.items() if file},
            "registry": cloudpickle.dumps(self._given) if self._given is not None else b"",
            "sources": self._sources,
            "place": str(self._place("probe")),
            "report": str(report),
            "progress": str(progress),
            "elsewhere": str(self._place("elsewhere")),
            "trips": jobs,
        }
        job_file.write_bytes(cloudpickle.dumps(job))
        seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
        place = self._place("there")
        elsewhere = {"PYTHONHASHSEED": seed, "TMPDIR": str(place), "TZ": _ZONE, "PYTHONWARNDEFAULTENCODING": "1"}
        environment = {**os.environ, **elsewhere}
        command = [sys.executable, fresh.__file__, str(job_file)]
        try:
            done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
            died = f"the fresh process ended with {done.returncode}: {done.stderr[-_OUTPUT:].strip()}"
        except subprocess.TimeoutExpired:
            died = f"the fresh process did not end within {_TIMEOUT_S} s"
        if report.is_file():
            found: dict[str, Any] = loads(report.read_text(encoding="utf-8"))
            if "is_whole" not in found:
                self._evidence.problems["hostile"].append(f"{progress.read_text(encoding='utf-8')}: {died}")
            return found
        self._evidence.problems["process"].append(died)
        return {"loaded": [], "trips": [{"error": died}] * len(jobs)}

    def _judge(self, trip: Trip, job: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """Note what a fresh process made of a package."""
        assert trip.package is not None
        if "error" in found:
            self._add("there", trip, found["error"])
            return
        self._judge_manners(trip, found)
        if job["again"] and trip.form.is_deterministic and found["digest"] != trip.package.manifest.digest:
            self._add("digest", trip, "packing it in another process gives another digest")
        if found.get("built"):
            self._add("code", trip, f"it was read as data, and a pickle built {', '.join(found['built'][:5])}")
        if "type" not in found or trip.form.is_lossy:
            return
        difference = self._type_difference(trip, found["type"])
        if found["packager"] != self._registration.identity:
            difference = difference or f"a {found['type']} came back, which {found['packager']} packs"
        if difference:
            self._add("there", trip, difference)
            return
        value, policy = self._read("there", trip, Path(job["again"]) / fresh.KEY)
        if policy:
            self._same("there", trip, value)

    def _judge_manners(self, trip: Trip, found: Mapping[str, Any]) -> None:
        """Note what happened in a fresh process beside the work."""
        for stray in found["strays"]:
            self._add("strays", trip, stray.replace(str(self._base), "…"))
        for folder in found["moved"]:
            self._add("disturbing", trip, f"the working folder, which all threads share, was changed to {Path(folder).name}")
        for warning in found["unclosed"]:
            if str(self._base) in warning:
                self._add("unclosed", trip, warning.replace(str(self._base), "…"))
        for place in found["encodings"]:
            self._add("encodings", trip, f"text is opened without an encoding in {place}")
        for kind, problems in found.get("spoiled", {}).items():
            for problem in problems:
                self._add(kind, trip, problem)


def _is_failure(error: PackError) -> bool:
    """Tell whether a packager failed rather than refused: then the core has made the error of what the packager raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return error.__cause__ is not None and trace is not None and trace.tb_frame.f_globals.get("__name__") == writing.__name__
