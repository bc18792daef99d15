"""A target together with what is known of its state, and what made its data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs

from packagers_runs.data.drivers.driver import DataDriver, Written
from packagers_runs.data.drivers.partitions import UNITS
from packagers_runs.data.source import data_path
from packagers_runs.data.targetbase import DataTargetBase
from packagers_runs.models.fields import anything, choice, flag, integer, mapping, model, nested, sequence, text
from packagers_runs.models.modelobj import ModelObj


@model
class FeatureSetProducer(ModelObj):
    """The task or job that made the data of a target.

    Args:
        kind: What it is, such as ``"run"``.
        name: Its name.
        uri: Where it is described.
        owner: Whose it is.
        sources: Where its data came from, by name.
    """

    kind: str | None = text()
    name: str | None = text()
    uri: str | None = text()
    owner: str | None = text()
    sources: dict[str, Any] = mapping()


@model
class DataTarget(DataTargetBase):
    """A target, with what is known of its state; ``write`` keeps that up.

    Args:
        kind: The name of the driver; ``None`` takes the one that the path names.
        name: Its name.
        path: A file, a folder, a database or any URL; with ``{run_id}`` for the folder of one run.
        online: Must not be true: the targets here are files and tables, not stores of keys and values.

    Attributes:
        status: ``"ready"`` once something was written.
        updated: When it was written.
        size: Bytes of all that stands there; ``None`` for a database.
        last_written: The newest time in the data, where a ``time_field`` is known; else when it was written.
        run_id: The run whose folder was written.
        producer: What made the data.
    """

    kind: str | None = text()
    name: str = text("")
    path: Any = anything(check=data_path)
    attributes: dict[str, Any] = mapping(init=False)
    after_step: Any = anything(init=False)
    partitioned: bool = flag(False, init=False)
    key_bucketing_number: int | None = integer(least=0, init=False)
    partition_cols: list[str] = sequence(init=False)
    time_partitioning_granularity: str | None = attrs.field(default=None, init=False, metadata=choice("unit of time", UNITS).metadata)
    max_events: int | None = integer(least=1, init=False)
    flush_after_seconds: int | None = integer(least=1, init=False)
    storage_options: dict[str, Any] = mapping(init=False)
    schema: dict[str, Any] = mapping(init=False)
    credentials_prefix: Any = anything(init=False)
    online: bool | None = flag()
    status: str = text("", init=False)
    updated: str | None = text(init=False)
    size: int | None = integer(init=False)
    last_written: str | None = text(init=False)
    run_id: str | None = text(init=False)
    producer: FeatureSetProducer = attrs.field(default=None, init=False, metadata=nested(FeatureSetProducer).metadata)

    def wrote(self, written: Written, newest: datetime | None, run_id: str | None) -> None:
        """Take note of what stands there now."""
        super().wrote(written, newest, run_id)
        now = datetime.now(UTC)
        self.status, self.size, self.run_id = "ready", written.size, run_id
        self.updated = now.isoformat()
        self.last_written = (newest or now).isoformat()

    def _last_run(self) -> str | None:
        return self.run_id

    def _driver(self) -> DataDriver:
        if self.online:
            raise self._nothing("online", "online means nothing here: targets are files and tables, not stores of keys", "Leave it out.")
        return super()._driver()
