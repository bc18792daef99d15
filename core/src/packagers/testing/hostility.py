"""Packages of a hostile maker, made of a good one: content, instructions and names spoiled, and every digest right.

They are unsigned, as those of a stranger are, and read by the default policy.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from packagers.digests import digest_bytes
from packagers.manifest import MISSING, NAME, FileEntry, Manifest
from packagers.package import Package
from packagers.packager import Packager
from packagers.sealed import to_text
from packagers.testing.gadgets import GADGETS, MARK, NAMES, ODD, PICKLE, WORDS, spoiled, spoiled_json, spread

PAYLOAD = "0badc0de"
_FILES = 3
"""Files of a payload that are spoiled: the first, the last, and one between them."""
_SPOILS, _TOLD, _SAID, _VALUES = 60, 40, 24, 80
"""How many of the ways to spoil files, instructions, names and values are tried of one form, spread over all that there are."""
_LARGEST = 1 << 20
"""Bytes of a file that is spoiled byte by byte."""

Few = Callable[[Iterable[Any], int], list[Any]]
"""Takes so many of some items, spread over all of them; fewer of a packager that reads many formats."""


@dataclass(frozen=True)
class Case:
    """A hostile package.

    Attributes:
        name: What is hostile about it.
        manifest: Without payload and files.
        files: Its payload, by path.
    """

    name: str
    manifest: Manifest
    files: Mapping[str, bytes]

    def write(self, folder: Path, standing: Mapping[str, bytes]) -> None:
        """Write it into a folder.

        Args:
            folder: The folder.
            standing: The files of the payload that stand there already.
        """
        payload = folder / PAYLOAD
        for path, data in self.files.items():
            if standing.get(path) != data:
                (payload / path).parent.mkdir(parents=True, exist_ok=True)
                (payload / path).write_bytes(data)
        entries = tuple(FileEntry(path, len(data), digest_bytes(data)) for path, data in self.files.items())
        manifest = replace(self.manifest, payload=PAYLOAD if entries else "", files=entries)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NAME).write_bytes(to_text(manifest.to_dict(), None))


def cases(folder: Path, packager: Packager, share: float = 1) -> Iterator[Case]:
    """Make hostile packages of a good one.

    Args:
        folder: The good one.
        packager: Who reads it.
        share: Of the ways that are too many to try, how many are; 1 for as many as of a packager that reads few formats.
    """

    def few(items: Iterable[Any], most: int) -> list[Any]:
        return spread(items, max(2, round(most * share)))

    package = Package.open(folder)
    files = {entry.path: (package.payload / entry.path).read_bytes() for entry in package.manifest.files}
    good = Case("", replace(package.manifest, payload="", files=(), preview={}, description={}), files)
    for made in (_bodies(good, few), _folders(good), _instructions(good, packager, few), _forms(good, packager, few), _values(good, few)):
        yield from made


def _bodies(good: Case, few: Few) -> Iterator[Case]:
    """Put hostile content in place of a file's."""
    paths = spread(sorted(good.files), _FILES)
    for path in paths:
        data = good.files[path]
        gadgets = [(f"{name} in place of {path}", gadget) for name, gadget in GADGETS.items()]
        spoils = [(f"in {path} {name}", changed) for name, changed in spoiled(data)] if len(data) <= _LARGEST else []
        for name, changed in spread(gadgets, len(GADGETS) // len(paths)) + few(spoils, _SPOILS // len(paths)):
            yield replace(good, name=name, files={**good.files, path: changed})
    if len(good.files) > 1:
        yield replace(good, name="a pickle in place of every file", files=dict.fromkeys(good.files, PICKLE))


def _folders(good: Case) -> Iterator[Case]:
    """Take files away, let them change places, add some, and make them folders."""
    files, paths = good.files, spread(sorted(good.files), _FILES)
    for path in paths:
        others = {name: data for name, data in files.items() if name != path}
        plain = PurePosixPath(path)
        yield replace(good, name=f"without {path}", files=others)
        yield replace(good, name=f"a folder in place of {path}", files={**others, f"{path}/{plain.name}": files[path]})
        yield replace(good, name=f"{path} under another name", files={**others, f"other{plain.suffix}": files[path]})
        yield replace(good, name=f"{path} called a pickle", files={**others, str(plain.with_suffix(".pkl")): PICKLE})
        yield replace(good, name=f"a second {path}", files={**files, f"other{plain.suffix}": files[path]})
        yield replace(good, name=f"a pickle beside {path}", files={**files, f"a{plain.suffix}": PICKLE, "__init__.py": PICKLE})
    for one, other in itertools.pairwise(paths):
        yield replace(good, name=f"{one} and {other} swapped", files={**files, one: files[other], other: files[one]})
    if files:
        yield replace(good, name="no files", files={})


def _instructions(good: Case, packager: Packager, few: Few) -> Iterator[Case]:
    """Spoil what the reader is told, the options that the writer has not used included."""
    written = good.manifest.written
    method = packager.unpacks.get(written.artifact_type)
    pickles = dict.fromkeys(good.files, PICKLE)
    if method is None:
        return
    for values, most in ((NAMES, _TOLD), (ODD, _TOLD // 2)):
        told = [(name, changed) for name, changed in spoiled_json(dict(written.instructions), values) if isinstance(changed, dict)]
        others = [option for option in method.options if option != "format" and option not in written.instructions]
        told += [(f"{value!r:.60} as {option}", {**written.instructions, option: value}) for value in values for option in others]
        for name, instructions in [*few(told, most), ("one that there is not", {**written.instructions, MARK: MARK})]:
            changed = replace(written, instructions=instructions)
            yield replace(good, name=f"instructions: {name}", manifest=replace(good.manifest, written=changed))
    asking = [(option, word) for option in method.options for word in WORDS if pickles]
    for option, word in few(asking, _SAID):
        asked = replace(written, instructions={**written.instructions, option: word})
        yield Case(f"instructions that ask for {option} = {word}, and a pickle", replace(good.manifest, written=asked), pickles)


def _forms(good: Case, packager: Packager, few: Few) -> Iterator[Case]:
    """Say that it is something else: another format, artifact type or type."""
    written = good.manifest.written
    methods = packager.unpacks.values()
    formats = {format for method in methods for format in method.formats} | {"pickle", MARK, None}
    told: list[tuple[str, dict[str, Any]]] = [(f"format {each}", {"format": each}) for each in sorted(formats, key=str)]
    told += [(f"artifact type {each}", {"artifact_type": each, "format": None}) for each in sorted(packager.artifact_types("unpack"))]
    told += [
        (f"object type {each}", {"object_type": each}) for each in (MARK, f"{MARK}.Singer", f"dict[str, {MARK}.Singer]", "builtins.object")
    ]
    told += [
        (f"packager {each}", {"packager": each}) for each in (f"{MARK}:{MARK}.Singer", f"project:{MARK}.Singer", "packagers:os.system")
    ]
    contents = ((good.files, ""), (dict.fromkeys(good.files, PICKLE), ", and a pickle"))
    for (name, changes), (files, content) in few(itertools.product(told, contents), _SAID):
        yield Case(f"said to be {name}{content}", replace(good.manifest, written=replace(written, **changes)), files)


def _values(good: Case, few: Few) -> Iterator[Case]:
    """Spoil a recorded value, or the skeleton of a container."""
    for name in ("value", "skeleton"):
        recorded = getattr(good.manifest, name)
        if recorded is not MISSING:
            for what, changed in few(spoiled_json(recorded), _VALUES):
                yield replace(good, name=f"{name}: {what}", manifest=replace(good.manifest, **{name: changed}))
