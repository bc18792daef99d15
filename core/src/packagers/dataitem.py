"""A handle on an input: a package, a file or a URL, which costs nothing until it is touched."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from packagers.artifact import Artifact
from packagers.errors import UnpackError
from packagers.package import Package
from packagers.reading import Reader
from packagers.registry import Registry, default_registry
from packagers.source import PlainFile, open_source, url_of

if TYPE_CHECKING:
    import pandas


class DataItem:
    """A handle on an input.

    Args:
        source: A path, a URL, an artifact, or another data item.
        registry: Finds the packagers; that of what is installed if not given.
        trust: The policy for reading it.
    """

    def __init__(
        self, source: str | os.PathLike[str] | Artifact | DataItem, *, registry: Registry | None = None, trust: str | None = None
    ) -> None:
        if isinstance(source, DataItem):
            registry, trust, source = registry or source._registry, trust or source._trust, source._source
        self._source = source
        self._registry = registry
        self._trust = trust

    def __repr__(self) -> str:
        return f"DataItem({self.url!r})"

    @property
    def url(self) -> str:
        """Where it is: a path or a URL."""
        return str(self._source.path) if isinstance(self._source, Artifact) else os.fspath(self._source)

    @property
    def key(self) -> str:
        """The key of a package; the name of anything else, without its suffixes."""
        if isinstance(self._source, Artifact):
            return self._source.key
        if isinstance(self._opened, Package):
            return self._opened.manifest.key
        return self._name.partition(".")[0] or self._name

    @property
    def kind(self) -> str:
        """``package``, ``result``, ``file`` or ``folder``."""
        if isinstance(self._opened, Package):
            return "package" if (self._opened.folder / "manifest.json").is_file() else "result"
        return "folder" if self._opened.path.is_dir() else "file"

    @property
    def artifact_type(self) -> str | None:
        """As what a package was packed; ``None`` for a plain file."""
        return self._opened.manifest.written.artifact_type if isinstance(self._opened, Package) else None

    @property
    def suffix(self) -> str:
        """The suffix of the name, with its dot; empty where there is none."""
        return PurePosixPath(self._name).suffix

    @property
    def _name(self) -> str:
        return PurePosixPath(self.url.partition("?")[0].replace("\\", "/")).name

    @cached_property
    def _opened(self) -> Package | PlainFile:
        return self._source.package if isinstance(self._source, Artifact) else open_source(self._source)

    def exists(self) -> bool:
        """Tell whether there is something."""
        if not isinstance(self._source, Artifact) and url_of(self._source) not in ("", "file"):
            import fsspec

            system, path = fsspec.core.url_to_fs(self.url)
            return bool(system.exists(path))
        try:
            return self._opened is not None
        except UnpackError:
            return False

    def get(self) -> bytes:
        """Read the file: of a plain file all bytes, of a package those of its one payload file."""
        return self._one_file().read_bytes()

    def open(self, mode: str = "rb") -> IO[Any]:
        """Open the file for reading.

        Args:
            mode: ``"rb"`` or ``"r"``.
        """
        if mode not in ("rb", "r", "rt"):
            raise UnpackError(f"a data item cannot be opened with mode {mode!r}", file=self.url, remedy="Use 'rb' or 'r'.")
        opened: IO[Any] = self._one_file().open(mode, encoding=None if mode == "rb" else "utf-8")
        return opened

    def local(self) -> Path:
        """Give a local path: of the file, or of the folder of a package."""
        return self._opened.folder if isinstance(self._opened, Package) else self._opened.path

    def as_df(self) -> pandas.DataFrame:
        """Unpack as a DataFrame."""
        return self.unpack("pandas.DataFrame")

    def unpack(self, hint: Any = None, **options: Any) -> Any:
        """Unpack the value.

        Args:
            hint: As what; ``None`` for as it was packed. Plain files need one.
            options: For the packager; ``trust`` and ``verify`` as of ``packagers.unpack``.
        """
        trust, verify = options.pop("trust", self._trust), options.pop("verify", True)
        return Reader(self._registry or default_registry(), trust, verify).read(self._opened, hint, options)

    def _one_file(self) -> Path:
        if isinstance(self._opened, PlainFile):
            return self._opened.path
        self._opened.verify()
        files = self._opened.manifest.files
        if len(files) != 1:
            raise UnpackError(f"the package has {len(files)} files, not one", key=self._opened.manifest.key, file=self.url)
        return self._opened.payload / files[0].path
