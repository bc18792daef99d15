"""Links: what the hints of artifacts say of other outputs, put into their manifests once those are packed.

A link to an artifact is recorded by key and digest, one to a result by key and value: the value can be read though the rest is elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, NamedTuple

from packagers.artifact import Artifact, Bundle
from packagers.draft import rewrite_manifest
from packagers.errors import PackagersError, PackError
from packagers.jsonvalue import encode
from packagers.ledger import Entry, Ledger
from packagers.loghint import LINK, LogHint
from packagers.manifest import Manifest
from packagers.names import fold
from packagers.package import Signer
from packagers.registry import Registry
from packagers.results import entry_of

Section = Literal["extra_data", "metrics"]


class Filled(NamedTuple):
    """The links of one artifact, as far as they can be filled.

    Attributes:
        extra_data: The entries, as the manifest holds them.
        metrics: The same of metrics.
        missing: Section and key of each link to something that is not packed.
        wrong: What links to something that it cannot link to.
    """

    extra_data: dict[str, Any]
    metrics: dict[str, Any]
    missing: list[tuple[Section, str]]
    wrong: list[PackError]

    def of(self, manifest: Manifest) -> Manifest:
        """Give a manifest with these links."""
        return manifest.with_links(self.extra_data, self.metrics)


class Linker:
    """Fills the links of a session's artifacts.

    Args:
        ledger: What has been packed.
        registry: For the artifacts that are written again.
        signer: Signs them.
        full: Whether they survive a loss of power.
    """

    def __init__(self, ledger: Ledger, registry: Registry, signer: Signer | None, *, full: bool) -> None:
        self._ledger = ledger
        self._registry = registry
        self._signer = signer
        self._full = full
        self._waiting: dict[str, LogHint] = {}

    def fill(self, hint: LogHint, later: Collection[str] = ()) -> Filled:
        """Fill the links of a hint with what is packed now.

        Args:
            hint: The hint of an artifact.
            later: Keys that are still to be packed, though there may be older outputs of that name.
        """
        filled = Filled({}, {}, [], [])
        sections: tuple[tuple[Section, dict[str, Any]], ...] = (("extra_data", filled.extra_data), ("metrics", filled.metrics))
        for section, entries in sections:
            targets = hint.links(section)
            for name, value in getattr(hint, section).items():
                target = targets.get(name)
                if target is None:
                    entries[name] = encode(value)
                elif target in later or (entered := self._ledger.entry(target)) is None:
                    filled.missing.append((section, target))
                else:
                    try:
                        entries[name] = self._entry(hint, section, target, entered)
                    except PackError as error:
                        filled.wrong.append(error)
        return filled

    def wait(self, hint: LogHint, filled: Filled | None) -> None:
        """Remember an artifact's links until they are settled; one whose links are all filled does not wait."""
        self._waiting.pop(hint.key, None)
        if filled is not None and (filled.missing or filled.wrong):
            self._waiting[hint.key] = hint

    def settle(self, keys: Collection[str] | None = None) -> tuple[list[Exception], list[str]]:
        """Fill the links that wait; what is still missing is left out.

        Args:
            keys: Of which artifacts; ``None`` for all.

        Returns:
            What failed, and what was left out.
        """
        failures: list[Exception] = []
        left_out: list[str] = []
        for key in [key for key in self._waiting.copy() if keys is None or key in keys]:
            with self._ledger.turn(fold(key)):
                hint = self._waiting.pop(key, None)
                entered = self._ledger.entry(key)
                if hint is None or entered is None or not isinstance(artifact := entered.output, Artifact):
                    continue
                filled = self.fill(hint)
                failures += filled.wrong
                left_out += [
                    f"{section} of {key!r} link to {target!r}, which was not packed; the link is left out. {self._ledger.meant(target)}"
                    for section, target in filled.missing
                ]
                try:
                    self._write(artifact, filled)
                except PackagersError as error:
                    error.key = error.key or key
                    failures.append(error)
                except Exception as error:  # noqa: BLE001 - whatever keeps one artifact's links from being written, the others are
                    failure = PackError(f"its links cannot be written: {error}", key=key, file=artifact.path)
                    failure.__cause__ = error
                    failures.append(failure)
        return failures, left_out

    def _write(self, artifact: Artifact, filled: Filled) -> None:
        manifest = filled.of(artifact.manifest)
        if manifest == artifact.manifest:
            return
        package = rewrite_manifest(artifact.package, manifest, self._signer, full=self._full)
        self._ledger.relink(Artifact(package, self._registry))

    def _entry(self, hint: LogHint, section: Section, target: str, entered: Entry) -> dict[str, Any]:
        """Give the entry of one link.

        Raises:
            PackError: For a link that this section cannot have, or into another folder.
        """
        output, recorded, root = entered.output, entered.recorded, entered.root
        holds_artifacts = isinstance(output, Bundle) and any(isinstance(item, Artifact) for item in output.items.values())
        if recorded is not None and not holds_artifacts:
            return {LINK: target, **entry_of(recorded)}
        if section == "metrics":
            what = "holds artifacts" if holds_artifacts else "is an artifact"
            raise PackError(f"metrics link to results, and {target!r} {what}", key=hint.key, remedy="Link it in extra_data.")
        if self._ledger.root_of(hint).resolve() != root.resolve():
            raise PackError(
                f"{target!r} stands in another folder, and links are by key", key=hint.key, remedy="Give both the same artifact_path."
            )
        return {LINK: target, "digest": output.digest} if isinstance(output, Artifact) else {LINK: target}
