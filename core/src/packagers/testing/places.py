"""Where a suite works: a folder in which every file that should not be there is seen."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packagers.package import Package
from packagers.scratch import scope
from packagers.testing.fresh import KEY


class Places:
    """A working folder, a folder for temporary files, and any number of folders for packages, side by side.

    Args:
        base: An empty folder.
    """

    def __init__(self, base: Path) -> None:
        self._base = base
        self._packages = base / "packages"
        self._watched = (base / "working-folder", base / "temporary-files")
        for folder in (self._packages, *self._watched):
            folder.mkdir()
        self._roots: set[Path] = set()

    def root(self, name: str) -> Path:
        """Make a folder in which one package is to be written."""
        root = self._packages / name
        root.mkdir()
        self._roots.add(root)
        return root

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Make the working folder and the place of temporary files the watched ones."""
        here, place, variable = Path.cwd(), tempfile.tempdir, os.environ.get("TMPDIR")
        os.chdir(self._watched[0])
        tempfile.tempdir = os.environ["TMPDIR"] = str(self._watched[1])
        try:
            with scope():
                yield
        finally:
            os.chdir(here)
            tempfile.tempdir = place
            if variable is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = variable

    def sweep(self, root: Path, package: Package | None) -> list[str]:
        """List, and remove, what was written outside of a package's payload folder.

        Args:
            root: The folder that the package was written into.
            package: The package; ``None`` where none was made.
        """
        known = {self._packages, *self._watched}
        strays = [path for path in self._base.iterdir() if path not in known]
        strays += [path for folder in self._watched for path in folder.iterdir()]
        strays += [path for path in self._packages.iterdir() if path not in self._roots]
        strays += [path for path in root.iterdir() if path.name != KEY]
        if package is not None:
            names = {"manifest.json", package.manifest.payload}
            strays += [path for path in package.folder.iterdir() if path.name not in names]
        for path in strays:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        return [path.relative_to(self._base).as_posix() for path in strays]
