"""The tables of a store, schema version 1.

How to change them, step by step:

1. Raise ``VERSION`` in ``queries.py`` by one and say below what changed.
2. Add Alembic with one migration from the version before, run under the lock of :func:`engine.Database.prepare`; until then there is
   nothing to migrate from.
3. Keep a store of the old version in the tests, made by the release that wrote it.

Versions: 1, the first.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

from packagers_runs.store.queries import VERSION as VERSION

metadata = MetaData()

meta = Table(
    "packagers_store",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
"""What is true of the whole store: ``schema`` (the version) and ``id`` (what its artifacts are marked with)."""

runs = Table(
    "packagers_runs",
    metadata,
    Column("uid", String(64), primary_key=True),
    Column("iteration", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, nullable=False),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("owner", Text),  # the process that the run dies with, as liveness.py tells it; NULL where none has it in hand
    Column("lease", Float),  # until when the owner is taken to be alive where its process cannot be seen
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("document", Text, nullable=False),
    Column("values", LargeBinary),  # what of the document is no JSON, as freezing.py tells it
    Index("packagers_runs_by_creation", "created"),
    Index("packagers_runs_by_project", "project", "created"),
    Index("packagers_runs_by_name", "name", "created"),
    Index("packagers_runs_by_state", "state", "created"),
)

labels = Table(
    "packagers_labels",
    metadata,
    Column("uid", String(64), primary_key=True),
    Column("iteration", Integer, primary_key=True, autoincrement=False),
    Column("name", String(200), primary_key=True),
    Column("value", Text, nullable=False),
    Index("packagers_labels_by_name", "name"),
)

artifacts = Table(
    "packagers_artifacts",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # grows with every artifact that is recorded
    Column("uid", String(64), nullable=False),
    Column("iteration", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("project", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("digest", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("tag", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("links", Text, nullable=False),
    Column("manifest", LargeBinary, nullable=False),  # as the run packed it, compressed
    Column("payload", String(20), nullable=False),  # what that manifest calls the payload folder
    Column("stored", String(20), nullable=False),  # what the object calls it, whoever packed that
    Column("made", Float, nullable=False),
    Index("packagers_artifacts_by_run", "uid", "iteration", "key", unique=True),
    Index("packagers_artifacts_by_key", "project", "key", "iteration", "made", "id"),
    Index("packagers_artifacts_by_digest", "digest"),
    Index("packagers_artifacts_by_time", "made", "id"),
)

claims = Table(
    "packagers_claims",
    metadata,
    Column("digest", String(100), primary_key=True),
    Column("uid", String(64), primary_key=True),
    Column("iteration", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
)
"""Objects that a run is about to record: none of them is collected while it lives."""

logs = Table(
    "packagers_logs",
    metadata,
    Column("uid", String(64), primary_key=True),
    Column("iteration", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # bytes before this piece
    Column("text", LargeBinary, nullable=False),
)
"""What runs print, piece by piece."""
