"""The values that one call of a session packs: items one by one, links last, and all the others where one fails."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from packagers.artifact import Artifact, Bundle, Result
from packagers.errors import PackagersError, PackError
from packagers.ledger import Ledger, Output, Record, kept
from packagers.linking import Linker
from packagers.loghint import LINK, LogHint
from packagers.names import fold
from packagers.outline import BY_VALUE, is_itemizable, items_of, outline_of, stands_for
from packagers.results import Recorded
from packagers.writing import Commit, Plan, Writer

Job = tuple[Any, LogHint]


class Batch:
    """Packs values, and keeps going where one cannot be packed.

    Args:
        writer: Packs one value.
        ledger: Takes the outputs.
        linker: Fills the links.
        record: Whether results are recorded, and whether each result or shape is a package of its own.
        exist: ``"replace"`` what has the same key, or ``"error"``.
    """

    def __init__(self, writer: Writer, ledger: Ledger, linker: Linker, record: Record, exist: str = "replace") -> None:
        if exist not in ("replace", "error"):
            raise PackError(f"exist cannot be {exist!r}", remedy="It takes 'replace' or 'error'.")
        self._writer = writer
        self._ledger = ledger
        self._linker = linker
        self._record = record
        self._exist = exist
        self._failures: list[tuple[int, Exception]] = []
        self._taken: dict[str, str] = {}
        self._packed: list[tuple[int, Output]] = []
        self._later: set[str] = set()
        self._index = 0

    @property
    def outputs(self) -> dict[str, Output]:
        """What was packed by key, in the order of the values; with the links that were filled since."""
        return {output.key: self._ledger.latest(output) for _, output in sorted(self._packed, key=lambda packed: packed[0])}

    @property
    def failures(self) -> list[Exception]:
        """What could not be packed and why, in the order of the values."""
        return [failure for _, failure in sorted(self._failures, key=lambda failed: failed[0])]

    def pack(self, jobs: Sequence[tuple[int, Any, LogHint]]) -> None:
        """Pack values; those that link to others come last, so that their links are whole from the first moment.

        Args:
            jobs: For each value its position among all, the value, and its hint.
        """
        self._later = {hint.key for _, _, hint in jobs if _has_links(hint)}
        for self._index, obj, hint in sorted(jobs, key=lambda job: _has_links(job[2])):
            self._later.discard(hint.key)
            try:
                if hint.itemized is False or not is_itemizable(obj):
                    self._one(obj, hint)
                else:
                    self._many(obj, hint)
            except Exception as error:  # noqa: BLE001 - whatever keeps one value from being packed, the others are packed
                self.fail(self._index, error, hint.key)

    def fail(self, index: int, error: Exception, key: str | None = None) -> None:
        """Remember a failure.

        Args:
            index: The position of the value among all.
            error: What happened.
            key: The key that was to be packed.
        """
        if isinstance(error, PackagersError):
            error.key = error.key or key
        else:
            what = str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            failure = PackError(f"the package cannot be written: {what}", key=key, file=getattr(error, "filename", None))
            failure.__cause__ = error
            error = failure
        self._failures.append((index, error))

    def _one(self, obj: Any, hint: LogHint) -> tuple[Artifact | Result, Any]:
        """Pack one value; gives the output, and what stands for it in the outline of a container."""
        root = self._take(hint)
        plan = self._writer.plan(obj, hint)
        recorded = self._writer.value_of(plan)
        if recorded is None:
            artifact = self._write(plan, hint, root)
            self._packed.append((self._index, artifact))
            return artifact, {LINK: hint.key}
        for name in ("tag", "labels", "extra_data", "metrics"):
            if getattr(hint, name):
                raise PackError(f"a result has no {name}", remedy=f'Pack it as an artifact: "{hint.key} : file", for example.')
        result = Result(hint.key, kept(obj))
        with self._as_package(hint.key, recorded, root, plan) as commit, self._ledger.turn(hint.key):
            self._ledger.check_again(hint.key, root, self._exist)
            if commit is not None:
                commit()
            self._ledger.add_result(result, recorded, root)
        self._packed.append((self._index, result))
        return result, BY_VALUE if plan.method is None else stands_for(obj, recorded)

    def _as_package(
        self, key: str, recorded: Recorded, root: Path, plan: Plan | None = None
    ) -> AbstractContextManager[Commit] | AbstractContextManager[None]:
        """Write a result, or an outline, which has no plan, as a package, where each is to be one."""
        if self._record != "packages" and not (self._record == "structures" and plan is None):
            return nullcontext()
        return self._writer.written_value(key, recorded, root, exist=self._exist, plan=plan)

    def _write(self, plan: Plan, hint: LogHint, root: Path) -> Artifact:
        if hint.metrics and plan.artifact_type != "model":
            raise PackError(f"metrics are for models, and this is packed as {plan.artifact_type}", remedy="Use extra_data.")
        filled = self._linker.fill(hint, self._later) if _has_links(hint) else None
        links = filled and (filled.extra_data, filled.metrics)
        with self._writer.written(plan, root, exist=self._exist, links=links) as commit, self._ledger.turn(hint.key):
            self._ledger.check_again(hint.key, root, self._exist)
            artifact = self._ledger.add_artifact(Artifact(commit(), self._writer.registry), root)
            self._linker.wait(hint, filled)
        return artifact

    def _many(self, obj: Any, hint: LogHint) -> None:
        """Pack the items of a container one by one, then record its shape under its key."""
        if _has_links(hint):
            raise PackError("an itemized value has no links of its own", remedy="Link from an output that is not itemized.")
        found, faults = items_of(self._writer.registry, obj, hint.key, hint.itemized)
        if faults:
            for fault in faults:
                self.fail(self._index, fault)
            return
        root = self._take(hint)
        items: dict[str, Artifact | Result] = {}
        packed: dict[int, Any] = {}
        for item in found:
            try:
                items[item.key], packed[id(item.value)] = self._one(item.value, hint.for_item(item.key))
            except Exception as error:  # noqa: BLE001 - see pack
                self.fail(self._index, error, item.key)
        if len(items) < len(found):
            return
        outline = outline_of(self._writer.registry, obj, packed)
        bundle = Bundle(hint.key, obj, items)
        with self._as_package(hint.key, outline, root) as commit, self._ledger.turn(hint.key):
            self._ledger.check_again(hint.key, root, self._exist)
            if commit is not None:
                commit()
            self._ledger.add_bundle(bundle, outline, root)
        self._packed.append((self._index, bundle))

    def _take(self, hint: LogHint) -> Any:
        """Take a key; gives the folder in which it is to stand."""
        folded = fold(hint.key)
        if folded in self._taken:
            raise PackError(
                f"two outputs have the key {hint.key!r}"
                if self._taken[folded] == hint.key
                else f"the keys {self._taken[folded]!r} and {hint.key!r} differ in case alone, and some file systems do not",
                remedy="Rename one of them.",
            )
        root = self._ledger.root_of(hint)
        self._ledger.check(hint.key, root, self._exist)
        self._taken[folded] = hint.key
        return root


def _has_links(hint: LogHint) -> bool:
    return bool(hint.extra_data or hint.metrics)
