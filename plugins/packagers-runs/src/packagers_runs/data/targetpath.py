"""Where a target is written: a base path, and the folder of one run in it."""

from __future__ import annotations

import os
import re

from packagers_runs.errors import FieldError

PLACEHOLDER = "{run_id}"
"""What stands in a path for the identity of the run that writes."""

_BRACES = re.compile(r"\{[^{}]*\}|[{}]")
_NAME = re.compile(r"[^{}/\\\x00-\x1f\x7f]+")


class TargetPathObject:
    """The path of a target, before and after a run has its identity.

    >>> TargetPathObject("/a/b.csv", "R1", is_single_file=True).get_absolute_path()
    '/a/R1/b.csv'

    Args:
        base_path: A path or URL. With a ``run_id`` it may say where that stands, by ``{run_id}``; otherwise it gets a folder of that name:
            the last one, or for a single file the one that holds the file.
        run_id: The name of the run's folder; without it the path is taken as it is.
        is_single_file: Whether the path names a file, unless it ends with a slash.

    Raises:
        FieldError: For a path or an identity that is empty or of a wrong type, a placeholder without an identity, a placeholder other
            than ``{run_id}``, an identity that is not one name, and a single file directly at the root of a URL.
    """

    def __init__(self, base_path: str | os.PathLike[str] | None = None, run_id: str | None = None, is_single_file: bool = False) -> None:
        self.base_path = _checked_base(base_path)
        self.run_id = _checked_run_id(run_id)
        if not isinstance(is_single_file, bool):
            raise _wrong_type("is_single_file", "a boolean", is_single_file)
        self.is_single_file = is_single_file
        self.full_path_template = self._template()

    def get_templated_path(self) -> str:
        """Give the path with ``{run_id}`` in the place of the identity; the base itself where there is no identity."""
        return self.full_path_template

    def get_absolute_path(self) -> str:
        """Give the path to write to."""
        return self.full_path_template if self.run_id is None else self.full_path_template.replace(PLACEHOLDER, self.run_id)

    def _template(self) -> str:
        base = self.base_path
        if self.run_id is None:
            if PLACEHOLDER in base:
                raise _refused("run_id", "the path has a place for a run_id, and none was given", "Give a run_id.", base)
            return base
        if PLACEHOLDER in base:
            return f"{base}/" if base.endswith(PLACEHOLDER) else base
        if base.endswith("/"):
            return f"{base}{PLACEHOLDER}/"
        if not self.is_single_file:
            return f"{base}/{PLACEHOLDER}/"
        folder, slash, name = base.rpartition("/")
        if folder.endswith(":/"):
            remedy = f"Write {base}/<file>, or {folder}//{name} where files stand at the root."
            raise _refused("base_path", "the URL names no file: the first name after :// is where the files are", remedy, base)
        return f"{folder}{slash}{PLACEHOLDER}/{name}"

    def __repr__(self) -> str:
        return f"TargetPathObject({self.base_path!r}, {self.run_id!r}, {self.is_single_file!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TargetPathObject):
            return NotImplemented
        return (self.base_path, self.run_id, self.is_single_file) == (other.base_path, other.run_id, other.is_single_file)

    def __hash__(self) -> int:
        return hash((self.base_path, self.run_id, self.is_single_file))


def _checked_base(base: str | os.PathLike[str] | None) -> str:
    path = os.fspath(base) if isinstance(base, os.PathLike) else base
    if path is None:
        raise _refused("base_path", "there is no path", "Give a folder, a file or a URL.")
    if not isinstance(path, str):
        raise _wrong_type("base_path", "a string", path)
    if not path.strip():
        raise _refused("base_path", "the path is empty", "Give a folder, a file or a URL.")
    scheme, separator, rest = path.partition("://")
    if separator and (not rest or PLACEHOLDER in scheme):
        raise _refused("base_path", "the URL names no place", "Write <protocol>://<folder>, with the protocol spelled out.", path)
    others = [text for text in _BRACES.findall(path) if text != PLACEHOLDER]
    if others:
        problem = f"the path has {others[0]!r} in it, and the only placeholder of a target is {PLACEHOLDER}"
        raise _refused("base_path", problem, f"Fill it in, or write {PLACEHOLDER}.", path)
    return path


def _checked_run_id(run_id: str | None) -> str | None:
    if run_id is None:
        return None
    if not isinstance(run_id, str):
        raise _wrong_type("run_id", "a string", run_id)
    if not run_id.strip():
        raise _refused("run_id", "the run_id is empty", "Give one, or None for a path without.")
    if run_id in (".", "..") or not _NAME.fullmatch(run_id):
        remedy = "Use a name without slashes, braces and control characters."
        raise _refused("run_id", f"run_id {run_id!r:.80} cannot be the name of a folder", remedy)
    return run_id


def _wrong_type(field: str, kind: str, value: object) -> FieldError:
    return _refused(field, f"Parameter {field} must be {kind}", f"It is of type {type(value).__name__}.")


def _refused(field: str, message: str, remedy: str, file: str | None = None) -> FieldError:
    return FieldError(message, model="TargetPathObject", field=field, remedy=remedy, file=file)
