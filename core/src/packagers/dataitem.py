"""A handle on an input: a package, a file or a URL, which costs nothing until it is touched."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, TypeVar, overload

from packagers import manifest, results
from packagers.artifact import Artifact
from packagers.errors import IntegrityError, UnpackError
from packagers.package import Package
from packagers.registry import Registry, default_registry
from packagers.remote import Remote
from packagers.source import PlainFile, open_source, url_of
from packagers.typehint import admits

if TYPE_CHECKING:
    import pandas

T = TypeVar("T")


class DataItem:
    """A handle on an input.

    Args:
        source: A path, a URL, an artifact, or another data item.
        registry: Finds the packagers; that of what is installed if not given.
        trust: The policy for reading it.
        storage_options: What the file system behind a URL takes, as fsspec names it; they go along where the item is pickled.

    Raises:
        UnpackError: For a source of any other type, and for options of what is at no URL.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Artifact | DataItem,
        *,
        registry: Registry | None = None,
        trust: str | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(source, DataItem):
            registry, trust = registry or source._registry, trust or source._trust
            storage_options = storage_options or source._options
            source = source._source
        if not isinstance(source, Artifact) and not _is_text_path(source):
            raise UnpackError(f"a {type(source).__qualname__} is nothing to unpack", remedy="Give a path, a URL or an artifact.")
        if isinstance(source, Artifact):
            registry = registry or source._registry
        if storage_options and (isinstance(source, Artifact) or url_of(source) in ("", "file")):
            raise UnpackError("storage options are for URLs", file=str(getattr(source, "path", source)), remedy="Leave them out.")
        self._options: dict[str, Any] = dict(storage_options or {})
        self._source: str | os.PathLike[str] | Artifact = source
        self._registry: Registry | None = registry
        self._trust: str | None = trust
        self._known: Package | PlainFile | None = None

    def __repr__(self) -> str:
        return f"DataItem({self.url!r})"

    def _repr_html_(self) -> str:
        from html import escape

        from packagers.display import manifest_html  # only where somebody looks

        # Servers of http send whole files, so none is asked for the sake of a look.
        scheme = "" if isinstance(self._source, Artifact) else url_of(self._source)
        try:
            opened = self._known if scheme in ("http", "https") else self._opened
        except UnpackError:
            opened = None
        return manifest_html(opened.manifest) if isinstance(opened, Package) else f"<code>{escape(repr(self))}</code>"

    def __reduce__(self) -> tuple[Any, ...]:
        # What has been fetched is this process's own.
        return _remake, (self._source, self._registry, self._trust, self._options)

    @property
    def url(self) -> str:
        """Where it is: a path or a URL."""
        return str(self._source.path) if isinstance(self._source, Artifact) else os.fspath(self._source)

    @property
    def storage_options(self) -> dict[str, Any]:
        """A copy of what the file system behind its URL takes."""
        return dict(self._options)

    @property
    def key(self) -> str:
        """The key of a package; the name of anything else, without its suffixes."""
        opened = self._opened
        return opened.manifest.key if isinstance(opened, Package) else self._name.partition(".")[0] or self._name

    @property
    def kind(self) -> str:
        """``package``, ``result``, ``file`` or ``folder``."""
        opened = self._opened
        if isinstance(opened, Package):
            return "result" if opened.folder == opened.root else "package"
        return "folder" if opened.is_folder else "file"

    @property
    def artifact_type(self) -> str | None:
        """As what a package was packed; ``None`` for a plain file."""
        opened = self._opened
        return opened.manifest.written.artifact_type if isinstance(opened, Package) else None

    @property
    def suffix(self) -> str:
        """The suffix of the name, with its dot; empty where there is none."""
        return PurePosixPath(self._name).suffix

    @property
    def _name(self) -> str:
        return PurePosixPath(self.url.partition("?")[0].replace("\\", "/")).name

    @property
    def _opened(self) -> Package | PlainFile:
        """What is there; fetched again where the copy went with the session that it was made in."""
        if self._known is None or not _is_there(self._known):
            self._known = self._source.package if isinstance(self._source, Artifact) else open_source(self._source, self._options)
        return self._known

    def exists(self) -> bool:
        """Tell whether there is something."""
        if not isinstance(self._source, Artifact) and url_of(self._source) not in ("", "file"):
            return Remote(self.url, self._options).exists()
        try:
            return _is_there(self._opened)
        except IntegrityError:
            return True
        except UnpackError:
            return False

    def get(self) -> bytes:
        """Read the file: of a plain file all bytes, of a package those of its one payload file.

        Raises:
            UnpackError: Where there is not one file.
        """
        return self._one_file().read_bytes()

    def open(self, mode: str = "rb") -> IO[Any]:
        """Open the file for reading.

        Args:
            mode: ``"rb"`` or ``"r"``.

        Raises:
            UnpackError: Where there is not one file, and for any other mode.
        """
        if mode not in ("rb", "r", "rt"):
            raise UnpackError(f"a data item cannot be opened with mode {mode!r}", file=self.url, remedy="Use 'rb' or 'r'.")
        opened: IO[Any] = self._one_file().open(mode, encoding=None if mode == "rb" else "utf-8")
        return opened

    def local(self) -> Path:
        """Give a local path: of the file or folder, of the folder of a package, or of the file that holds a result."""
        opened = self._opened
        if isinstance(opened, PlainFile):
            return opened.path
        opened.fetch()
        return opened.folder if opened.folder != opened.root else opened.folder / results.NAME

    def as_df(self) -> pandas.DataFrame:
        """Unpack as a DataFrame."""
        frame: pandas.DataFrame = self.unpack("pandas.DataFrame")
        return frame

    @overload
    def unpack(self, hint: type[T], **options: Any) -> T: ...
    @overload
    def unpack(self, hint: Any = None, **options: Any) -> Any: ...
    def unpack(self, hint: Any = None, **options: Any) -> Any:
        """Unpack the value.

        Args:
            hint: As what; ``None`` for as it was packed. Plain files need one. One that admits a ``DataItem`` gets this one, one that
                admits an ``Artifact`` that of a package.
            options: For the packager; ``trust`` and ``verify`` as of ``packagers.unpack``.
        """
        from packagers.reading import Reader  # only where something is read

        registry = self._registry or default_registry()
        if hint is not None and admits(hint, DataItem):
            return self
        opened = self._opened
        if hint is not None and admits(hint, Artifact) and isinstance(opened, Package) and opened.folder != opened.root:
            return Artifact(opened, registry)
        trust, verify = options.pop("trust", None) or self._trust, options.pop("verify", True)
        return Reader(registry, trust, verify).read(opened, hint, options)

    def _one_file(self) -> Path:
        opened = self._opened
        if isinstance(opened, PlainFile):
            if opened.is_folder:
                raise UnpackError("this is a folder and not one file", file=self.url, remedy="local() gives its path.")
            return opened.path
        opened.verify()
        files = opened.manifest.files
        if len(files) != 1:
            raise UnpackError(
                f"the package has {len(files)} files, not one",
                key=opened.manifest.key,
                file=self.url,
                remedy="unpack() gives its value, local() its folder.",
            )
        return opened.payload / files[0].path


def _is_text_path(source: Any) -> bool:
    return isinstance(source, (str, os.PathLike)) and isinstance(os.fspath(source), str)


def _is_there(opened: Package | PlainFile) -> bool:
    """Tell whether what was opened is still there; a copy of what is remote goes with its session, and can be had again."""
    if isinstance(opened, PlainFile):
        return opened.is_there()
    return (opened.folder / (results.NAME if opened.folder == opened.root else manifest.NAME)).exists()


def _remake(
    source: str | os.PathLike[str] | Artifact, registry: Registry | None, trust: str | None, options: Mapping[str, Any]
) -> DataItem:
    return DataItem(source, registry=registry, trust=trust, storage_options=options)
