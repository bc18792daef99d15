"""The rows of artifacts: which object a run made, under which key, with which tag, labels and links."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from packagers import Artifact, DataItem
from packagers_runs.nearest import nearest
from packagers_runs.store.addresses import Address, kind_of
from packagers_runs.store.engine import Database
from packagers_runs.store.errors import ArtifactNotFoundError, StoreError
from packagers_runs.store.objects import MANIFEST
from packagers_runs.store.runrows import DEFAULT_PROJECT, Attempt
from packagers_runs.store.schema import artifacts, claims

GIVEN = 0
"""The attempt of what a run did not make but was given: its handler and its live inputs. Their keys begin with a dot, as no others do."""
_SHOWN = 1000
_NEWEST = (artifacts.c.made.desc(), artifacts.c.id.desc())  # what was imported is as old as it was where it was made
_GIVE_BACK = delete(claims).where(claims.c.uid == bindparam("this_uid"), claims.c.iteration == bindparam("this_iteration"))
_SUMMARY = tuple(column for column in artifacts.c if column is not artifacts.c.manifest)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An artifact that a run made.

    Attributes:
        key: Its name.
        project: Of the run.
        uid: Of the run.
        iteration: Of the run.
        attempt: Of the run.
        kind: The artifact type.
        object_type: The type path of the value.
        digest: Identifies the data.
        size: Bytes of the payload.
        tag: The name of this version; empty where it has none.
        labels: Free text by name.
        links: ``extra_data`` and ``metrics``, as the manifest holds them.
        made: When, in seconds since 1970.
        payload: What its manifest calls the payload folder.
        stored: What the object calls it.
        number: Grows with every artifact that is recorded.
    """

    key: str
    project: str
    uid: str
    iteration: int
    attempt: int
    kind: str
    object_type: str
    digest: str
    size: int
    tag: str
    labels: Mapping[str, str]
    links: Mapping[str, Any]
    made: float
    payload: str
    stored: str
    number: int

    @property
    def address(self) -> Address:
        """The address that always means this one."""
        return Address(self.key, self.project, kind_of(self.kind), self.iteration, "", self.uid)


class Prepared(NamedTuple):
    """An artifact that is about to be recorded.

    Attributes:
        key: The name that it is recorded under.
        columns: Of its row.
        folder: Where its package is, if its object may have to be put still.
    """

    key: str
    columns: dict[str, Any]
    folder: Path | None

    @property
    def digest(self) -> str:
        """Of the object."""
        return str(self.columns["digest"])


class ArtifactRows:
    """The artifacts of a store.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self, key: str, source: Artifact | Path | Address, project: str) -> Prepared:
        """Check every byte of a package and tell what is to be recorded; of an artifact that is recorded already, its own row.

        Of what this process has packed itself, the manifest has to be the very one that it has written, and its files what they were then.

        Args:
            key: The name to record it under.
            source: A package, or the address of what another run made.
            project: The project in which an address is looked for that names none.
        """
        Address(key)  # says what is wrong with the key
        if isinstance(source, Address):
            with self._database.reading() as connection:
                row = self._row(connection, source, project, artifacts.c)
            kept = ("kind", "object_type", "digest", "size", "tag", "labels", "links", "manifest", "payload", "stored")
            return Prepared(key, {name: row._mapping[name] for name in kept}, None)
        folder = source.path if isinstance(source, Artifact) else source
        manifest = _manifest_in(folder)
        if isinstance(source, Artifact) and source.package.text == manifest:
            source.package.check_files()
            return Prepared(key, columns_of(source, manifest), folder)
        artifact = DataItem(folder).unpack(Artifact)
        if not isinstance(artifact, Artifact):
            raise StoreError("this is no package", key=key, file=folder, remedy="Pack the value first.")
        artifact.package.verify()  # its manifest was just read
        return Prepared(key, columns_of(artifact, manifest), folder)

    def claim(self, connection: Connection, attempt: Attempt, digests: Iterable[str]) -> None:
        """Keep objects from being collected as long as an attempt lives, or until it has recorded them."""
        wanted = sorted(set(digests))
        mine = (claims.c.uid == attempt.uid, claims.c.iteration == attempt.iteration, claims.c.attempt == attempt.number)
        known = set(connection.execute(select(claims.c.digest).where(*mine)).scalars())
        for digest in wanted:
            # Who removes an object holds this lock meanwhile: it is removed before, and seen to be gone, or not at all.
            self._database.lock(connection, digest)
        new = [
            {"digest": digest, "uid": attempt.uid, "iteration": attempt.iteration, "attempt": attempt.number}
            for digest in wanted
            if digest not in known
        ]
        if new:
            connection.execute(insert(claims), new)

    def record(self, connection: Connection, attempt: Attempt, project: str, made: Iterable[Prepared], *, is_end: bool) -> None:
        """Record what an attempt made, and give its claims back.

        Args:
            connection: Of the transaction to do it in.
            attempt: The attempt.
            project: Of the run.
            made: What it made; each with the name of the object's payload folder.
            is_end: Whether what earlier attempts recorded goes.
        """
        rows = list(made)
        if is_end and attempt.number > 1:
            earlier = artifacts.c.attempt.not_in((attempt.number, GIVEN))
            connection.execute(delete(artifacts).where(*_of(attempt), earlier))
        if rows:
            connection.execute(delete(artifacts).where(*_of(attempt), artifacts.c.key.in_([row.key for row in rows])))
            now = self._database.now(connection)
            common = {"uid": attempt.uid, "iteration": attempt.iteration, "attempt": attempt.number, "project": project, "made": now}
            connection.execute(insert(artifacts), [{"key": row.key, **row.columns, **common} for row in rows])
        if is_end:
            connection.execute(_GIVE_BACK, {"this_uid": attempt.uid, "this_iteration": attempt.iteration})
        elif rows:  # another thread may be about to record something else
            own = (claims.c.uid == attempt.uid, claims.c.iteration == attempt.iteration)
            connection.execute(delete(claims).where(*own, claims.c.digest.in_([row.digest for row in rows])))

    def find(self, address: Address, project: str = DEFAULT_PROJECT, payload: str | None = None) -> Recorded:
        """Find an artifact.

        Args:
            address: Its address.
            project: The project of an address that names none.
            payload: What its manifest calls the payload folder, where it must be the one.

        Raises:
            ArtifactNotFoundError: Where there is none; it says what is near.
        """
        with self._database.reading() as connection:
            return _recorded(self._row(connection, address, project, _SUMMARY, payload))

    def manifest(self, recorded: Recorded) -> bytes:
        """Give the manifest that the run wrote."""
        with self._database.reading() as connection:
            found = connection.execute(select(artifacts.c.manifest).where(artifacts.c.id == recorded.number)).scalar_one_or_none()
        if found is None:
            raise ArtifactNotFoundError("the artifact was removed meanwhile", address=str(recorded.address))
        return zlib.decompress(found)

    def list(
        self,
        *,
        project: str | None = None,
        key: str | None = None,
        kind: str | None = None,
        tag: str | None = None,
        uid: str | None = None,
        iteration: int | None = None,
        digest: str | None = None,
        size: int | None = None,
        limit: int | None = None,
        given: bool = False,
    ) -> list[Recorded]:
        """Give artifacts, the newest first; each argument that is given leaves out what differs.

        Args:
            project: Of the run.
            key: Of the artifact.
            kind: The artifact type.
            tag: Of the artifact.
            uid: Of the run.
            iteration: Of the run.
            digest: Of the data.
            size: Bytes of the payload.
            limit: The most to give.
            given: Whether to give what runs were given, in place of what they made.
        """
        wanted: dict[str, Any] = {"project": project, "key": key, "kind": kind, "tag": tag, "uid": uid, "iteration": iteration}
        wanted |= {"digest": digest, "size": size}
        conditions = [artifacts.c[name] == value for name, value in wanted.items() if value is not None]
        conditions.append(artifacts.c.attempt == GIVEN if given else artifacts.c.attempt != GIVEN)
        query = select(*_SUMMARY).where(*conditions).order_by(*_NEWEST).limit(limit)
        with self._database.reading() as connection:
            return [_recorded(row) for row in connection.execute(query)]

    def _row(self, connection: Connection, address: Address, project: str, columns: Any, payload: str | None = None) -> Any:
        query = select(*columns).where(artifacts.c.project == (address.project or project), artifacts.c.key == address.key)
        exact = {"iteration": address.iteration, "uid": address.uid, "tag": address.tag, "kind": address.artifact_type, "payload": payload}
        for name, value in exact.items():
            if value or name == "iteration":
                query = query.where(artifacts.c[name] == value)
        row: Any = connection.execute(query.order_by(*_NEWEST).limit(1)).one_or_none()
        if row is None:
            raise self._missing(connection, address, address.project or project)
        return row

    def _missing(self, connection: Connection, address: Address, project: str) -> ArtifactNotFoundError:
        same = select(*_SUMMARY).where(artifacts.c.project == project, artifacts.c.key == address.key).order_by(*_NEWEST).limit(3)
        others = [str(_recorded(row).address) for row in connection.execute(same)]
        if others:
            what, remedy = f"no artifact {address.key!r} has the address {address}", f"There is {', '.join(others)}."
        else:
            what = f"there is no artifact {address.key!r} in the project {project!r}"
            keys = (
                connection.execute(select(artifacts.c.key).where(artifacts.c.project == project).distinct().limit(_SHOWN)).scalars().all()
            )
            near = nearest(address.key, keys)
            elsewhere = connection.execute(select(artifacts.c.project).where(artifacts.c.key == address.key).limit(1)).scalar_one_or_none()
            remedy = "`list_artifacts()` shows those there are."
            if elsewhere is not None:
                remedy = f"The project {elsewhere!r} has one: {Address(address.key, elsewhere)}."
            elif near is not None:
                remedy = f"Did you mean {near!r}?"
        return ArtifactNotFoundError(what, address=str(address), remedy=remedy)


def columns_of(artifact: Artifact, manifest: bytes) -> dict[str, Any]:
    """Give what the row of an artifact says of a package.

    Args:
        artifact: The package.
        manifest: Its manifest, as it is written.
    """
    told = artifact.manifest
    links = {name: dict(found) for name, found in (("extra_data", told.extra_data), ("metrics", told.metrics)) if found}
    return {
        "kind": artifact.artifact_type,
        "object_type": artifact.object_type,
        "digest": artifact.digest,
        "size": told.size,
        "tag": artifact.tag,
        "labels": json.dumps(artifact.labels),
        "links": json.dumps(links),
        "manifest": _compressed(manifest),
        "payload": told.payload,
    }


def _manifest_in(folder: Path) -> bytes:
    """Read the manifest of a package; nothing where there is none."""
    try:
        with open(os.path.join(folder, MANIFEST), "rb", buffering=0) as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return b""


def _compressed(text: bytes) -> bytes:
    """Compress a text with as much memory as its length needs: to make room for what zlib takes by itself costs more than to compress."""
    window = min(max(len(text).bit_length(), 9), 15)
    compressor = zlib.compressobj(6, zlib.DEFLATED, window, window - 7)
    return compressor.compress(text) + compressor.flush()


def _of(attempt: Attempt) -> tuple[Any, ...]:
    return artifacts.c.uid == attempt.uid, artifacts.c.iteration == attempt.iteration


def _recorded(row: Any) -> Recorded:
    found = dict(row._mapping)
    found["number"] = found.pop("id")
    return Recorded(**{**found, "labels": json.loads(found["labels"]), "links": json.loads(found["links"])})
