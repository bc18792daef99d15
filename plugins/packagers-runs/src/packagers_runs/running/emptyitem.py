"""What a handler gets for an input that is missing and may be: a data item with nothing in it."""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from packagers import DataItem, UnpackError

if TYPE_CHECKING:
    import pandas


class EmptyItem(DataItem):
    """A data item with nothing in it, in the place of an input that is not there.

    ``exists()`` is ``False``. It unpacks as ``None`` where no hint is given or the hint admits it, else as what its class makes of nothing:
    ``""``, ``b""``, ``[]``, a DataFrame without columns. A class of which no empty value can be made is an error.

    Args:
        url: Where the input would be.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)

    def __reduce__(self) -> tuple[Any, ...]:
        return EmptyItem, (self.url,)

    @property
    def key(self) -> str:
        """The name of what is not there, without its suffixes."""
        name = PurePosixPath(self.url.partition("?")[0].replace("\\", "/")).name
        return name.partition(".")[0] or name

    @property
    def kind(self) -> str:
        """A file, of which nothing is there."""
        return "file"

    @property
    def artifact_type(self) -> str | None:
        """None: it was not packed."""
        return None

    def exists(self) -> bool:
        """There is nothing."""
        return False

    def get(self) -> bytes:
        """Give no bytes."""
        return b""

    def open(self, mode: str = "rb") -> IO[Any]:
        """Open it: there is nothing to be read.

        Args:
            mode: ``"rb"`` or ``"r"``.
        """
        if mode not in ("rb", "r", "rt"):
            raise UnpackError(f"a data item cannot be opened with mode {mode!r}", file=self.url, remedy="Use 'rb' or 'r'.")
        return BytesIO() if mode == "rb" else StringIO()

    def local(self) -> Path:
        """Nothing has a path.

        Raises:
            UnpackError: Always.
        """
        raise UnpackError("this input is empty, so there is no file of it", file=self.url, remedy="Ask exists() first.")

    def as_df(self) -> pandas.DataFrame:
        """Give a DataFrame without columns."""
        import pandas

        return pandas.DataFrame()

    def unpack(self, hint: Any = None, **options: Any) -> Any:
        """Give what a hint makes of nothing.

        Args:
            hint: As what; ``None`` gives ``None``.
            options: They have nothing to change.

        Raises:
            UnpackError: The hint admits nothing that can be empty.
        """
        members = list(_members(hint))
        if DataItem in members:
            return self
        if type(None) in members:
            return None
        for member in members:
            try:
                made = member()
                if len(made) == 0:
                    return made
            except Exception:  # noqa: BLE001, S112 - a class that cannot be made of nothing is not what is looked for
                continue
        raise UnpackError(
            f"this input is empty, and no {hint if isinstance(hint, str) else getattr(hint, '__qualname__', hint)} can be made of nothing",
            file=self.url,
            remedy="Hint DataItem and ask exists(), or hint '… | None'.",
        )


def _members(hint: Any) -> Iterator[Any]:
    """Give the classes that a hint admits, as far as they are loaded: nothing is imported for what is not there."""
    if hint is None or hint is Any:
        yield type(None)
    elif isinstance(hint, str):
        for part in hint.split("|"):
            yield from _named(part.partition("[")[0].strip())
    elif get_origin(hint) is Annotated:
        yield from _members(get_args(hint)[0])
    elif get_origin(hint) in (Union, types.UnionType):
        for part in get_args(hint):
            yield from _members(part)
    elif isinstance(found := get_origin(hint) or hint, type):
        yield found


def _named(name: str) -> Iterator[Any]:
    if name in ("None", "Any", "typing.Any"):
        yield type(None)
    if name in ("DataItem", "packagers.DataItem"):
        yield DataItem
    module, _, attribute = name.rpartition(".")
    found = getattr(sys.modules.get(module) if module else builtins, attribute, None)
    if isinstance(found, type):
        yield found
