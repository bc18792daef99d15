"""A plugin that turns packing and unpacking into spans of OpenTelemetry, and runs into the spans around them.

Install it by naming this module in the entry-point group ``packagers`` of a distribution::

    [project.entry-points.packagers]
    spans = "opentelemetry_spans"

Every pack and unpack is a span with the key, the type and the bytes, and ends as an error where the packager fails. A run that is launched
by :func:`launch` is the span that those of its handler and of its outputs are in. Where no tracer provider is set, nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from opentelemetry import trace

from packagers import hookimpl
from packagers_runs import Function, RunError, RunObject

tracer = trace.get_tracer("packagers")


@hookimpl(wrapper=True)
def packagers_pack(packager: Any, obj: Any, artifact_type: str, folder: Path | None) -> Generator[None, Any, Any]:
    """Make a span of one pack, and pass on what it gives, or how it fails."""
    with tracer.start_as_current_span(f"pack {artifact_type}") as span:
        span.set_attribute("packagers.object_type", f"{type(obj).__module__}.{type(obj).__qualname__}")
        _describe(span, packager, artifact_type)
        packed = yield
        if folder is not None:  # a result is recorded and has no files
            _measure(span, folder)
        return packed


@hookimpl(wrapper=True)
def packagers_unpack(packager: Any, artifact_type: str, source: Any) -> Generator[None, Any, Any]:
    """Make a span of one unpack, and pass on what it gives, or how it fails."""
    with tracer.start_as_current_span(f"unpack {artifact_type}") as span:
        _describe(span, packager, artifact_type)
        if isinstance(source, Path):
            _measure(span, source)
        obj = yield
        span.set_attribute("packagers.object_type", f"{type(obj).__module__}.{type(obj).__qualname__}")
        return obj


def launch(function: Function, **arguments: Any) -> RunObject:
    """Launch a run inside of a span, which tells what became of it.

    Args:
        function: What ``packagers_runs.new_function()`` gave.
        **arguments: Those of its ``run()``.
    """
    with tracer.start_as_current_span(f"run {function.name or 'function'}") as span:
        try:
            run = function.run(**arguments)
        except RunError as error:
            _tell(span, error.run)
            raise
        _tell(span, run)
        return run


def _tell(span: trace.Span, run: RunObject) -> None:
    span.update_name(f"run {run.metadata.name}")
    span.set_attribute("packagers.run.uid", str(run.uid()))
    span.set_attribute("packagers.run.state", str(run.status.state))


def _describe(span: trace.Span, packager: Any, artifact_type: str) -> None:
    span.set_attribute("packagers.artifact_type", artifact_type)
    span.set_attribute("packagers.packager", type(packager).__qualname__)


def _measure(span: trace.Span, folder: Path) -> None:
    """Tell the key, and the bytes of the payload; a payload folder stands in that of its package."""
    span.set_attribute("packagers.key", folder.parent.name)
    span.set_attribute("packagers.bytes", sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))
