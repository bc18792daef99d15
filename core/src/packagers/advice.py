"""What to say, and what to do, where there is no packager for something."""

from __future__ import annotations

from collections.abc import Sequence

from packagers.catalogue import pip_line, plugin_for
from packagers.choice import Candidate
from packagers.errors import NoPackagerError, UnknownArtifactTypeError
from packagers.shelf import Shelf
from packagers.subject import Direction, Subject


def missing_plugin(asked: Subject, shelf: Shelf) -> str | None:
    """Give the plugin of ours for the type of a subject, where it is not installed."""
    plugin = plugin_for(asked.path.package)
    return plugin if plugin is not None and not shelf.of_distribution(plugin) else None


def no_packager(
    asked: Subject, artifact_type: str | None, candidates: Sequence[Candidate], shelf: Shelf
) -> NoPackagerError | UnknownArtifactTypeError:
    """Make the error for something that nobody takes.

    Args:
        asked: What a packager was looked for.
        artifact_type: As what, or from what; ``None`` for anything.
        candidates: All candidates for it, whatever the artifact type.
        shelf: Everything that is registered.
    """
    verb = asked.direction
    # One that takes other values says nothing of this one; one that has only the other direction does.
    loaded = [candidate.packager for candidate in candidates if candidate.fault in ("", f"it does not {verb}")]
    known = sorted({name for candidate in candidates if not candidate.fault for name in candidate.packager.artifact_types(verb)})
    if artifact_type is not None and known:
        plugin = missing_plugin(asked, shelf)
        other: Direction = "unpack" if verb == "pack" else "pack"
        reverse = any(artifact_type in packager.artifact_types(other) for packager in loaded)
        return UnknownArtifactTypeError(
            f"no packager can {verb} {asked.name} as artifact type {artifact_type!r}" + (f", only {other} it" if reverse else ""),
            known=known,
            remedy=f"It can be {verb}ed as: {', '.join(known)}." + (f" {pip_line(plugin)} brings more." if plugin else ""),
        )
    return NoPackagerError(f"no packager can {verb} {asked.name}", remedy=_remedy(asked, candidates, shelf))


def _remedy(asked: Subject, candidates: Sequence[Candidate], shelf: Shelf) -> str:
    plugin = missing_plugin(asked, shelf)
    if plugin is not None:
        return str(pip_line(plugin))
    off = next((candidate.registration.distribution for candidate in candidates if candidate.is_off), None)
    if off is not None:
        return f"Take {off} out of the setting 'disable'."
    return f"Write a packager for it and register it in [tool.packagers.types]; `packagers new NAME --type {asked.path.name}` starts one."
