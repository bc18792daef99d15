"""Runs, as their documents tell of them."""

from __future__ import annotations

from typing import Any, Self

from packagers_runs import names
from packagers_runs.fields import model, nested
from packagers_runs.nearest import unknown_name
from packagers_runs.status import ABORTION_STATES, ERROR_STATES, RunStatus
from packagers_runs.template import RunTemplate


@model
class RunObject(RunTemplate):
    """A run: a task, and how far it has come.

    Args:
        spec: What it is to do.
        metadata: What names it.
        status: How far it has come, and what it gave.
    """

    status: RunStatus = nested(RunStatus)

    @classmethod
    def from_template(cls, template: RunTemplate) -> Self:
        """Make a run of a task, which shares nothing with it.

        Args:
            template: The task.
        """
        return cls(template.spec.copy(), template.metadata.copy())

    def uid(self) -> str | None:
        """Give the uid of the run, ``None`` before it is launched."""
        return self.metadata.uid

    @property
    def error(self) -> str:
        """What went wrong, in one text; empty if nothing did."""
        status = self.status
        if status.state not in ERROR_STATES | ABORTION_STATES:
            return ""
        unsaid = "The run was aborted" if status.state in ABORTION_STATES else "Unknown error"
        return status.error or status.status_text or status.reason or unsaid

    @property
    def outputs(self) -> dict[str, Any]:
        """What came out: the results by key, then the addresses of artifacts."""
        return {**self.status.results, **self.status.artifact_uris}

    def output(self, key: str) -> Any:
        """Give one result, or the address of one artifact.

        Args:
            key: Its key.

        Raises:
            UnknownNameError: Nothing of this key came out; says what did.
        """
        found = self.outputs
        if key not in found:
            raise unknown_name("output", key, found, owner=f"the run {self.metadata.name or self.metadata.uid or ''}".rstrip())
        return found[key]

    @staticmethod
    def create_uri(project: str | None, uid: str, iteration: int | str = 0, tag: str | None = "") -> str:
        """Write the URI of a run, see :func:`packagers_runs.names.create_uri`."""
        return names.create_uri(project, uid, iteration, tag)

    @staticmethod
    def parse_uri(uri: str) -> tuple[str, str, str, str]:
        """Read the URI of a run, see :func:`packagers_runs.names.parse_uri`."""
        return names.parse_uri(uri)
