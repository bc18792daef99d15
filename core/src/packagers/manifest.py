"""The manifest: what ``manifest.json`` says of a package.

Schema version 1. The text is a JSON object, one field a line in declared order, ASCII, and nothing else: a reader writes what it has read
and compares the bytes, so that no changed bit goes unseen.

How to change the format, step by step:

1. Add the field to :class:`Manifest` with a default that means "as before"; where it has that, :meth:`Manifest.to_dict` leaves it out.
2. Raise ``VERSION`` by one and write what changed into this list: a reader refuses fields that it does not know, and says of a newer
   version that it is one.
3. Keep :meth:`Manifest.from_dict` able to read every older version: turn the old dict into the new one before the checks.
4. Add a package of the old version to ``tests/golden`` before you change anything.

Versions: 1, the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from blake3 import blake3

from packagers.digests import BLOCK_SIZE
from packagers.document import Document
from packagers.errors import PackagersError, UnpackError
from packagers.names import check_name, fold, shorten
from packagers.sealed import checked, malformed, read_text

VERSION = 1
NAME = "manifest.json"
_MOST_RIGHT = 1 << 16
_right: set[bytes] = set()
"""The digests of the manifests that this process has read and found right."""

_DIGEST = re.compile(r"blake3:[0-9a-f]{64}|xxh3:[0-9a-f]{32}")
_PAYLOAD = re.compile(r"[0-9a-f]{8}")
_NOWHERE = frozenset({"", ".", ".."})
_PART = re.compile(r"part-[0-9]{1,9}")


class _Missing:
    """The value of a package that has none (``None`` is a value)."""

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One payload file.

    Attributes:
        path: Relative to the payload folder, with ``/``.
        size: In bytes.
        digest: Of the whole file.
        blocks: Digests of its 1 MiB blocks; empty for files up to 8 MiB.
    """

    path: str
    size: int
    digest: str
    blocks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        found: dict[str, Any] = {"path": self.path, "size": self.size, "digest": self.digest}
        return {**found, "blocks": list(self.blocks)} if self.blocks else found

    @classmethod
    def from_dict(cls, data: Any) -> FileEntry:
        """Read and check the JSON form."""
        _check_fields(data, _FILE_FIELDS, ("path", "size", "digest"))
        entry = cls.made_of(data)
        check_path(entry.path)
        is_covered = not entry.blocks or len(entry.blocks) == -(-entry.size // BLOCK_SIZE)
        if entry.size < 0 or not is_covered or not all(map(_is_digest, (entry.digest, *entry.blocks))):
            raise malformed(f"the entry of file {entry.path!r} makes no sense")
        return entry

    @classmethod
    def made_of(cls, data: Mapping[str, Any]) -> FileEntry:
        """Make it of a JSON form that is known to be right."""
        return cls(data["path"], data["size"], data["digest"], tuple(data.get("blocks", ())))


@dataclass(frozen=True, slots=True)
class Written:
    """How one payload was written: by which packager, as what.

    Attributes:
        packager: ``distribution:module.Class``, or ``project:module.Class``.
        object_type: The type path of the value.
        artifact_type: As what it was packed.
        format: The format of the bytes, where the method has several.
        instructions: What the packager wants to be told when unpacking.
        version: Of the format, or of the artifact type where there are no formats, as the packager counts.
    """

    packager: str
    object_type: str
    artifact_type: str
    format: str | None = None
    instructions: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def form(self) -> str:
        """The name under which a packager's declarations speak of what was written: the format, or else the artifact type."""
        return self.format or self.artifact_type

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form; a first version goes without saying."""
        return {
            "object_type": self.object_type,
            "artifact_type": self.artifact_type,
            "packager": self.packager,
            "format": self.format,
            **({"format_version": self.version} if self.version != 1 else {}),
            "instructions": dict(self.instructions),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Written:
        """Read and check the JSON form."""
        _check_fields(data, _WRITTEN_FIELDS, ("packager", "object_type", "artifact_type"))
        if data.get("format_version", 1) < 1:
            raise malformed(f"its format has the version {data['format_version']}")
        return cls.made_of(data)

    @classmethod
    def made_of(cls, data: Mapping[str, Any]) -> Written:
        """Make it of a JSON form that is known to be right."""
        given = data.get
        instructions, version = given("instructions") or {}, given("format_version", 1)
        return cls(data["packager"], data["object_type"], data["artifact_type"], given("format"), instructions, version)


@dataclass(frozen=True, slots=True)
class Part:
    """A heavy leaf of a container, or several of one class, in a sub-folder of the payload.

    Attributes:
        written: How the leaf was written.
        folder: The sub-folder.
        many: Whether the part holds several leaves as one list.
    """

    written: Written
    folder: str
    many: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {**self.written.to_dict(), "folder": self.folder, "many": self.many}

    @classmethod
    def from_dict(cls, data: Any) -> Part:
        """Read and check the JSON form."""
        _check_fields(data, _PART_FIELDS, ("folder",))
        if not _PART.fullmatch(data["folder"]):
            raise malformed(f"no part is called {data['folder']!r}")
        Written.from_dict(data)
        return cls.made_of(data)

    @classmethod
    def made_of(cls, data: Mapping[str, Any]) -> Part:
        """Make it of a JSON form that is known to be right."""
        return cls(Written.made_of(data), data["folder"], data.get("many", False))


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is recorded of one package.

    Attributes:
        key: The key it was packed under.
        written: How the value was written.
        value: The typed JSON of a result; ``MISSING`` for all else.
        skeleton: The typed JSON of a container whose heavy leaves are ``parts``; ``MISSING`` where there is none in the manifest.
        parts: The heavy leaves of a container.
        payload: The name of the payload folder; empty where there is none.
        files: The payload files.
        lossless: Whether unpacking gives back all of the value.
        description: A summary for people.
        preview: A small picture or table.
        labels: Free text by name.
        tag: A name for this version.
        extra_data: Links and values by name.
        metrics: Links to results by name.
        versions: Of Python and of the libraries involved, by name.
        version: Of the schema; an old manifest keeps its own, for its digest tells it.
    """

    key: str
    written: Written
    value: Any = MISSING
    skeleton: Any = MISSING
    parts: tuple[Part, ...] = ()
    payload: str = ""
    files: tuple[FileEntry, ...] = ()
    lossless: bool = True
    description: Mapping[str, Any] = field(default_factory=dict)
    preview: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""
    extra_data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    version: int = VERSION
    _digest: str = field(default="", init=False, repr=False, compare=False)

    @property
    def size(self) -> int:
        """The bytes of all payload files."""
        return sum(file.size for file in self.files)

    @property
    def digest(self) -> str:
        """Identify what was packed: equal data, equal digest, whatever the key, the time and the place."""
        if not self._digest:
            fields = self._fields()  # of which previews and labels, say, may be large, and do not count
            self._digested(Document({name: fields[name] for name in _DIGESTED if name in fields}))
        return self._digest

    def _digested(self, document: Document) -> str:
        """Give the digest, and remember it.

        Args:
            document: The JSON form.
        """
        files = sorted(self.files, key=lambda file: file.path)
        more = {
            "version": self.version,
            "parts": [part.to_dict() for part in self.parts],
            "files": [{"path": file.path, "size": file.size, "digest": file.digest} for file in files],
        }
        object.__setattr__(self, "_digest", document.digest_of(_DIGESTED, more))
        return self._digest

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, in declared order, without what is empty, without seal and signature."""
        return {**self._fields(), "digest": self.digest}

    def document(self) -> Document:
        """Give the JSON form, encoded."""
        document = Document(self._fields())
        document.set("digest", self._digest or self._digested(document))
        return document

    def _fields(self) -> dict[str, Any]:
        """Give the JSON form, the digest left empty."""
        found: dict[str, Any] = {"packagers": self.version, "key": self.key, **self.written.to_dict()}
        found["lossless"] = self.lossless
        found["digest"] = ""
        if self.value is not MISSING:
            found["value"] = self.value
        if self.skeleton is not MISSING:
            found["skeleton"] = self.skeleton
        if self.parts:
            found["parts"] = [part.to_dict() for part in self.parts]
        if self.payload:
            found["payload"] = self.payload
            found["files"] = [file.to_dict() for file in self.files]
        for name in _PLAIN:
            value = getattr(self, name)
            if value:
                found[name] = value if type(value) is str else dict(value)
        return found

    @classmethod
    def from_dict(cls, data: Any, document: Document | None = None) -> Manifest:
        """Read and check the JSON form.

        Args:
            data: The JSON form.
            document: The same, encoded, where it was already.

        Raises:
            IntegrityError: For anything that :meth:`to_dict` does not write.
            UnpackError: For a version that is newer than this one.
        """
        _check_fields(data, {"packagers": int}, ("packagers",))
        version = data["packagers"]
        if version < 1:
            raise malformed(f"there is no format version {version}")
        if version > VERSION:
            raise UnpackError(
                f"the package has format version {version}, and this is packagers for versions up to {VERSION}",
                remedy="pip install --upgrade packagers",
            )
        _check_fields(data, _FIELDS, ("key",))
        Written.from_dict(data)
        for kind, name in ((Part, "parts"), (FileEntry, "files")):
            for each in data.get(name, ()):
                kind.from_dict(each)
        if data.get("payload") and not _PAYLOAD.fullmatch(data["payload"]):
            raise malformed(f"no payload folder is called {data['payload']!r}")
        manifest = cls.made_of(data)
        _checked_name(manifest.key, "key")
        made = manifest._fields()
        made["digest"] = manifest._digested(document or Document(data))
        _check_strange(made, data)
        check_paths(file.path for file in manifest.files)
        if len({part.folder for part in manifest.parts}) < len(manifest.parts):
            raise malformed("two of its parts stand in one folder")
        if manifest.tag:
            _checked_name(manifest.tag, "tag")
        if not all(isinstance(text, str) for texts in (manifest.labels, manifest.versions) for text in texts.values()):
            raise malformed("its labels and versions are not all text")
        return manifest

    @classmethod
    def made_of(cls, data: Mapping[str, Any]) -> Manifest:
        """Make it of a JSON form that is known to be right."""
        given = data.get
        manifest = cls(
            data["key"],
            Written.made_of(data),
            given("value", MISSING),
            given("skeleton", MISSING),
            tuple([Part.made_of(part) for part in given("parts", ())]),
            given("payload", ""),
            tuple([FileEntry.made_of(file) for file in given("files", ())]),
            given("lossless", True),
            version=data["packagers"],
            **{name: data[name] for name in _PLAIN if name in data},
        )
        object.__setattr__(manifest, "_digest", given("digest", ""))
        return manifest

    def with_links(self, extra_data: Mapping[str, Any], metrics: Mapping[str, Any]) -> Manifest:
        """Give the manifest with these links."""
        return replace(self, extra_data=dict(extra_data), metrics=dict(metrics))


_DIGESTED = ("object_type", "artifact_type", "format", "format_version", "instructions", "value", "skeleton")
_PLAIN = ("description", "preview", "labels", "tag", "extra_data", "metrics", "versions")
_FILE_FIELDS = {"path": str, "size": int, "digest": str, "blocks": list}
_WRITTEN_FIELDS = {
    "packager": str,
    "object_type": str,
    "artifact_type": str,
    "format": (str, type(None)),
    "instructions": dict,
    "format_version": int,
}
_PART_FIELDS = {"folder": str, "many": bool}
_FIELDS = {
    "key": str,
    "payload": str,
    "parts": list,
    "files": list,
    "lossless": bool,
    **{name: str if name == "tag" else dict for name in _PLAIN},
}


def check_path(path: str) -> None:
    """Check that the path of a file, with ``/``, stays in its folder on every system.

    Raises:
        IntegrityError: Where it does not.
    """
    segments = path.split("/")
    if segments[0][1:2] == ":" or not _NOWHERE.isdisjoint(segments) or "\\" in path or "\0" in path:
        raise malformed(f"the file name {path!r} leaves the package")


def check_paths(paths: Iterable[str]) -> None:
    """Check that files can stand beside one another on every file system.

    Args:
        paths: Their paths, with ``/``.

    Raises:
        IntegrityError: Where two have one name, also if only upper and lower case tell them apart; or where one stands where another needs
            a folder.
    """
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        folded = fold(path)
        if folded in files:
            raise malformed(f"its files {files[folded]!r} and {path!r} are one on some systems")
        files[folded] = path
        while "/" in folded:
            folded = folded.rpartition("/")[0]
            folders[folded] = path
    for folded in files.keys() & folders.keys():
        raise malformed(f"its file {files[folded]!r} stands where {folders[folded]!r} needs a folder")


def read_manifest(file: BinaryIO) -> tuple[Manifest, str, dict[str, Any] | None]:
    """Read a manifest from a file; give it, its seal and its signature. Bytes that this process has checked before it does not check again.

    Raises:
        IntegrityError: Where a single bit is not as it was written.
        UnpackError: For a version that is newer than this one.
    """
    text = read_text(file)
    name = blake3(text).digest()
    if name in _right:
        data = json.loads(text)
        seal, signature = data.pop("seal"), data.pop("signature", None)
        return Manifest.made_of(data), seal, signature
    data, seal, signature, document = checked(text)
    manifest = Manifest.from_dict(data, document)
    if len(_right) >= _MOST_RIGHT:
        _right.clear()
    _right.add(name)
    return manifest, seal, signature


def _check_fields(data: Any, kinds: Mapping[str, Any], required: Iterable[str]) -> None:
    """Check that the fields of a JSON object have the types that they are to have; others do not count."""
    fields = data if isinstance(data, dict) else {}
    for name in required:
        if name not in fields:
            raise malformed(f"its field {name!r} is missing")
    for name, value in fields.items():
        kind = kinds.get(name)
        if kind is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise malformed(f"its field {name!r} is {type(value).__name__}")


def _check_strange(made: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Check that what was read is what would be written: no other field, and nothing that goes without saying."""
    if made["digest"] != data.get("digest"):
        raise malformed("its content does not have the recorded digest")
    if made != data:
        strange = sorted(name for name in {*made, *data} if name not in made or name not in data or made[name] != data[name])
        raise malformed(f"its {', '.join(shorten(repr(name)) for name in strange[:5])} cannot stand there so")


def _is_digest(text: Any) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def _checked_name(name: str, what: str) -> str:
    try:
        return check_name(name, what)
    except PackagersError as error:
        raise malformed(str(error.args[0])) from None
