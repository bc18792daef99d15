"""What packing gives: artifacts, results, bundles of both, and the outputs of a whole run."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from packagers.draft import rewrite_manifest
from packagers.errors import UnpackError
from packagers.jsonvalue import decode
from packagers.loghint import LINK
from packagers.manifest import Manifest
from packagers.package import Package
from packagers.policy import sign_seal
from packagers.readable import size
from packagers.registry import Registry, default_registry
from packagers.results import manifest_of

_SHOWN = 100
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 80


class Artifact:
    """A package on disk.

    Attributes:
        key: The name that it was packed under.
        artifact_type: As what it was packed.
        object_type: The type path of the value.
        path: Its folder.
        digest: Identifies what was packed: equal data, equal digest.
        manifest: All that is recorded of it.
        labels: Free text by name.
        tag: A name for this version.
    """

    def __init__(self, package: Package, registry: Registry) -> None:
        self._package = package
        self._registry = registry

    @property
    def key(self) -> str:
        """The name that it was packed under."""
        return self.manifest.key

    @property
    def artifact_type(self) -> str:
        """As what it was packed."""
        return self.manifest.written.artifact_type

    @property
    def object_type(self) -> str:
        """The type path of the value."""
        return self.manifest.written.object_type

    @property
    def path(self) -> Path:
        """The package's folder."""
        return self._package.folder

    @property
    def digest(self) -> str:
        """Identifies what was packed."""
        return self.manifest.digest

    @property
    def manifest(self) -> Manifest:
        """All that is recorded of it."""
        return self._package.manifest

    @property
    def package(self) -> Package:
        """The package itself, for reading."""
        return self._package

    @property
    def labels(self) -> dict[str, str]:
        """Free text by name."""
        return dict(self.manifest.labels)

    @property
    def tag(self) -> str:
        """A name for this version; empty where it has none."""
        return self.manifest.tag

    @property
    def extra_data(self) -> Mapping[str, Any]:
        """What is linked to it, by name: artifacts, and values of results. An artifact is looked for when its name is asked for."""
        return _Linked(self, self.manifest.extra_data)

    @property
    def metrics(self) -> dict[str, Any]:
        """The values of the results that are linked to it as metrics, by name."""
        return dict(_Linked(self, self.manifest.metrics))

    def unpack(self, hint: Any = None, *, trust: str | None = None, verify: bool = True, **options: Any) -> Any:
        """Unpack the value.

        Args:
            hint: As what; ``None`` for as it was packed.
            trust: What may run code: ``"data"``, ``"own"`` or ``"all"``.
            verify: Whether digests are checked before anything is decoded.
            options: For the packager.
        """
        from packagers.reading import Reader  # only where something is read

        return Reader(self._registry, trust, verify).read(self._package, hint, options)

    def verify(self) -> None:
        """Check every byte.

        Raises:
            IntegrityError: Where one is not as it was packed.
        """
        Package.open(self.path, remote=self._package.remote).verify()

    def preview(self) -> dict[str, Any]:
        """Give the small picture or table that was packed with it; empty where there is none."""
        return dict(self.manifest.preview)

    def __repr__(self) -> str:
        return f"<Artifact {self.key!r}: {self._summary}>"

    @property
    def _summary(self) -> str:
        return f"{self.object_type} as {self.artifact_type}, {size(self.manifest.size)}, {self.path}"

    def _repr_html_(self) -> str:
        from packagers.display import manifest_html  # only where somebody looks

        return manifest_html(self.manifest)


class _Linked(Mapping[str, Any]):
    """The links of an artifact: each is followed when it is asked for, for what it leads to may stand elsewhere by now.

    Args:
        artifact: The artifact.
        entries: What its manifest says.
    """

    def __init__(self, artifact: Artifact, entries: Mapping[str, Any]) -> None:
        self._artifact = artifact
        self._entries = entries

    def __getitem__(self, name: str) -> Any:
        from packagers.reading import Reader, open_sibling  # as above

        entry = self._entries[name]
        if not isinstance(entry, dict) or LINK not in entry:
            return decode(entry)
        package, registry = self._artifact._package, self._artifact._registry
        if "value" in entry:
            recorded = manifest_of(str(entry[LINK]), entry)
            return Reader(registry).read(Package(recorded, package.seal, package.signature, package.root, f"{package.location} [{name}]"))
        try:
            target = open_sibling(package, entry[LINK])
        except UnpackError as error:
            if package.remote is None:
                error.remedy = f"Keep it in the same folder as {self._artifact.key!r}: links are by key."
            raise
        if not isinstance(target, Package) or "digest" not in entry:
            return Reader(registry).read(target)
        if target.manifest.digest != entry["digest"]:
            raise UnpackError(
                f"{entry[LINK]!r} was packed again since {self._artifact.key!r} was linked to it",
                key=self._artifact.key,
                file=target.folder,
                remedy="Unpack it by its own path to get the new one.",
            )
        return Artifact(target, registry)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<links of {self._artifact.key!r}: {', '.join(self._entries)}>"


@dataclass(frozen=True, slots=True)
class Result:
    """A small value that was recorded.

    Attributes:
        key: The name that it was recorded under.
        value: The value, as it was when it was recorded.
    """

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Bundle:
    """A container whose items were packed one by one.

    Attributes:
        key: The name of the whole.
        structure: The container itself, as it was returned.
        items: What became of each item, by key.
    """

    key: str
    structure: Any
    items: Mapping[str, Artifact | Result]


class Outputs(Mapping[str, Any]):
    """What a run gave: by key the artifacts, and the values of the results.

    Attributes:
        results: The values of the results alone, by key.
        artifacts: The artifacts alone, by key.
        returned: What the function returned.
    """

    def __init__(self, outputs: Mapping[str, Artifact | Result | Bundle], returned: Any) -> None:
        self._outputs = dict(outputs)
        self.returned = returned

    @property
    def results(self) -> dict[str, Any]:
        """The values of the results, by key."""
        return {key: output.value for key, output in self._outputs.items() if isinstance(output, Result)}

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """The artifacts, by key."""
        return {key: output for key, output in self._outputs.items() if isinstance(output, Artifact)}

    @property
    def bundles(self) -> dict[str, Bundle]:
        """The containers that were itemized, by key."""
        return {key: output for key, output in self._outputs.items() if isinstance(output, Bundle)}

    def __getitem__(self, key: str) -> Any:
        output = self._outputs[key]
        if isinstance(output, Result):
            return output.value
        return output.structure if isinstance(output, Bundle) else output

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)

    def __repr__(self) -> str:
        shown = [f"{key}={output!r:.80}" for key, output in islice(self._outputs.items(), _SHOWN)]
        return f"Outputs({', '.join(shown)}{', …' if len(self) > _SHOWN else ''})"

    def _repr_html_(self) -> str:
        from packagers.display import outputs_html  # as above

        shown = [(key, self._words(key)) for key in islice(self, _SHOWN)]
        return outputs_html(shown, len(self) - len(shown))

    def _words(self, key: str) -> str:
        output = self[key]
        return output._summary if isinstance(output, Artifact) else _REPR.repr(output)


def sign(source: str | Path | Artifact) -> Artifact:
    """Check a package byte by byte and sign it with the user's key: for what a process without the key has packed unsigned.

    Args:
        source: The package's folder, or the artifact.

    Raises:
        IntegrityError: Where the package is not as it was packed.
    """
    folder = source.path if isinstance(source, Artifact) else Path(source)
    package = Package.open(folder)
    package.verify()
    registry = source._registry if isinstance(source, Artifact) else default_registry()
    return Artifact(rewrite_manifest(package, package.manifest, sign_seal), registry)
