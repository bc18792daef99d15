"""The plugins that this project publishes: what to install for a type, or for a package whose plugin is missing.

This table ships with the core. What a package says of itself never becomes a command that people are told to run.
"""

from __future__ import annotations

PLUGINS = {
    "packagers-numpy": ("numpy",),
    "packagers-pandas": ("pandas", "pyarrow"),
    "packagers-torch": ("torch",),
    "packagers-sklearn": ("sklearn",),
    "packagers-matplotlib": ("matplotlib",),
}


def pip_line(distribution: str) -> str | None:
    """Give the command that installs a plugin of ours; ``None`` for all others."""
    return f"pip install {distribution}" if distribution in PLUGINS else None


def plugin_for(package: str) -> str | None:
    """Give the plugin of ours for the types of a top-level package; ``None`` where there is none."""
    return next((plugin for plugin, packages in PLUGINS.items() if package in packages), None)
