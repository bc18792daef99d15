"""Artifacts beside the store: a run's ``output_path``, the paths of single outputs, and the ``artifact_path`` of log hints.

The store stays the truth. What is put elsewhere is a copy of the whole package, made before the transaction that ends the run: a copy that
fails fails the run. A package is put as it is written: first its payload, then the manifest, whose appearance is the commit.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

from packagers import Artifact, Bundle, DataItem, LogHint, PackagersError, Session
from packagers_runs.errors import ExportError, FieldError
from packagers_runs.models.metadata import RunMetadata
from packagers_runs.models.spec import RunSpec
from packagers_runs.running.pathtemplates import fill_path

MANIFEST = "manifest.json"


def fill_paths(spec: RunSpec, metadata: RunMetadata) -> None:
    """Put the uid and the project of a run into its paths, and check where its outputs go.

    Args:
        spec: It is changed.
        metadata: Has the uid and the project.

    Raises:
        UnknownNameError: A path has a place that nothing fills.
        FieldError: A path cannot be what it is, or two outputs go to one place.
    """
    given = {"uid": metadata.uid, "project": metadata.project}
    if spec.input_path:
        spec.input_path = fill_path(spec.input_path, field="input_path", **given)
    if spec.output_path:
        path = fill_path(spec.output_path, field="output_path", **given)
        spec.output_path = path if _is_whole(path) else (Path.cwd() / path).as_posix()  # all processes of the run mean this folder
    if spec.output_paths:
        paths = {key: fill_path(path, field="outputs", **given) for key, path in spec.output_paths.items()}
        spec.outputs = {**dict.fromkeys(spec.outputs), **paths}
    _check_places(spec, metadata)


class Places:
    """Where the artifacts of one attempt go besides the store.

    Args:
        spec: Of the run, its paths filled.
        metadata: Of the run; the artifacts of an iteration go to a folder of its number.
        is_idle: Whether nothing goes anywhere.
    """

    def __init__(self, spec: RunSpec, metadata: RunMetadata, *, is_idle: bool = False) -> None:
        self._is_idle = is_idle
        self._base = Path.cwd()  # a handler may change it
        self._within = str(metadata.iteration) if metadata.iteration else ""
        self._names = {"uid": metadata.uid, "project": metadata.project}
        self._paths = spec.output_paths
        self._folder = spec.output_path
        self._hints: dict[str, str] = {}

    def of_iteration(self, number: int) -> Places:
        """Give those of an iteration of the run.

        Args:
            number: Of the iteration.
        """
        made = object.__new__(Places)
        made.__dict__.update(self.__dict__, _within=str(number), _hints={})
        return made

    def remember(self, hint: LogHint) -> LogHint:
        """Take the path out of a log hint: what it names is packed for the store like all else, and then put there.

        Raises:
            UnknownNameError: The path has a place that nothing fills.
        """
        if hint.artifact_path is None:
            self._hints.pop(hint.key, None)
            return hint
        self._hints[hint.key] = fill_path(os.fspath(hint.artifact_path), field="artifact_path", **self._names)
        return replace(hint, artifact_path=None)

    def of(self, key: str, whole: str | None = None) -> str | None:
        """Give the place of an artifact: a path or URL, or ``None`` where it goes nowhere else.

        Args:
            key: Its key.
            whole: The key of the itemized output that it is a part of.
        """
        if self._is_idle:
            return None
        if key in self._paths:
            folder, _, name = self._joined(self._folder, self._paths[key]).rstrip("/").rpartition("/")
            return self._below(folder, name)
        said = self._hints.get(key if whole is None else whole)
        if said is None and not self._folder:
            return None
        return self._below(self._joined(self._folder, said), key)

    def _joined(self, folder: str | None, path: str | None) -> str:
        if folder and path and not _is_whole(path):
            path = f"{folder.rstrip('/')}/{path}"
        found = path or folder or ""
        if found.startswith("file://"):
            found = urlsplit(found).path
        return found if "://" in found else (self._base / found).as_posix()

    def _below(self, folder: str, name: str) -> str:
        return "/".join(part for part in (folder.rstrip("/"), self._within, name) if part)


def _is_whole(path: str) -> bool:
    return "://" in path or PurePath(path).is_absolute()


def _check_places(spec: RunSpec, metadata: RunMetadata) -> None:
    """Refuse outputs of which one would be put over another, as far as the task tells."""
    hints = {hint.key: hint for hint in map(LogHint.parse, (hint for hint in spec.returns if hint is not None))}
    places = Places(spec, metadata)
    for hint in hints.values():
        places.remember(hint)
    taken: dict[str, str] = {}
    for key in spec.outputs:
        if key in spec.output_paths and key in hints and hints[key].itemized:
            raise FieldError(
                f"the output {key!r} is itemized, and several artifacts do not go to one path",
                model="RunSpec",
                field="outputs",
                remedy=f"Give a path for the key of each item, such as {key + '_0'!r}, or an output_path.",
            )
        place = places.of(key)
        if place is None:
            continue
        place = place if "://" in place else posixpath.normpath(place)
        for other, owner in taken.items():
            if f"{place}/".startswith(f"{other}/") or f"{other}/".startswith(f"{place}/"):
                raise FieldError(
                    f"the outputs {owner!r} and {key!r} go to one place, {min(place, other, key=len)}",
                    model="RunSpec",
                    field="outputs",
                    remedy="Give each a path of its own.",
                )
        taken[place] = key


class RunSession(Session):
    """A session whose artifacts all go to one folder, whatever paths their hints say: those are told to the run.

    Args:
        folder: Where packages go.
        places: Takes the paths.
        **arguments: As of :class:`packagers.Session`.
    """

    def __init__(self, folder: str | Path, places: Places, **arguments: Any) -> None:
        super().__init__(folder, record="structures", **arguments)
        self.places = places
        self._hints: dict[str, LogHint] = {}
        self._shapes: dict[str, tuple[Bundle, Artifact]] = {}

    def pack(self, obj: Any, hint: str | Mapping[str, Any] | LogHint, *, exist: str = "replace") -> Any:
        """Pack one value; see :meth:`packagers.Session.pack`."""
        return super().pack(obj, self._known(LogHint.parse(hint)), exist=exist)

    def pack_returns(self, value: Any, hints: Any, *, final: bool = True) -> Any:
        """Pack what a function returned; see :meth:`packagers.Session.pack_returns`."""
        given = [hints] if isinstance(hints, str | Mapping | LogHint) else list(hints or [])
        return super().pack_returns(value, [self._remembered(hint) for hint in given], final=final)

    def _remembered(self, hint: Any) -> Any:
        if hint is None:
            return None
        try:
            parsed = LogHint.parse(hint)
        except PackagersError:
            return hint  # the session says what is wrong with it, and packs the others
        return self._known(parsed)

    def _known(self, hint: LogHint) -> LogHint:
        self._hints[hint.key] = hint
        return self.places.remember(hint)

    @property
    def packages(self) -> dict[str, Artifact]:
        """What a run records as packages, by key: its artifacts, and the shapes of what was itemized."""
        found = self.artifacts
        for key, bundle in self.bundles.items():
            if key not in self._shapes or self._shapes[key][0] is not bundle:
                self._shapes[key] = bundle, DataItem(self.folder / key, registry=self.registry).unpack(Artifact)
            found[key] = self._shapes[key][1]
        return found

    def is_waiting(self, artifact: Artifact) -> bool:
        """Tell whether links of an artifact will still be filled, so that its manifest is not the last one.

        Args:
            artifact: What was packed.
        """
        hint = self._hints.get(artifact.key)
        return hint is not None and not (
            hint.links("extra_data").keys() <= artifact.manifest.extra_data.keys()
            and hint.links("metrics").keys() <= artifact.manifest.metrics.keys()
        )

    def places_for(self, keys: Iterable[str]) -> dict[str, str | None]:
        """Give the places besides the store to which artifacts go: each a path or URL; ``None`` where it goes nowhere.

        Args:
            keys: Their keys; that of a part of an itemized output goes where the whole does.
        """
        wholes = {part: bundle.key for bundle in self.bundles.values() for part in bundle.items}
        return {key: self.places.of(key, wholes.get(key)) for key in keys}


def place_of(artifact: Artifact, place: str) -> str:
    """Give where a package stands that is put to a place: one without files is known by its folder, which has to be called by its key.

    Args:
        artifact: The package.
        place: The folder or URL.
    """
    key = artifact.key
    return place if artifact.manifest.payload or place.rpartition("/")[2] == key else f"{place}/{key}"


def put_package(artifact: Artifact, place: str) -> None:
    """Copy a whole package to another place, in which a package may stand that it takes the place of.

    Args:
        artifact: The package, on this machine.
        place: A folder, or a URL of fsspec; see :func:`place_of`.

    Raises:
        ExportError: It cannot be put there.
    """
    place = place_of(artifact, place)
    try:
        if "://" in place:
            _put_far(artifact, place)
        else:
            _put_near(artifact, Path(place))
    except ExportError:
        raise
    except Exception as error:
        raise ExportError(
            f"the artifact cannot be put there: {type(error).__name__}: {error}",
            key=artifact.key,
            file=place,
            remedy="Look whether the place is there, and who may write to it.",
        ) from error


def _strange(artifact: Artifact, place: str) -> ExportError:
    return ExportError(
        "something that is no package stands where the artifact is to go",
        key=artifact.key,
        file=place,
        remedy="Move it away, or give another path.",
    )


def _put_near(artifact: Artifact, place: Path) -> None:
    payload = artifact.manifest.payload
    before = ""
    if (place / MANIFEST).is_file():
        before = DataItem(place).unpack(Artifact).manifest.payload
    elif place.is_symlink() or (place.exists() and (not place.is_dir() or any(not _is_left_over(child.name) for child in place.iterdir()))):
        raise _strange(artifact, str(place))
    temporary = place / f"{MANIFEST}.{secrets.token_hex(4)}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        if payload:
            shutil.copytree(artifact.path / payload, place / payload, dirs_exist_ok=True)
        shutil.copyfile(artifact.path / MANIFEST, temporary)
        temporary.replace(place / MANIFEST)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
            if payload and payload != before:
                shutil.rmtree(place / payload, ignore_errors=True)
            place.rmdir()
        raise
    if before and before != payload:
        shutil.rmtree(place / before, ignore_errors=True)


def _put_far(artifact: Artifact, place: str) -> None:
    import fsspec

    system, root = fsspec.core.url_to_fs(place)
    system.invalidate_cache(root)
    payload = artifact.manifest.payload
    there = {path.rstrip("/").rpartition("/")[2] for path in _listed(system, root)}
    if MANIFEST not in there and any(not _is_left_over(name) for name in there):
        raise _strange(artifact, place)
    before = DataItem(place).unpack(Artifact).manifest.payload if MANIFEST in there else ""
    names = [f"{payload}/{file.path}" for file in artifact.manifest.files] if payload else []
    for name in [*names, MANIFEST]:
        with contextlib.suppress(NotImplementedError):
            system.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
        system.put_file(str(artifact.path / name), f"{root}/{name}")
    if before and before != payload:
        with contextlib.suppress(Exception):  # nothing names it any more
            system.rm(f"{root}/{before}", recursive=True)


def _listed(system: Any, root: str) -> list[str]:
    try:
        if system.info(root)["type"] == "file":
            return [root]
        return [path for path in system.ls(root, detail=False) if path.rstrip("/") != root.rstrip("/")]
    except FileNotFoundError:
        return []


def _is_left_over(name: str) -> bool:
    """Tell whether a name is that of a payload folder or unfinished manifest that a copy which was broken off has left."""
    return (len(name) == 8 and not name.strip("0123456789abcdef")) or name.startswith(f"{MANIFEST}.")
