"""Functions that tests run in processes which are started afresh."""

from __future__ import annotations

import importlib
import pickle
import sys

from packagers import Session


def pack_a_cow(pickled: bytes, folder: str) -> str:
    """Pack with a registry that came as a pickle; give the identity of the packager that it chose."""
    registry = pickle.loads(pickled)
    sys.path.append(str(registry.project.folder))
    cow = importlib.import_module("farm").Cow("Alma")
    with Session(folder, registry=registry) as session:
        session.pack(cow, "alma")
    return str(registry.find(cow).registration.identity)
