"""One value under one key: a result in memory, or a package on disk, entered among the outputs of its session."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from packagers.artifact import Artifact, Bundle, Result
from packagers.errors import PackError
from packagers.jsonvalue import PARTS
from packagers.ledger import Ledger, Record, kept
from packagers.linking import Linker
from packagers.loghint import LogHint
from packagers.manifest import Written
from packagers.names import fold
from packagers.planning import Plan, Planner
from packagers.results import Recorded
from packagers.writing import Commit, Writer

Packed = tuple[Artifact | Result, Plan, Any]
"""What became of one value: the output, how it was packed, and the typed JSON of a result (``PARTS`` of an artifact)."""


class Packer:
    """Packs values one by one, each as an output of a session.

    Args:
        writer: Packs one value.
        ledger: Takes the outputs.
        linker: Fills the links.
        record: Whether results are recorded, and whether each result or shape is a package of its own.
    """

    def __init__(self, writer: Writer, ledger: Ledger, linker: Linker, record: Record) -> None:
        self.writer = writer
        self._planner = Planner(writer.registry)
        self.ledger = ledger
        self.linker = linker
        self._has_packages = record == "packages"
        self._has_structures = record in ("packages", "structures")

    def pack(self, obj: object, hint: LogHint, exist: str, later: Collection[str] = ()) -> Packed:
        """Pack one value whole.

        Args:
            obj: The value.
            hint: How it is to be logged.
            exist: ``"replace"`` an output of that key, or ``"error"``.
            later: Keys that are still to be packed, though there may be older outputs of that name.
        """
        key, ledger = hint.key, self.ledger
        folded = fold(key)
        root = ledger.folder if hint.artifact_path is None else ledger.root_of(hint)
        ledger.check(key, folded, root, exist)
        plan = self._planner.plan(obj, hint)
        value = self.writer.value_of(plan)
        if value is PARTS:
            return self._write(plan, hint, root, exist, later), plan, PARTS
        if hint.is_for_artifacts:
            raise _for_artifacts(hint)
        result, written = Result(key, kept(obj)), plan.form.written
        if self._has_packages:
            recorded = Recorded(written, value)
            self._enter_package(result, recorded, root, exist, self.writer.written_value(key, recorded, root, exist=exist, plan=plan))
        else:
            self._enter(result, folded, written, value, root, exist)
        return result, plan, value

    def enter_bundle(self, bundle: Bundle, outline: Recorded, root: Path, exist: str) -> None:
        """Enter a container whose items have been packed, with its shape.

        Args:
            bundle: The container.
            outline: Its shape.
            root: The folder in which it stands.
            exist: As above.
        """
        if self._has_structures:
            self._enter_package(bundle, outline, root, exist, self.writer.written_value(bundle.key, outline, root, exist=exist))
        else:
            self._enter(bundle, fold(bundle.key), *outline, root, exist)

    def _enter(self, output: Result | Bundle, folded: str, written: Written, value: Any, root: Path, exist: str) -> None:
        ledger = self.ledger
        with ledger.turn(folded):
            ledger.check(output.key, folded, root, exist)
            ledger.add(output, folded, root, written, value)

    def _enter_package(
        self, output: Result | Bundle, recorded: Recorded, root: Path, exist: str, written: AbstractContextManager[Commit]
    ) -> None:
        key, folded = output.key, fold(output.key)
        self.ledger.check_place(key, root)
        with written as commit, self.ledger.turn(folded):
            self.ledger.check(key, folded, root, exist)
            commit()
            self.ledger.add(output, folded, root, *recorded)

    def _write(self, plan: Plan, hint: LogHint, root: Path, exist: str, later: Collection[str]) -> Artifact:
        if hint.metrics and plan.artifact_type != "model":
            raise PackError(f"metrics are for models, and this is packed as {plan.artifact_type}", remedy="Use extra_data.")
        key, folded = hint.key, fold(hint.key)
        self.ledger.check_place(key, root)
        filled = self.linker.fill(hint, later) if hint.has_links else None
        links = filled and (filled.extra_data, filled.metrics)
        with self.writer.written(plan, root, exist=exist, links=links) as commit, self.ledger.turn(folded):
            self.ledger.check(key, folded, root, exist)
            artifact = Artifact(commit(), self.writer.registry)
            self.ledger.add(artifact, folded, root)
            self.linker.wait(hint, filled)
        return artifact


def _for_artifacts(hint: LogHint) -> PackError:
    """Say what a hint has that a result cannot have."""
    name = next(name for name in ("tag", "labels", "extra_data", "metrics") if getattr(hint, name))
    return PackError(f"a result has no {name}", remedy=f'Pack it as an artifact: "{hint.key} : file", for example.')
