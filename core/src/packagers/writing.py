"""One value into one package: choose, pack, describe, commit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packagers.builtin.streams import StreamPackager
from packagers.config import Resolved
from packagers.describing import SMALL, bounded, versions_of
from packagers.digesting import Digesting
from packagers.digests import canonical
from packagers.draft import Draft
from packagers.errors import PackagersError, PackError
from packagers.jsonvalue import PARTS, atom, flat
from packagers.manifest import MISSING, Manifest, Written
from packagers.package import Package, Signer
from packagers.planning import Plan
from packagers.registry import Found, Registry
from packagers.results import Recorded
from packagers.stream import Stream
from packagers.structure import Walk, type_name
from packagers.typepath import path_of

SKELETON = "skeleton.json"
CHUNKS = "chunks.jsonl"
Commit = Callable[[], Package]
"""Makes visible what has been written."""


class Writer:
    """Packs values one by one.

    Args:
        registry: Finds the packagers.
        settings: The settings of the run.
        signer: Signs what is packed; ``None`` leaves it unsigned.
    """

    def __init__(self, registry: Registry, settings: Resolved, signer: Signer | None) -> None:
        self.registry = registry
        self.settings = settings
        self.signer = signer

    def value_of(self, plan: Plan) -> Any:
        """Give the typed JSON of a value that is a result; ``PARTS`` for one that needs a folder.

        A container is a result by default where it has no heavy leaves and its typed JSON is small.

        Raises:
            PackError: Where a result was asked for and the value is not made of plain values.
        """
        form, found, obj = plan.form, plan.found, plan.obj
        if form.artifact_type != "result":
            return PARTS
        if form.method is not None:
            try:
                obj = self.registry.hooks.pack(found.packager, obj, "result", None, plan.options)
            except PackagersError:
                raise
            except Exception as error:
                raise _failure(found, obj, "result", error) from error
        value = atom(obj)
        return self._value_of(plan, obj) if value is PARTS else value

    def _value_of(self, plan: Plan, obj: Any) -> Any:
        """Give the same of what has parts."""
        if isinstance(plan.found.packager, StreamPackager):
            raise PackError("a stream is no result", key=plan.hint.key, remedy="Leave the artifact type out, or return a list.")
        value = flat(obj)
        if value is not PARTS and _is_small(value):
            return value
        try:
            walk, value = self._walk(obj)
        except PackagersError:
            raise
        except Exception as error:
            raise _failure(plan.found, plan.obj, plan.artifact_type, error) from error
        asked = plan.method is not None or plan.hint.artifact_type == "result"
        if not asked and (walk.leaves or not _is_small(value)):
            plan.walked = walk, value
            return PARTS
        if walk.leaves:
            leaf = walk.leaves[0]
            raise PackError(
                f"{path_of(type(leaf.value))} objects are no plain values",
                key=plan.hint.key,
                leaf=leaf.path,
                remedy=f'Record it as an artifact: "{plan.hint.key}" alone takes the default form of its type.',
            )
        return value

    @contextmanager
    def written(
        self, plan: Plan, root: Path, *, exist: str = "replace", links: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    ) -> Iterator[Commit]:
        """Pack a value into a package folder. In the block it waits to be made visible; what never was is gone afterwards.

        Args:
            plan: What to do.
            root: The folder in which the package's folder is made.
            exist: ``"replace"`` or ``"error"``.
            links: The extra data and the metrics, as the manifest holds them.
        """
        hint = plan.hint
        with _failures_of(plan), Draft(root, hint.key, exist=exist, durability=self.settings.durability) as draft:
            with Digesting(self._algorithm(plan, _form_of(plan))) as digesting:
                if isinstance(plan.found.packager, StreamPackager):
                    manifest = self._write_stream(plan, draft)
                elif plan.method is None:
                    manifest = self._write_container(plan, draft)
                else:
                    written = self._pack(plan.found, plan.obj, plan.artifact_type, draft.payload, plan.options)
                    manifest = self._manifest(plan, plan.artifact_type, written=written, folder=draft.payload)
            if links is not None:
                manifest = manifest.with_links(*links)
            finished = draft.finish(manifest, self._algorithm(plan, manifest.written.form), digesting)
            yield lambda: draft.commit(finished, self.signer)

    @contextmanager
    def written_value(
        self, key: str, recorded: Recorded, root: Path, *, exist: str = "replace", plan: Plan | None = None
    ) -> Iterator[Commit]:
        """Write a result as a package of its own, whose manifest holds the value and no files; it waits in the same way.

        Args:
            key: The key of the result.
            recorded: By which packager, as what type, and what :meth:`value_of` gave.
            root: The folder in which the package's folder is made.
            exist: ``"replace"`` or ``"error"``.
            plan: Of the value; its summaries are added.
        """
        written, value = recorded
        manifest = Manifest(key, written, value=value) if plan is None else self._manifest(plan, "result", written=written, value=value)
        with Draft(root, key, exist=exist, durability=self.settings.durability) as draft:
            finished = draft.finish(manifest)
            yield lambda: draft.commit(finished, self.signer)

    def _algorithm(self, plan: Plan, form: str) -> str:
        """Say what digests the files: xxh3, where it is wanted, only of what is read as data, for it vouches for nothing else."""
        is_data = plan.method is not None and plan.found.packager.READERS.get(form) == "data"
        return self.settings.digest if is_data else "blake3"

    def _write_container(self, plan: Plan, draft: Draft) -> Manifest:
        walk, skeleton = plan.walked or self._walk(plan.obj)
        parts = walk.pack_leaves(draft.payload, self._pack_leaf) if walk.leaves else []
        artifact_type = "file" if plan.artifact_type == "result" else plan.artifact_type
        text = canonical(skeleton)
        if len(text) > SMALL:
            (draft.payload / SKELETON).write_bytes(json.dumps(skeleton, ensure_ascii=True, allow_nan=False).encode())
            skeleton = MISSING
        return self._manifest(plan, artifact_type, skeleton=skeleton, parts=tuple(parts))

    def _walk(self, obj: Any) -> tuple[Walk, Any]:
        walk = Walk(self.registry)
        return walk, walk.encode(obj)

    def _write_stream(self, plan: Plan, draft: Draft) -> Manifest:
        """Pack an iterator chunk by chunk: one line of typed JSON each, heavy leaves in folders of their own."""
        index = 0
        with (draft.payload / CHUNKS).open("w", encoding="ascii") as file:
            try:
                for chunk in plan.obj:
                    node = self._pack_chunk(chunk, draft.payload / f"chunk-{index}")
                    file.write(json.dumps(node, ensure_ascii=True, allow_nan=False) + "\n")
                    index += 1
                    del chunk  # before the next one is made: there is to be one at a time
            except PackagersError as error:
                error.leaf = f"[{index}]{error.leaf or ''}"
                raise
            except Exception as error:
                failure = _failure(plan.found, plan.obj, plan.artifact_type, error)
                failure.leaf = f"[{index}]"
                raise failure from error
        return self._manifest(plan, "file")

    def _pack_chunk(self, chunk: Any, place: Path) -> dict[str, Any]:
        walk = Walk(self.registry)
        node = walk.encode(chunk)
        if not walk.leaves:
            return {"skeleton": node}
        place.mkdir()
        parts = walk.pack_leaves(place, self._pack_leaf)
        return {"parts": [part.to_dict() for part in parts], "skeleton": node}

    def _pack_leaf(self, found: Found, value: Any, folder: Path) -> Written:
        packager = found.packager
        both = {name for name in packager.packs if name in packager.unpacks and name != "result"}
        default = packager.default_artifact_type("pack")
        artifact_type = default if default in both else min(both, default=None)
        if artifact_type is None:
            raise PackError(
                f"{type(packager).__qualname__} has no form that could be read back as a part of a whole",
                remedy="Return the value by itself, with a log hint of its own.",
            )
        return self._pack(found, value, artifact_type, folder, {})

    def _pack(self, found: Found, obj: Any, artifact_type: str, folder: Path, options: Mapping[str, Any]) -> Written:
        """Call the packager's method; check and record what it says."""
        packager = found.packager
        method = packager.packs[artifact_type]
        try:
            instructions = self.registry.hooks.pack(packager, obj, artifact_type, folder, options)
        except PackagersError:
            raise
        except Exception as error:
            raise _failure(found, obj, artifact_type, error) from error
        instructions = {} if instructions is None else instructions
        identity = found.registration.identity
        try:
            same = isinstance(instructions, dict) and (
                not instructions or json.loads(json.dumps(instructions, allow_nan=False)) == instructions
            )
        except (TypeError, ValueError):
            same = False
        if not same:
            raise PackError(f"{identity} returned instructions that are no JSON object: {instructions!r:.200}")
        reader = packager.unpacks.get(artifact_type)
        strange = [n for n in instructions if reader and n not in reader.options and not reader.takes_any_option]
        if strange:
            raise PackError(f"{identity} returned the instruction {strange[0]!r}, which its unpack_{artifact_type} does not take")
        if not instructions and not os.listdir(folder):
            raise PackError(
                f"{identity} wrote no file and returned no instructions: nothing of the value would be kept",
                remedy="Let it write a file, or return what unpacking needs to know.",
            )
        format = instructions.get("format", options.get("format", method.default_format))
        version = packager.VERSIONS.get(format or artifact_type, 1)
        return Written(identity, type_name(obj, found), artifact_type, format, instructions, version)

    def _manifest(
        self, plan: Plan, artifact_type: str, *, written: Written | None = None, folder: Path | None = None, **content: Any
    ) -> Manifest:
        hint, found = plan.hint, plan.found
        written = written or Written(found.registration.identity, type_name(plan.obj, found), artifact_type)
        if isinstance(plan.obj, Stream):
            description, preview = plan.obj.summary(), plan.obj.preview
        else:
            description = bounded(found.packager.describe, plan.obj)
            if folder is not None:
                preview = bounded(found.packager.preview_packed, plan.obj, folder)
            else:
                preview = {} if "value" in content else bounded(found.packager.preview, plan.obj)  # a value that stands there is its own
        return Manifest(
            key=hint.key,
            written=written,
            lossless=written.form not in found.packager.LOSSY,
            description=description,
            preview=preview,
            labels=dict(hint.labels) if hint.labels else {},
            tag=hint.tag,
            versions=versions_of(found.registration),
            **content,
        )


def _form_of(plan: Plan) -> str:
    """Give the form that a value is going to have, unless its packager decides otherwise."""
    format = plan.options.get("format", None if plan.method is None else plan.method.default_format)
    return plan.artifact_type if format is None else str(format)


def _is_small(value: Any) -> bool:
    """Tell whether JSON is small; one character of its ``repr`` is at most twelve of JSON's, and that is quicker to have."""
    return 12 * len(repr(value)) <= SMALL or len(canonical(value)) <= SMALL


@contextmanager
def _failures_of(plan: Plan) -> Iterator[None]:
    """Turn what goes wrong in somebody's code (a packager, a stream, a property) into an error of ours that names it."""
    try:
        yield
    except PackagersError:
        raise
    except Exception as error:
        raise _failure(plan.found, plan.obj, plan.artifact_type, error) from error


def _failure(found: Found, obj: Any, artifact_type: str, error: Exception) -> PackError:
    name = "stream" if isinstance(found.packager, StreamPackager) else path_of(type(obj))
    return PackError(
        f"{found.registration.identity} failed to pack a {name} as {artifact_type}: {type(error).__name__}: {error}",
        distribution=found.registration.distribution,
    )
