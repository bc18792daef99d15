"""Make the golden packages that are missing: ``python tests/golden/make.py``.

Each release adds a folder of its own, ``tests/golden/<release>/<distribution>/<name>/``, with one package for each recipe. **Packages that
exist are never written again**, neither here nor by hand: they are what users of that release have on their disks, and every later release
has to read them. A recipe, too, stays as it is once there is a package of it; another value is another recipe under another name.

The packages are unsigned. So whoever reads them is a stranger, and what runs code or rebuilds classes that a package names needs
``trust="all"``; its recipe says so. Values are tiny and made of constants alone: a recipe gives an equal package wherever it is made, but
for the versions that a package records and the name of its payload folder.

``--missing`` makes nothing, and lists the recipes and the forms of registered types that have no package.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from recipe import Recipe  # noqa: E402

from packagers import LogHint, Registry, Session  # noqa: E402
from packagers.testing.forms import forms_of  # noqa: E402

MODULES = {
    "packagers": "recipes_core",
    "packagers-matplotlib": "recipes_matplotlib",
    "packagers-numpy": "recipes_numpy",
    "packagers-pandas": "recipes_pandas",
    "packagers-sklearn": "recipes_sklearn",
    "packagers-torch": "recipes_torch",
}
"""The modules of recipes, each with its table ``RECIPES``, by distribution."""


def recipes(distribution: str) -> Mapping[str, Recipe]:
    """Give the recipes of a distribution by name."""
    found: Mapping[str, Recipe] = import_module(MODULES[distribution]).RECIPES
    return found


def made(root: Path = HERE) -> Iterator[tuple[str, str, str]]:
    """Give release, distribution and name of every golden package."""
    for manifest in sorted(root.glob("*/*/*/manifest.json")):
        release, distribution, name = manifest.parent.relative_to(root).parts
        yield release, distribution, name


def make(root: Path = HERE) -> list[str]:
    """Make what is missing in the folder of this release; give the names of what was made."""
    release = ".".join(version("packagers").split(".")[:2])
    there = {(distribution, name) for known, distribution, name in made(root) if known == release}
    new = []
    for distribution in MODULES:
        for name, recipe in recipes(distribution).items():
            if (distribution, name) not in there:
                pack(recipe, name, root / release / distribution)
                new.append(f"{release}/{distribution}/{name}")
    return new


def pack(recipe: Recipe, name: str, folder: Path) -> None:
    """Pack the value of a recipe."""
    hint = LogHint.parse(f"{name} : {recipe.form}" if recipe.form else name)
    if recipe.options:
        hint = LogHint(hint.key, hint.artifact_type, packing_kwargs={**hint.packing_kwargs, **recipe.options})
    folder = folder.absolute()
    with chdir(HERE), Session(folder, signer=None, record="packages") as session:  # a text may name a file here
        session.pack(recipe.make(), hint)


def missing(registry: Registry) -> list[str]:
    """List the forms of registered types that no recipe makes: what is read again, in every format."""
    lines = []
    for registration in registry:
        table = recipes(registration.distribution).values() if registration.distribution in MODULES else ()
        known = {_form(recipe) for recipe in table if recipe.type_path == registration.type_path}
        for form in forms_of(registration.load(), {}):
            names = {form.name, form.artifact_type if form.options == {} else form.name, "" if form.is_default else form.name}
            if (form.is_read or form.is_default) and not names & known:
                lines.append(f"{registration.distribution}: {registration.type_path} as {form.name}{' (lossy)' if form.is_lossy else ''}")
    return lines


def _form(recipe: Recipe) -> str:
    """Give the name of a recipe's form, as the kit has it; empty for the default one."""
    if not recipe.form:
        return ""
    hint = LogHint.parse(f"x : {recipe.form}")
    format = {**hint.packing_kwargs, **recipe.options}.get("format")
    return f"{hint.artifact_type}:{format}" if format else str(hint.artifact_type)


def main(arguments: list[str]) -> None:
    """Make the packages, or list what is missing."""
    lines = missing(Registry()) if "--missing" in arguments else make()
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
