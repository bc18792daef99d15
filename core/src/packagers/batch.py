"""The values that one call of a session packs: items one by one, links last, and all the others where one fails."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from packagers.artifact import Artifact, Bundle, Result
from packagers.errors import PackagersError, PackError
from packagers.jsonvalue import PARTS
from packagers.ledger import ATOMS, Output
from packagers.loghint import LINK, LogHint
from packagers.names import fold
from packagers.outline import BY_VALUE, is_itemizable, items_of, outline_of, stands_for
from packagers.packing import Packed, Packer


class Batch:
    """Packs values, and keeps going where one cannot be packed.

    Args:
        packer: Packs one value.
        exist: ``"replace"`` what has the same key, or ``"error"``.
    """

    __slots__ = ("_exist", "_failures", "_has_linking", "_index", "_indices", "_later", "_outputs", "_packer", "_taken")

    def __init__(self, packer: Packer, exist: str = "replace") -> None:
        self._packer = packer
        self._exist = exist
        self._failures: list[tuple[int, Exception]] = []
        self._taken: dict[str, str] = {}
        self._outputs: list[Output] = []
        self._indices: list[int] = []
        self._later: set[str] = set()
        self._index = 0
        self._has_linking = False

    @property
    def outputs(self) -> dict[str, Output]:
        """What was packed by key, in the order of the values; with the links that were filled since."""
        outputs, latest = self._outputs, self._packer.ledger.latest
        if self._has_linking:
            outputs = [outputs[at] for at in sorted(range(len(outputs)), key=self._indices.__getitem__)]
        return {output.key: latest(output) if type(output) is Artifact else output for output in outputs}

    @property
    def artifacts(self) -> set[str]:
        """The keys of what was packed as artifacts."""
        return {output.key for output in self._outputs if type(output) is Artifact}

    @property
    def failures(self) -> list[Exception]:
        """What could not be packed and why, in the order of the values."""
        return [failure for _, failure in sorted(self._failures, key=_BY_INDEX)] if self._failures else []

    def pack(self, jobs: Iterable[tuple[int, Any, LogHint]]) -> None:
        """Pack values; those that link to others come last, so that their links are whole from the first moment.

        Args:
            jobs: For each value its position among all, the value, and its hint; each is asked for when the one before is packed.
        """
        linking = []
        for job in jobs:
            if job[2].has_links:
                linking.append(job)
            else:
                self._pack(*job)
        if linking:
            self._has_linking = True
            self._later = {hint.key for _, _, hint in linking}
            for job in linking:
                self._later.discard(job[2].key)
                self._pack(*job)

    def _pack(self, index: int, obj: Any, hint: LogHint) -> None:
        self._index = index
        try:
            if hint.itemized is False or not is_itemizable(obj):
                self._one(obj, hint)
            else:
                self._many(obj, hint)
        except Exception as error:  # noqa: BLE001 - whatever keeps one value from being packed, the others are packed
            self.fail(index, error, hint.key)

    def fail(self, index: int, error: Exception, key: str | None = None) -> None:
        """Remember a failure.

        Args:
            index: The position of the value among all.
            error: What happened.
            key: The key that was to be packed.
        """
        self._failures.append((index, failure_of(error, key)))

    def _one(self, obj: Any, hint: LogHint) -> Packed:
        """Pack one value."""
        self._take(hint)
        packed = self._packer.pack(obj, hint, self._exist, self._later)
        self._enter(packed[0])
        return packed

    def _enter(self, output: Output) -> None:
        self._outputs.append(output)
        self._indices.append(self._index)

    def _many(self, obj: Any, hint: LogHint) -> None:
        """Pack the items of a container one by one, then record its shape under its key."""
        if hint.has_links:
            raise PackError("an itemized value has no links of its own", remedy="Link from an output that is not itemized.")
        registry = self._packer.writer.registry
        found, faults = items_of(registry, obj, hint.key, hint.itemized)
        if faults:
            for fault in faults:
                self.fail(self._index, fault)
            return
        self._take(hint)
        root = self._packer.ledger.root_of(hint)
        self._packer.ledger.check(hint.key, fold(hint.key), root, self._exist)
        items: dict[str, Artifact | Result] = {}
        packed: dict[int, Any] = {}
        for item in found:
            try:
                one = self._one(item.value, hint.for_item(item.key))
                items[item.key] = one[0]
                node = _node(one, item.value)
                if node is not BY_VALUE or type(item.value) not in ATOMS:  # an atom that is recorded as it is has no parts
                    packed[id(item.value)] = node
            except Exception as error:  # noqa: BLE001 - see pack
                self.fail(self._index, error, item.key)
        if len(items) < len(found):
            return
        outline = outline_of(registry, obj, packed)
        bundle = Bundle(hint.key, obj, items)
        self._packer.enter_bundle(bundle, outline, root, self._exist)
        self._enter(bundle)

    def _take(self, hint: LogHint) -> None:
        """Take a key: no two values of a batch have one."""
        folded = fold(hint.key)
        if folded in self._taken:
            raise PackError(
                f"two outputs have the key {hint.key!r}"
                if self._taken[folded] == hint.key
                else f"the keys {self._taken[folded]!r} and {hint.key!r} differ in case alone, and some file systems do not",
                remedy="Rename one of them.",
            )
        self._taken[folded] = hint.key


def failure_of(error: Exception, key: str | None) -> Exception:
    """Give what keeps a value from being packed as an error of ours that names the key."""
    if isinstance(error, PackagersError):
        error.key = error.key or key
        return error
    what = str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
    failure = PackError(f"the package cannot be written: {what}", key=key, file=getattr(error, "filename", None))
    failure.__cause__ = error
    return failure


def _node(packed: Packed, obj: Any) -> Any:
    """Give what stands for an item in the outline of its container."""
    output, plan, value = packed
    if value is PARTS:
        return {LINK: output.key}
    return BY_VALUE if plan.form.method is None else stands_for(obj, plan.form.written, value)


_BY_INDEX = itemgetter(0)
