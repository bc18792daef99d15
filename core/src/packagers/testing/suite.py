"""The suite: subclass it, and some thirty promises of a packager are tested.

::

    class TestGraphs(PackagerSuite):
        type_path = "networkx.Graph"

        def samples(self):
            return [networkx.Graph(), networkx.path_graph(3)]

        def same(self, left, right):
            return networkx.utils.graphs_equal(left, right)

Every sample is packed in every form (each artifact type in each of its formats), unpacked in this process, and unpacked and packed again in
a fresh one; that happens once for each suite. The tests take no fixtures and only assert, so that any runner can call them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import chdir
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

from packagers.loading import LoadFailure
from packagers.packager import Packager
from packagers.registration import Registration
from packagers.registry import Registry
from packagers.scratch import scope
from packagers.subject import NO_CHUNK
from packagers.testing import fresh, probes
from packagers.testing.comparing import compared
from packagers.testing.effects import Effects, ignored_options
from packagers.testing.evidence import Evidence, Trip
from packagers.testing.forms import Form, forms_of, own_methods
from packagers.testing.gathering import Gathering
from packagers.testing.killing import kill_problems
from packagers.testing.likeness import alike
from packagers.testing.meddling import meddling_problems
from packagers.testing.samples import Samples
from packagers.testing.watching import sources_of
from packagers.typepath import ELLIPSIS, TypePath, parse

_SHOWN = 10
"""Problems that one message lists."""


class PackagerSuite:
    """The tests of one packager.

    Attributes:
        type_path: The type path that the packager is registered for; with its label (``"pkg.Type#label"``), if it has one.
        registry: Finds the packager; a registry of what is installed, if ``None``.
        options: Options for packing, by artifact type (``"model"``) or form (``"model:onnx"``); required ones have to be given.
        effects: Options that change something, by artifact type or form (``{"file:csv": {"sep": ";"}}``): each is tried by itself, when
            packing or, where ``pack_x`` has it not, when unpacking.
        skips: Artifact types and forms that cannot be tried here, and why.
        exact_type: Whether what comes back has exactly the type of the sample.
    """

    type_path: ClassVar[str]
    registry: ClassVar[Registry | None] = None
    options: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    effects: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    skips: ClassVar[Mapping[str, str]] = {}
    exact_type: ClassVar[bool] = True

    def samples(self) -> Iterable[Any] | Mapping[str, Any]:
        """Give values of the type: the usual one, the empty one, the odd ones. A dict gives them names for messages.

        Each form that the packager defines needs a sample that it can hold. Another call gives equal values.
        """
        raise NotImplementedError(f"{type(self).__qualname__} has no samples(self): give a list of {self.type_path} objects")

    def same(self, left: Any, right: Any) -> bool | None:
        """Tell whether two values are the same, in all that a user of the type can see.

        Args:
            left: A sample.
            right: What came back, or a deep copy. The types have been compared already.

        Returns:
            Whether they are; ``None`` for a method that asserts it. By default the state of both is compared all the way down.
        """
        return alike(left, right)

    def test_the_entry_point_resolves(self) -> None:
        """The type path is registered, and what it names can be loaded."""
        assert issubclass(self._packager, Packager)

    def test_declarations_name_formats(self) -> None:
        """What ``READERS``, ``DETERMINISTIC``, ``LOSSY``, ``PARTIAL`` and ``VERSIONS`` name is there."""
        cls = self._packager
        known = {*cls.artifact_types("pack"), *cls.artifact_types("unpack")}
        known |= {format for method in (*cls.packs.values(), *cls.unpacks.values()) for format in method.formats}
        declared = [
            (name, value)
            for name in ("READERS", "DETERMINISTIC", "LOSSY", "PARTIAL", "VERSIONS")
            if name in vars(cls)
            for value in getattr(cls, name)
        ]
        _check(
            [f"{name} names {value!r}" for name, value in declared if value not in known],
            f"These are no formats or artifact types of {cls.__qualname__}, which has {', '.join(sorted(known))}",
        )

    def test_methods_are_documented(self) -> None:
        """Each ``pack_x`` and ``unpack_x`` has a docstring of its own."""
        methods = [(method.name, getattr(self._packager, method.name)) for method in own_methods(self._packager)]
        _check([name for name, function in methods if not (function.__doc__ or "").strip()], "These methods have no docstring")

    def test_samples_are_held(self) -> None:
        """The registry chooses this packager for every sample."""
        registry, problems = self._registry, []
        samples = self._samples
        assert len(samples), "samples() gives none"
        for name in samples:
            value = samples[name]
            chunk = next(value, NO_CHUNK) if samples.is_used_up(name) else NO_CHUNK
            found = registry.find(value, chunk=chunk).registration
            if found != self._registration:
                problems.append(f"{name}: {found.identity}, registered for {found.type_path}, is chosen")
        _check(problems, f"Samples are not for {self._registration.identity}, registered for {self.type_path}")

    def test_same_tells_values_apart(self) -> None:
        """``same`` does not call a sample the same as a bare object: it must not forget to return what it found."""
        for name in self._samples:
            verdict = self._compare(self._samples[name], object())
            assert verdict, f"same() calls {name} and a bare object the same; return whether they are, or assert it"

    def test_nothing_is_imported_before_it_is_used(self) -> None:
        """In a fresh process, making a registry and packing a dict imports neither the packager's module nor its library."""
        registration = self._registration
        if registration.origin != "plugin":
            return
        module = registration.reference.partition(":")[0].strip()
        heavy = {module} | (_libraries(parse(self.type_path)) - {module.partition(".")[0]})
        problems = sorted(heavy & self._gathered.loaded) + self._gathered.problems["process"]
        _check(problems, "These are imported by making a registry and packing a dict; import them only in the packager's own module")

    def test_each_form_is_packed(self) -> None:
        """Every sample is packed by default, and each form that the packager defines takes at least one of them."""
        evidence, problems = self._gathered, list(self._gathered.problems["pack"])
        for form in self._forms:
            tried = [trip for trip in evidence.trips if trip.form == form]
            refused = [trip for trip in tried if trip.refusal]
            if form.is_default:
                problems += [f"{trip}: {trip.refusal}" for trip in refused]
            elif form.is_own and tried and len(refused) == len(tried):
                problems.append(f"no sample could be packed as {form.name}: {refused[0].refusal}")
        _check(problems, "Some samples could not be packed")

    def test_required_options_are_given(self) -> None:
        """``options`` gives every option without a default; ``effects`` and ``skips`` name forms that there are."""
        all_forms = forms_of(self._packager, self.options)
        names = {name for form in all_forms for name in (form.name, form.artifact_type)}
        problems = [f"{form.name} needs {', '.join(form.missing)}" for form in self._forms if form.missing]
        problems += [f"there is no {name}" for name in (*self.options, *self.effects, *self.skips) if name not in names]
        _check(problems, f"options, effects and skips of the suite do not fit; the forms are {', '.join(sorted(names))}")

    def test_writes_stay_in_the_folder(self) -> None:
        """Packing leaves nothing in the working folder, among temporary files, or beside the folder that it was given."""
        _check(self._gathered.problems["strays"], "Packing has left files behind")

    def test_samples_are_not_changed(self) -> None:
        """A sample is after packing what it was before."""
        _check(self._gathered.problems["mutated"], "Samples were changed, or it cannot be told")

    def test_instructions_are_json(self) -> None:
        """What ``pack_x`` returns is nothing, or a JSON object whose names are options of ``unpack_x``."""
        packager, problems = self._instance, []
        with tempfile.TemporaryDirectory() as place, chdir(place):
            for number, form in enumerate(
                form for form in self._forms if form.is_own and form.artifact_type != "result" and not form.missing
            ):
                for name in self._samples:
                    folder = Path(place, f"{number}-{name}")
                    folder.mkdir()
                    found = probes.instruction_problems(packager, form, self._samples[name], folder)
                    if found is not None:
                        problems += found
                        break
        _check(problems, "Instructions are wrong")

    def test_round_trips_here(self) -> None:
        """Unpacking gives the sample again, in the process that packed it."""
        _check(self._gathered.problems["here"], "What came back is not what was packed; formats that lose something are named in LOSSY")

    def test_round_trips_in_a_fresh_process(self) -> None:
        """Unpacking gives the sample again, in a process that has only the package."""
        _check(self._gathered.problems["there"], "What came back in a fresh process is not what was packed")

    def test_bytes_are_the_same(self) -> None:
        """Forms named in ``DETERMINISTIC`` give the same digest twice, here and in a fresh process."""
        _check(self._gathered.problems["digest"], "Bytes differ; formats whose bytes may differ stay out of DETERMINISTIC")

    def test_unpacking_leaves_the_package_alone(self) -> None:
        """A package is after unpacking what it was before."""
        _check(self._gathered.problems["package"], "Packages were changed")

    def test_data_is_read_without_running_code(self) -> None:
        """What is read where no code may run, for ``READERS`` says ``data``, contains no pickle that builds anything."""
        what = 'READERS says "data" of formats that run code; say "code", or ask for leave with packagers.allow_code()'
        _check(self._gathered.problems["code"], what)

    def test_unknown_options_are_refused(self) -> None:
        """An option that a method does not take is refused, before any file is written, and when unpacking."""
        problems = []
        for trip, value, root in self._one_trip_a_form():
            problems += probes.strange_option_problems(self._registry, trip, value, root)
        _check(problems, "Unknown options are not refused")

    def test_one_way_types_are_refused_the_other_way(self) -> None:
        """What is only packed is not unpacked, what is only unpacked is not packed, and the errors say what could be asked for."""
        cls, problems = self._packager, []
        packs, unpacks = cls.artifact_types("pack"), cls.artifact_types("unpack")
        for trip, value, root in self._one_trip_a_form():
            if trip.form.is_default:
                for artifact_type in set(unpacks) - set(packs):
                    problems += probes.unpack_only_problems(self._registry, cls, artifact_type, value, root)
            if trip.form.artifact_type not in unpacks:
                problems += probes.pack_only_problems(self._registry, cls, trip, value)
        _check(problems, "A direction that is not there is not refused")

    def test_subclasses_come_back_as_themselves(self) -> None:
        """``PACK_SUBCLASSES`` promises that a subclass is never turned into its parent."""
        problems = []
        for trip, value, root in self._one_trip_a_form():
            if self._packager.PACK_SUBCLASSES and trip.form.is_read and not trip.form.is_lossy and self.exact_type:
                problems += probes.subclass_problems(self._registry, trip, value, root)
        _check(problems, "PACK_SUBCLASSES is set, and subclasses are not rebuilt")

    def test_summaries_are_small(self) -> None:
        """``describe`` and ``preview`` give JSON of at most 64 KiB, the same for the same value; a preview is one that can be shown."""
        problems = []
        for name in self._samples:
            if not self._samples.is_used_up(name):
                problems += [f"{name}: {problem}" for problem in probes.summary_problems(self._instance, self._samples[name])]
        _check(problems, "Summaries cannot be recorded")

    def test_options_do_something(self) -> None:
        """No ``pack_x`` takes an option that it never looks at, and each of ``effects`` changes what is written or what comes back."""
        cls, problems = self._packager, []
        for method in own_methods(cls):
            if method.direction == "pack":
                problems += [f"{method.name} never looks at its option {name!r}" for name in ignored_options(cls, method)]
        for form in self._forms:
            asked = {**self.effects.get(form.artifact_type, {}), **self.effects.get(form.name, {})}
            with tempfile.TemporaryDirectory() as place, chdir(place), scope():
                effects = Effects(self._registry, self._instance, form, self._samples, self._compare, Path(place))
                problems += [problem for option, value in asked.items() for problem in effects.problems(option, value)]
        _check(problems, "Options without effect")

    def test_refusals_come_before_files(self) -> None:
        """What a packager refuses to pack, it refuses before it has written anything."""
        problems = []
        with tempfile.TemporaryDirectory() as place, chdir(place):
            for number, trip in enumerate(self._gathered.trips):
                is_asked = trip.refusal and trip.form.is_own and trip.form.artifact_type != "result"
                if is_asked and not self._samples.is_used_up(trip.sample):
                    folder = Path(place, str(number))
                    folder.mkdir()
                    problems += probes.refusal_problems(self._instance, trip, self._samples[trip.sample], folder)
        _check(problems, "Values were refused too late; look at the value first, and write then")

    def test_nothing_is_kept_between_calls(self) -> None:
        """The packager holds after all of it what it held before, and two values that came back share nothing that could be changed."""
        problems = [f"{name} was changed" for name in self._gathered.memory]
        for trip, value, _ in self._one_trip_a_form():
            if trip.came_back and not self._samples.is_used_up(trip.sample):
                problems += probes.sharing_problems(self._registry, trip, value)
        _check(problems, "Something is kept between two calls; a packager has no state")

    def test_calls_do_not_disturb_each_other(self) -> None:
        """A value is packed and unpacked as ever while another thread packs and unpacks another one."""
        problems = list(self._gathered.problems["disturbing"])
        for trip, value, _ in self._one_trip_a_form():
            others = (t for t in self._gathered.trips if t.package is not None and t.form == trip.form and t.sample != trip.sample)
            other = next(others, None)
            if other is not None and not self._samples.is_used_up(trip.sample) and not self._samples.is_used_up(other.sample):
                values = value, self._samples[other.sample]
                problems += meddling_problems(self._registry, self._instance, trip, other, values, self._compare, self._sources)
        _check(problems, "Two calls at the same time get in each other's way; keep everything in local variables")

    def test_the_process_is_left_as_it_was(self) -> None:
        """Neither direction changes the working folder, the environment, or the random numbers that a program draws next."""
        problems = []
        for trip, value, root in self._one_trip_a_form():
            if not self._samples.is_used_up(trip.sample):
                problems += probes.surroundings_problems(self._registry, trip, value, root)
        _check(problems, "The state of the process was changed")

    def test_files_are_closed(self) -> None:
        """No file is left open for the garbage collector."""
        _check(self._gathered.problems["unclosed"], "Files were not closed; open them in a with statement")

    def test_text_has_an_encoding(self) -> None:
        """Text is written and read in an encoding that is named, not in that of the machine."""
        _check(sorted(set(self._gathered.problems["encodings"])), 'What is text depends on the machine; say encoding="utf-8"')

    def test_damaged_files_are_refused(self) -> None:
        """Half a file is an error, not a value; and a format in ``PARTIAL`` is read through ``self.open_file`` alone."""
        _check(self._gathered.problems["damaged"], "Damaged files were read")

    def test_hostile_packages_do_no_harm(self) -> None:
        """A stranger's package, hostile in any of hundreds of ways, is a value or one of our errors; it runs and writes nothing."""
        _check(self._gathered.problems["hostile"], "Packages that a stranger could have made do harm")

    def test_a_kill_leaves_a_whole_version(self) -> None:
        """Killed at any of its file operations, packing leaves the old package or the new one, and nothing that stays there for ever."""
        problems = []
        for trip, _, root in self._one_trip_a_form():
            problems += kill_problems(self._registry, trip, partial(self._samples.__getitem__, trip.sample), root)
        _check(problems, "A process that is killed while it packs leaves what nobody can read; write into the given folder alone")

    def test_plain_files_may_have_any_name(self) -> None:
        """A file that was never packed is read whatever it is called."""
        _check(self._gathered.problems["plain"], "Plain files have to have a certain name")

    @property
    def _registry(self) -> Registry:
        return self.registry if self.registry is not None else self._kept("_installed", Registry)

    @property
    def _registration(self) -> Registration:
        found: Registration = self._kept("_found", self._find)
        return found

    def _find(self) -> Registration:
        """Find the registration under test: of several for the type path, the one that is chosen for the first sample."""
        path = parse(self.type_path)
        found = [r for r in self._registry if r.path is not None and str(r.path) == str(path) and r.path.label == path.label]
        assert found, (
            f"no packager is registered for {self.type_path!r}: install its distribution, whose entry point in the group "
            "'packagers.types' has that name, or give the suite a registry"
        )
        if len(found) > 1:
            samples = self._samples
            chosen = next((self._registry.find(samples[name]).registration for name in samples), found[0])
            return chosen if chosen in found else found[0]
        return found[0]

    @property
    def _packager(self) -> type[Packager]:
        try:
            return self._registration.load()
        except LoadFailure as failure:
            raise AssertionError(str(failure)) from failure

    @property
    def _instance(self) -> Packager:
        assert self._packager
        return self._registry.instance(self._registration)

    @property
    def _sources(self) -> list[str]:
        """The files and folders of the packager's own code."""
        return sources_of({cls.__module__ for cls in self._packager.__mro__ if issubclass(cls, Packager)})

    @property
    def _samples(self) -> Samples:
        made: Samples = self._kept("_made", lambda: Samples(self.samples))
        return made

    @property
    def _forms(self) -> list[Form]:
        """The forms to try."""
        return [f for f in forms_of(self._packager, self.options) if not {f.name, f.artifact_type} & self.skips.keys()]

    @property
    def _gathered(self) -> Evidence:
        def gather() -> Evidence:
            modules = {type(self).__module__, self._packager.__module__}
            ready = [form for form in self._forms if not form.missing]
            given, samples, registration = self.registry, self._samples, self._registration
            return Gathering(
                self._registry, given, registration, samples, ready, self._compare, self.exact_type, modules, self._sources
            ).gather()

        evidence: Evidence = self._kept("_evidence", gather)
        return evidence

    def _kept(self, name: str, make: Any) -> Any:
        """Make something once for each subclass: a test runner makes a new instance for each test.

        Where that fails, the first test that needs it fails, and the others are skipped: the same message thirty times helps nobody.
        """
        kept = vars(type(self))
        if name not in kept:
            try:
                made = make()
            except Exception as error:
                made = SkipTest(f"for a reason that another test fails for: {error}")
                raise
            finally:
                setattr(type(self), name, made)
        elif isinstance(kept[name], SkipTest):
            raise kept[name]
        return kept[name]

    def _compare(self, left: Any, right: Any) -> str:
        """Say what is wrong with the right one; nothing where the two are the same."""
        is_own = type(self).same is not PackagerSuite.same
        return compared(self.same if is_own else None, self.type_path, left, right)

    def _one_trip_a_form(self) -> Iterator[tuple[Trip, Any, Path]]:
        """Give the first sample of each form, packed again, the sample itself, and a folder to work in."""
        seen: set[Form] = set()
        for trip in self._gathered.trips:
            if trip.package is not None and trip.form not in seen:
                seen.add(trip.form)
                with tempfile.TemporaryDirectory() as base, chdir(base), scope():
                    place, value, form = Path(base), self._samples[trip.sample], trip.form
                    package = fresh.pack(self._registry, value, place / "package", form.artifact_type, form.options)
                    yield replace(trip, package=package), self._samples[trip.sample], place / "work"


def _check(problems: list[str], what: str) -> None:
    """Assert that there are no problems."""
    if problems:
        rest = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise AssertionError("\n  ".join([f"{what}:", *problems[:_SHOWN], *rest]))


def _libraries(path: TypePath) -> set[str]:
    """Give the top-level packages of the types that a path names, but those that come with Python or with the core."""
    found = {path.package} - {"builtins", "packagers", *sys.stdlib_module_names} if path.name != ELLIPSIS else set()
    return found.union(*(_libraries(item) for item in path.items))
