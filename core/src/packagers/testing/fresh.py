"""What the suite runs in a fresh process: look at what packing a dict imports, then unpack what was packed elsewhere and pack it again.

It runs as a program, with a job file as its only argument, and imports nothing before it has taken over the search path of the job. The
process lives in another year, time zone and folder than the first one, and lists folders backwards: nothing of these belongs to a value.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

KEY = "value"


class ModulesByFile(MetaPathFinder):
    """Finds modules that the other process had loaded from files which are not on the search path: test files, above all.

    Args:
        files: The file of each module.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find a module, or a package that is there for its modules alone."""
        if name in self._files:
            return spec_from_file_location(name, self._files[name])
        if any(known.startswith(f"{name}.") for known in self._files):
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = []
            return spec
        return None


def pack(registry: Any, value: Any, root: Path, artifact_type: str | None, options: Mapping[str, Any]) -> Any:
    """Pack a value as a package of its own, unsigned; gives the opened package."""
    from packagers.loghint import LogHint
    from packagers.package import Package
    from packagers.session import Session

    with Session(root, registry=registry, signer=None, record="packages") as session:
        session.pack(value, LogHint(KEY, artifact_type, packing_kwargs=options))
    return Package.open(root / KEY)


def read(registry: Any, folder: Path, kind: str) -> tuple[Any, str]:
    """Unpack a package that nobody has signed; one that is declared to be data under the strictest policy that it can be read under.

    Returns:
        The value and the policy.
    """
    from packagers.dataitem import DataItem
    from packagers.errors import UntrustedPackageError

    if kind == "data":
        try:
            return DataItem(folder, registry=registry).unpack(trust="data"), "data"
        except UntrustedPackageError:
            pass
    return DataItem(folder, registry=registry).unpack(trust="all"), "all"


def _modules_after_a_dict(place: Path) -> list[str]:
    """Import the core, make a registry, pack a dict, and list the modules that this took."""
    before = set(sys.modules)
    from packagers.registry import Registry

    pack(Registry(), {"key": ["value", 1]}, place, None, {})
    return sorted(set(sys.modules) - before)


def _trip(registry: Any, trip: Mapping[str, Any], watch: Any) -> dict[str, Any]:
    """Unpack one package, and pack what came out or, where one is sent, a copy of the sample."""
    from packagers.typepath import path_of

    found: dict[str, Any] = {}
    value = None
    with watch.listening() as reading:
        if trip["folder"]:
            value, policy = read(registry, Path(trip["folder"]), trip["kind"])
            found["type"] = path_of(type(value))
            found["built"] = sorted(reading.built) if policy == "data" else []
    with watch.listening(Path(trip["again"])) as writing:
        if trip["pickle"]:
            value = pickle.loads(Path(trip["pickle"]).read_bytes())  # noqa: S301 - written a moment ago by the process that waits for this one
        if trip["again"]:
            options = pickle.loads(trip["options"])  # noqa: S301 - as above
            package = pack(registry, value, Path(trip["again"]), trip["artifact_type"], options)
            found.update(digest=package.manifest.digest, packager=package.manifest.written.packager)
        del value
    found["strays"] = [f"unpacking wrote {path}" for path in sorted(reading.written)]
    found["strays"] += [f"packing wrote {path}" for path in sorted(writing.written)]
    for name in ("moved", "unclosed", "encodings"):
        found[name] = sorted(getattr(reading, name) | getattr(writing, name))
    return found


def main(job_file: str) -> None:
    """Do the job, and write the report where it says."""
    job = pickle.loads(Path(job_file).read_bytes())  # noqa: S301 - as above
    sys.path[:] = job["path"]
    sys.meta_path.append(ModulesByFile(job["modules"]))
    report: dict[str, Any] = {"loaded": _modules_after_a_dict(Path(job["place"])), "trips": []}

    from packagers.registry import Registry
    from packagers.testing import watching

    watch = watching.Watch(job["sources"])
    watching.live_elsewhen()
    watching.list_backwards()
    registry = pickle.loads(job["registry"]) if job["registry"] else Registry()  # noqa: S301 - as above
    for trip in job["trips"]:
        try:
            report["trips"].append(_trip(registry, trip, watch))
        except Exception as error:  # noqa: BLE001 - whatever went wrong is what the suite wants to know
            report["trips"].append({"error": "".join(traceback.format_exception_only(error)).strip()})
    Path(job["report"]).write_text(json.dumps(report), encoding="utf-8")  # now, for what follows could end the process
    _spoil(registry, job, report["trips"], watch)
    Path(job["report"]).write_text(json.dumps({**report, "is_whole": True}), encoding="utf-8")


def _spoil(registry: Any, job: Mapping[str, Any], reports: Sequence[dict[str, Any]], watch: Any) -> None:
    """Read what is damaged, and what a hostile maker would send, with bounds for what may hang or grow."""
    from packagers.testing.bounds import Bounds
    from packagers.testing.deeds import Deeds
    from packagers.testing.spoiling import spoiled
    from packagers.testing.trying import Trial

    bounds, deeds = Bounds(Path(job["progress"])), Deeds()
    os.chdir(job["elsewhere"])  # a file that appears there is none of the temporary ones
    for trip, found in zip(job["trips"], reports, strict=True):
        if "error" in found:
            continue
        if trip["spoil"]:
            found["spoiled"] = spoiled(registry, Path(trip["folder"]), Path(trip["place"]), trip["spoil"], bounds)
        if trip["try"]:
            trial = Trial(registry, Path(trip["folder"]), Path(trip["place"]), trip["try"], bounds, deeds, watch)
            found.setdefault("spoiled", {})["hostile"] = trial.problems()


if __name__ == "__main__":
    main(sys.argv[1])
