"""Containers: taken apart into typed JSON and heavy leaves, and put together again.

A container is walked once. What typed JSON can hold stands in the skeleton; an object of a container class is ``{"$object": its type,
"packager": …, "items": …, "state": …}``; a small value of a plugin's is ``{"$value": …, "packager": …}``; a heavy leaf is ``{"$part": n}``,
or ``{"$part": n, "item": i}`` where the leaves of one class were packed together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from packagers.builtin.containers import ObjectContainer
from packagers.builtin.fallback import ObjectPackager
from packagers.builtin.streams import StreamPackager
from packagers.errors import PackagersError, PackError, UnpackError
from packagers.jsonvalue import Decoder, Encoder
from packagers.manifest import Part, Written
from packagers.packager import Packager
from packagers.policy import find_class, import_class
from packagers.registry import Found, Registry
from packagers.typepath import STREAM, distance, lookup, path_of

PackLeaf = Callable[[Found, Any, Path], Written]


@dataclass
class Leaf:
    """A heavy leaf: the value, where it stands, its packager, and its node in the skeleton."""

    value: Any
    path: str
    found: Found
    node: dict[str, Any] = field(default_factory=dict)


class Walk:
    """One walk over a container.

    Args:
        registry: Finds the packagers of what the container holds.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._by_value: dict[int, Leaf] = {}
        self._members: dict[int, tuple[Any, Any]] = {}
        self.leaves: list[Leaf] = []

    def encode(self, obj: Any) -> Any:
        """Take a container apart; gives the skeleton, and remembers the heavy leaves."""
        encoder = self._new_encoder()
        return encoder.finish(encoder.encode(obj))

    def _new_encoder(self) -> Encoder:
        """Make the encoder of one container; none is kept, for the two would hold each other, and the values, until a collection."""
        return Encoder(self._default)

    def pack_leaves(self, folder: Path, pack: PackLeaf) -> list[Part]:
        """Pack the heavy leaves, those of one class together where a packager of ``list[X]`` takes them.

        Args:
            folder: Each part gets a sub-folder of it.
            pack: Packs one value with a packager into a folder.
        """
        groups: dict[tuple[type[Any], str], list[Leaf]] = defaultdict(list)
        for leaf in self.leaves:
            groups[type(leaf.value), leaf.found.registration.identity].append(leaf)
        parts: list[Part] = []

        def add(value: Any, found: Found, leaves: list[Leaf], many: bool) -> None:
            place = folder / f"part-{len(parts)}"
            place.mkdir()
            try:
                written = pack(found, value, place)
            except PackagersError as error:
                error.leaf = _culprit(leaves, pack, folder).path + (error.leaf or "")
                raise
            for index, leaf in enumerate(leaves):
                leaf.node.update({"$part": len(parts), "item": index} if many else {"$part": len(parts)})
            parts.append(Part(written, place.name, many))

        fallback = [leaf for group in groups.values() for leaf in group if isinstance(leaf.found.packager, ObjectPackager)]
        if len(fallback) > 1:
            add([leaf.value for leaf in fallback], fallback[0].found, fallback, many=True)
        for group in groups.values():
            if len(fallback) > 1 and group[0].found.packager is fallback[0].found.packager:
                continue
            values = [leaf.value for leaf in group]
            together = self._together(values) if len(values) > 1 else None
            if together is not None:
                add(values, together, group, many=True)
                continue
            for leaf in group:
                add(leaf.value, leaf.found, [leaf], many=False)
        return parts

    def _together(self, values: list[Any]) -> Found | None:
        """Find a packager that takes the leaves of one class as one list."""
        found = self._registry.find(values)
        path = found.registration.path
        return found if path is not None and path.items and not found.packager.is_container() else None

    def _default(self, obj: Any, encoder: Encoder) -> Any:
        """Encode what is no plain value: a container, a small value of a plugin's, or a heavy leaf."""
        if id(obj) in self._members:
            return self._members[id(obj)][1]
        if id(obj) in self._by_value:
            return self._by_value[id(obj)].node
        try:
            found = self._registry.find(obj)
            packager = found.packager
            if isinstance(packager, StreamPackager):
                raise PackError("a stream stands inside of a container", remedy="Make it a list, or return it as a value of its own.")
            if isinstance(packager, ObjectContainer) and not packager.IDENTITY:
                node = self._object(obj, found, encoder)
                self._members[id(obj)] = obj, node
                return node
            if packager.is_container():
                cyclic = isinstance(packager, ObjectContainer) and packager.CYCLIC
                known = encoder.known(obj, cyclic=cyclic)
                return encoder.done(obj, self._object(obj, found, encoder)) if known is None else known
            if packager.default_artifact_type("pack") == "result" and "result" in packager.unpacks:
                value = self._registry.hooks.pack(packager, obj, "result", None, {})
                if value is not obj:
                    return {"$value": encoder.encode(value), "packager": found.registration.identity, "type": type_name(obj, found)}
        except PackagersError as error:
            error.leaf = error.leaf or encoder.leaf
            raise
        leaf = self._by_value[id(obj)] = Leaf(obj, encoder.leaf, found)
        self.leaves.append(leaf)
        return leaf.node

    def _object(self, obj: Any, found: Found, encoder: Encoder) -> dict[str, Any]:
        check_findable(type(obj), encoder.leaf)
        packager = found.packager
        node: dict[str, Any] = {"$object": type_name(obj, found), "packager": found.registration.identity}
        items = packager.unbundle(obj)
        if not isinstance(items, (list, tuple, dict)):
            raise PackError(
                f"{found.registration.identity} took a {path_of(type(obj))} apart into a {type(items).__qualname__}, not a list or dict",
                leaf=encoder.leaf,
                remedy="Let its unbundle return a list or a dict.",
            )
        if isinstance(obj, (set, frozenset)):
            node["items"] = encoder.unordered(items)
        else:
            node["items"] = encoder.encode(items)
        state = packager.state(obj) if isinstance(packager, ObjectContainer) else {}
        if state:
            node["state"] = encoder.encode(state)
        return node


def _culprit(leaves: list[Leaf], pack: PackLeaf, folder: Path) -> Leaf:
    """Find which of the leaves that were packed together cannot be packed."""
    for index, leaf in enumerate(leaves[1:]):
        place = folder / f"try-{index}"
        place.mkdir()
        try:
            pack(leaf.found, leaf.value, place)
        except PackagersError:
            return leaf
    return leaves[0]


class Readers(NamedTuple):
    """What reads the pieces of a container, each behind the gate.

    Attributes:
        part: Reads a heavy leaf, or several.
        value: Gives the small value of a plugin's of what was recorded.
        link: Reads another package or result of the same folder, by its key.
    """

    part: Callable[[Part], Any]
    value: Callable[[Written, Any], Any]
    link: Callable[[Any], Any]


class Assembly:
    """Puts one container together again.

    Args:
        registry: Finds the packagers that took it apart.
        readers: Read its pieces.
        parts: The parts, as the manifest lists them.
        classes: The classes that the caller's hint names, by path.
    """

    def __init__(self, registry: Registry, readers: Readers, parts: tuple[Part, ...], classes: Mapping[str, type[Any]]) -> None:
        self._registry = registry
        self._readers = readers
        self._parts = parts
        self._classes = classes
        self._values: dict[int, Any] = {}
        self._containers: dict[tuple[str, str], tuple[Packager, tuple[str, ...]]] = {}
        self._resolved: dict[str, type[Any]] = {}

    def decode(self, skeleton: Any) -> Any:
        """Give the container of a skeleton."""
        return Decoder(self._build).decode(skeleton)

    def _build(self, node: dict[str, Any], decoder: Decoder) -> Any:
        if "$part" in node:
            return self._part(node)
        if "$value" in node:
            return self._readers.value(Written(node["packager"], node["type"], "result"), decoder.decode(node["$value"]))
        if "$object" in node:
            return self._object(node, decoder)
        if "$link" in node:
            return self._readers.link(node["$link"])
        raise UnpackError(f"the recorded value has an unknown part {next(iter(node))!r}")

    def _part(self, node: dict[str, Any]) -> Any:
        index = node["$part"]
        if not isinstance(index, int) or not 0 <= index < len(self._parts):
            raise UnpackError("the recorded value refers to a part that is not there")
        if index not in self._values:
            self._values[index] = self._readers.part(self._parts[index])
        value = self._values[index]
        return value[node["item"]] if self._parts[index].many else value

    def _object(self, node: dict[str, Any], decoder: Decoder) -> Any:
        path = node["$object"]
        packager, names = self._container(node["packager"], path)
        cls = self._resolve(path, names)
        if all(distance(name, cls) is None for name in names) or not packager.holds_class(cls):
            raise UnpackError(f"{path} is not what {node['packager']} puts together")
        try:
            return self._put_together(node, decoder, packager, cls)
        except PackagersError:
            raise
        except Exception as error:
            raise UnpackError(
                f"{node['packager']} failed to put a {path} together: {type(error).__name__}: {error}",
                remedy="Use the version of the class that the value was packed with.",
            ) from error

    def _put_together(self, node: dict[str, Any], decoder: Decoder, packager: Packager, cls: type[Any]) -> Any:
        if isinstance(packager, ObjectContainer) and packager.CYCLIC:
            made = decoder.remember(node, packager.empty(cls))
            packager.fill(made, decoder.decode(node["items"]))
        else:
            made = decoder.remember(node, packager.bundle(decoder.decode(node["items"]), cls))
        if "state" in node and isinstance(packager, ObjectContainer):
            packager.restore(made, decoder.decode(node["state"]))
        return made

    def _container(self, identity: str, path: str) -> tuple[Packager, tuple[str, ...]]:
        """Find the packager that puts a container together, and the names of the types that it is registered for."""
        found = self._containers.get((identity, path))
        if found is None:
            registrations = self._registry.recorded(identity, path)
            packager = self._registry.instance(registrations[0]) if registrations else None
            if packager is None or not packager.is_container():
                raise UnpackError(f"the packager {identity} of a {path} is not there")
            found = packager, tuple(registration.path.name for registration in registrations if registration.path is not None)
            self._containers[identity, path] = found
        return found

    def _resolve(self, path: str, registered: tuple[str, ...]) -> type[Any]:
        """Find a class: among those of the hint, or the one that the plugin registered, or for one's own packages by import."""
        found = self._resolved.get(path)
        if found is None:
            found = self._classes.get(path)
            if found is None:
                found = lookup(path) if path in registered else None
                found = found or (find_class if path in registered else import_class)(path, object)
            self._resolved[path] = found
        return found


def type_name(obj: Any, found: Found) -> str:
    """Give the type path that is recorded: the registered one for the very class, else where the class was defined."""
    path = found.registration.path
    return str(path) if path is not None and (found.distance == 0 or path.items or path.name == STREAM) else path_of(type(obj))


def check_findable(cls: type[Any], leaf: str = "") -> None:
    """Refuse a class that another process could not find by its name.

    Raises:
        PackError: For a local class, and one of the script that runs.
    """
    # A generic class that was made for its arguments has the name that pydantic gave it in this process alone.
    is_made = "[" in cls.__name__
    if is_made or cls.__module__ == "__main__" or lookup(path_of(cls)) is not cls:
        why = "it belongs to the script that runs" if cls.__module__ == "__main__" else "it cannot be found by its name"
        what = "Give it a name of its own, as in class Boxes(Box[int])" if is_made else "Move the class to a module"
        raise PackError(
            f"a {cls.__qualname__} cannot be packed in this form: {why}, and another process could not rebuild it",
            leaf=leaf,
            remedy=f'{what}, or ask for artifact type "object" (pickled, class and all).',
        )
