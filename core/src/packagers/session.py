"""A session: packs the values of one run together, itemizes and links them, and records its results when it closes."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from contextvars import ContextVar, Token
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from packagers import config, policy, results, scratch
from packagers.artifact import Artifact, Bundle, Outputs, Result
from packagers.dataitem import DataItem
from packagers.errors import PackagersError, PackagersWarning, PackError, PackingFailed
from packagers.jsonvalue import encode
from packagers.loghint import LogHint
from packagers.manifest import Manifest, Written
from packagers.names import check_name, did_you_mean
from packagers.outline import DEEPEST, Outline, is_itemizable, items_of
from packagers.package import Signer, remove_package, write_manifest
from packagers.registry import Registry, default_registry
from packagers.source import url_of
from packagers.writing import Writer

Hint = str | Mapping[str, Any] | LogHint
Output = Artifact | Result | Bundle
_current: ContextVar[Session | None] = ContextVar("packagers_session", default=None)


def current_session() -> Session | None:
    """Give the session that this thread or task is in."""
    return _current.get()


class Session:
    """Packs the values of one run into one folder.

    A context manager: inside of it :func:`packagers.handler` packs, and temporary space lives as long as it does.

    Args:
        folder: Where packages and ``results.json`` go; made when something is packed.
        registry: Finds the packagers; that of what is installed if not given.
        signer: ``"user"`` signs with the user's key, ``None`` leaves everything unsigned, a function gets a seal and gives its signature.
        record: Whether results are written to ``results.json``; ``False`` is for a caller with a record of its own, ``"packages"`` writes
            each result as a package.
        errors: ``"raise"`` one group of all failures, or ``"warn"`` of each; by default as the settings say.
        settings: Values that beat the configured settings.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        registry: Registry | None = None,
        signer: Signer | Literal["user"] | None = "user",
        record: bool | Literal["packages"] = True,
        errors: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        if url_of(folder):
            raise PackError(
                f"packages are not written to a URL ({folder})", remedy="Pack into a local folder; packagers-runs has stores at URLs."
            )
        self.folder = Path(folder)
        self.registry = registry or default_registry()
        self.settings = config.settings.resolve(self.registry.project, **{**dict(settings or {}), "errors": errors or (settings or {}).get("errors")})
        self._signer: Signer | None = policy.sign_seal if signer == "user" else signer
        self._writer = Writer(self.registry, self.settings, self._signer)
        self._record = record
        self._outputs: dict[str, Output] = {}
        self._names: dict[str, str] = {}
        self._values: dict[str, Manifest] = {}
        self._unwritten: set[str] = set()
        self._packed: set[str] = set()
        self._links: dict[str, LogHint] = {}
        self._lock = threading.RLock()
        self._stack = ExitStack()
        self._token: Token[Session | None] | None = None

    def __enter__(self) -> Session:
        self._stack.enter_context(scratch.scope())
        self._token = _current.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.close()
        finally:
            if self._token is not None:
                _current.reset(self._token)
            self._stack.close()

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """The artifacts so far, by key."""
        return {key: output for key, output in self._outputs.items() if isinstance(output, Artifact)}

    @property
    def results(self) -> dict[str, Any]:
        """The values of the results so far, by key."""
        return {key: output.value for key, output in self._outputs.items() if isinstance(output, Result)}

    def pack(self, obj: Any, hint: Hint, *, exist: str = "replace") -> Output:
        """Pack one value.

        Args:
            obj: The value.
            hint: How it is to be logged.
            exist: ``"replace"`` a package of that key whole, or ``"error"``.

        Raises:
            PackagersError: Where it cannot be packed; a group of such errors where items cannot.
        """
        parsed = LogHint.parse(hint)
        failures: list[Exception] = []
        output = self._pack(obj, parsed, exist, failures)
        if failures:
            raise failures[0] if len(failures) == 1 else PackingFailed(f"{len(failures)} items of {parsed.key!r} could not be packed", failures)
        assert output is not None
        return output

    def unpack(self, source: Any, hint: Any = None, **options: Any) -> Any:
        """Unpack a package, file, URL, artifact or data item with this session's registry; see :func:`packagers.unpack`."""
        return DataItem(source, registry=self.registry).unpack(hint, **options)

    def pack_returns(self, value: Any, hints: Any) -> Outputs:
        """Pack what a function returned.

        Exactly a ``tuple`` is split into values. A hint of ``None`` drops its value on purpose.

        Args:
            value: What was returned.
            hints: A log hint, or a list of them, one for each value.

        Raises:
            PackingFailed: Where values could not be packed; the others were, and stand in its ``outputs``.
        """
        given = _as_list(hints)
        automatic = self.settings.auto_pack_outputs
        if not self.settings.enabled or not config.is_logging_worker(self.settings) or not (given or automatic):
            return Outputs({}, value)
        values = list(value) if type(value) is tuple and not self.settings.pack_tuples else [value]
        if not given and value is None:
            values = []
        failures: list[Exception] = []
        before = set(self._outputs)
        for index in range(max(len(values), len(given))):
            if index >= len(values):
                if given[index] is not None:
                    _warn(f"the log hint {given[index]!r} has no value: {len(values)} were returned")
                continue
            try:
                parsed = self._hint_of(given, index)
                if parsed is not None:
                    self._pack(values[index], parsed, "replace", failures)
            except PackagersError as error:
                failures.append(error)
        made = {key: output for key, output in self._outputs.items() if key not in before or key in self._packed}
        self._resolve_links(failures)
        outputs = Outputs(made, value)
        if failures and self.settings.errors == "warn":
            for failure in failures:
                _warn(str(failure))
        elif failures:
            raise PackingFailed(f"{len(failures)} of the outputs could not be packed", failures, outputs=outputs)
        return outputs

    def _hint_of(self, given: list[Any], index: int) -> LogHint | None:
        """Give the hint of one returned value; ``None`` drops the value."""
        if index < len(given):
            return None if given[index] is None else LogHint.parse(given[index])
        key = f"{self.settings.auto_pack_key}_{index}"
        if not self.settings.auto_pack_outputs:
            raise PackError(
                f"returned value {index} has no log hint and would be lost", remedy=f"Add a hint for it, None to drop it, or set auto_pack_outputs ({key!r})."
            )
        return LogHint(key)

    def close(self) -> None:
        """Resolve the links and record the results; the session can go on afterwards."""
        failures: list[Exception] = []
        with self._lock:
            self._resolve_links(failures)
            if self._record is True and (self._unwritten or self._packed):
                self._write_results()
        if failures:
            raise failures[0]

    def _write_results(self) -> None:
        if not self.folder.is_dir() and not self._unwritten:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        new = {key: self._values[key] for key in self._outputs if key in self._unwritten}
        full = self.settings.durability == "full"
        results.record_results(self.folder, new, self._packed, self._signer, full=full)
        for key in new:
            remove_package(self.folder / key)
        self._unwritten.clear()
        self._packed.clear()

    def _pack(self, obj: Any, hint: LogHint, exist: str, failures: list[Exception]) -> Output | None:
        """Pack a value or its items; failures go into the list, so that the rest is packed all the same."""
        try:
            if hint.itemized is False or not is_itemizable(obj):
                return self._pack_one(obj, hint, exist)
            return self._pack_items(obj, hint, exist, failures)
        except PackagersError as error:
            error.key = error.key or hint.key
            failures.append(error)
            return None

    def _pack_one(self, obj: Any, hint: LogHint, exist: str) -> Artifact | Result:
        check_name(hint.key)
        self._check_collision(hint.key)
        plan = self._writer.plan(obj, hint)
        manifest = self._writer.value_of(plan)
        if manifest is None:
            if hint.metrics and plan.artifact_type != "model":
                raise PackError(f"metrics are for models, and this is packed as {plan.artifact_type}", key=hint.key, remedy="Use extra_data.")
            package = self._writer.write(plan, self._root_of(hint), exist=exist)
            if hint.extra_data or hint.metrics:
                self._links[hint.key] = hint
            return self._remember(Artifact(package, self.registry))
        for name in ("tag", "labels", "extra_data", "metrics", "artifact_path"):
            if getattr(hint, name):
                raise PackError(f"a result has no {name}", key=hint.key, remedy=f'Pack it as an artifact: "{hint.key} : file", for example.')
        return self._remember_value(manifest, obj, exist)

    def _remember_value(self, manifest: Manifest, obj: Any, exist: str) -> Result:
        if self._record == "packages":
            self._writer.write_value(manifest, self.folder, exist=exist)
        with self._lock:
            self._values[manifest.key] = manifest
            self._unwritten.add(manifest.key)
            self._packed.discard(manifest.key)
        result = Result(manifest.key, obj)
        self._add(manifest.key, result)
        return result

    def _remember(self, artifact: Artifact) -> Artifact:
        with self._lock:
            self._values.pop(artifact.key, None)
            self._unwritten.discard(artifact.key)
            self._packed.add(artifact.key)
        self._add(artifact.key, artifact)
        return artifact

    def _add(self, key: str, output: Output) -> None:
        with self._lock:
            self._outputs.pop(key, None)
            self._outputs[key] = output
            self._names[key.casefold()] = key

    def _check_collision(self, key: str) -> None:
        other = self._names.get(key.casefold(), key)
        if other != key:
            raise PackError(f"the keys {other!r} and {key!r} differ in case alone, and some file systems do not", key=key, remedy="Rename one.")

    def _root_of(self, hint: LogHint) -> Path:
        if hint.artifact_path is not None and url_of(hint.artifact_path):
            raise PackError(f"packages are not written to a URL ({hint.artifact_path})", key=hint.key, remedy="Give a local folder.")
        return self.folder / hint.artifact_path if hint.artifact_path else self.folder

    def _pack_items(self, obj: Any, hint: LogHint, exist: str, failures: list[Exception]) -> Bundle | None:
        """Pack the items of a container one by one, then record its shape under the key."""
        if hint.extra_data or hint.metrics:
            raise PackError("an itemized value has no links of its own", key=hint.key, remedy="Link from an output that is not itemized.")
        check_name(hint.key)
        self._check_collision(hint.key)
        items: dict[str, Artifact | Result] = {}
        nodes: dict[int, Any] = {}
        before = len(failures)
        self._pack_level(obj, hint, exist, (), items, nodes, failures)
        if len(failures) > before:
            return None
        structure = Outline(self.registry, nodes).encode(obj)
        found = self.registry.find(obj, "file")
        manifest = Manifest(hint.key, Written(found.registration.identity, str(found.registration.path), "result"), value=structure)
        self._remember_value(manifest, obj, exist)
        bundle = Bundle(hint.key, obj, items)
        self._add(hint.key, bundle)
        return bundle

    def _pack_level(
        self,
        obj: Any,
        hint: LogHint,
        exist: str,
        above: tuple[int, ...],
        items: dict[str, Artifact | Result],
        nodes: dict[int, Any],
        failures: list[Exception],
    ) -> None:
        """Pack one level of items, and those below it."""
        depth = len(above)
        for name, item in items_of(obj).items():
            leaf = replace(hint, key=f"{hint.key}_{name}", itemized=False)
            try:
                deeper = hint.itemized is True or depth + 1 < hint.itemized
                if deeper and is_itemizable(item) and id(item) not in above and depth < DEEPEST:
                    self._pack_level(item, replace(hint, key=leaf.key), exist, (*above, id(item)), items, nodes, failures)
                    continue
                if leaf.key in items:
                    raise PackError(f"two items have the key {leaf.key!r}", remedy="Itemize one level less, or rename a key.")
                output = self._pack_one(item, leaf, exist)
                items[leaf.key] = output
                nodes[id(item)] = {"$link": leaf.key} if isinstance(output, Artifact) else self._values[leaf.key].value
            except PackagersError as error:
                error.key = error.key or leaf.key
                failures.append(error)

    def _resolve_links(self, failures: list[Exception]) -> None:
        """Put the links of hints into the manifests of their artifacts, now that everything is packed."""
        for key, hint in list(self._links.items()):
            artifact = self._outputs.get(key)
            if isinstance(artifact, Artifact):
                try:
                    extra_data = self._resolve(key, hint, "extra_data")
                    metrics = self._resolve(key, hint, "metrics")
                    manifest = artifact.manifest.with_links(extra_data, metrics)
                    full = self.settings.durability == "full"
                    self._outputs[key] = Artifact(write_manifest(artifact.path, manifest, self._signer, full=full), self.registry)
                except PackagersError as error:
                    error.key = error.key or key
                    failures.append(error)
        self._links.clear()

    def _resolve(self, key: str, hint: LogHint, section: Literal["extra_data", "metrics"]) -> dict[str, Any]:
        """Give the entries of one section as the manifest holds them."""
        links = hint.links(section)
        found: dict[str, Any] = {}
        for name, value in getattr(hint, section).items():
            if name not in links:
                found[name] = encode(value)
                continue
            target = links[name]
            if target in self._values:
                found[name] = {"$link": target, "value": self._values[target].value}
            elif isinstance(self._outputs.get(target), Artifact):
                if section == "metrics":
                    raise PackError(f"metrics link to results, and {target!r} is an artifact", key=key, remedy="Link it in extra_data.")
                found[name] = {"$link": target, "digest": self.artifacts[target].digest}
            else:
                _warn(f"{section} of {key!r} link to {target!r}, which was not packed; the link is left out. {did_you_mean(target, self._outputs)}")
        return found


def _as_list(hints: Any) -> list[Any]:
    if hints is None:
        return []
    return [hints] if isinstance(hints, (str, Mapping, LogHint)) else list(hints)


def _warn(message: str) -> None:
    warnings.warn(message, PackagersWarning, stacklevel=3)
