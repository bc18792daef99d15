"""The packager of ``numpy.random.Generator``: the next number drawn is the one that would have come."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from packagers import DefaultPackager, Instructions, PackError, UnpackError

LARGEST_POOL = 1024
"""Words in the pool of a seed sequence; NumPy's own has four, and mixing takes their square."""
# Looked up here, never imported by a name that a file gives.
BIT_GENERATORS = {cls.__name__: cls for cls in (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)}


class GeneratorPackager(DefaultPackager):
    """Pack a random generator over one of NumPy's own bit generators, with its state and its seed sequence."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType({"json": "data", "result": "data"})
    DETERMINISTIC = frozenset({"json", "result"})

    def pack_file(self, obj: np.random.Generator, folder: Path, *, format: Literal["json"] = "json") -> Instructions:
        """Write ``generator.json``.

        Args:
            obj: The generator.
            folder: Where to write.
            format: The format.

        Raises:
            PackError: For a bit generator or a seed sequence of another library.
        """
        (folder / "generator.json").write_text(json.dumps(self.pack_result(obj)), encoding="utf-8")
        return {}

    def unpack_file(self, folder: Path, *, format: Literal["json"] = "json") -> np.random.Generator:
        """Read what :meth:`pack_file` wrote.

        Args:
            folder: Holds the one file.
            format: The format.
        """
        path = self.only_file(folder)
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise UnpackError(f"this is no JSON: {error}", file=path) from error
        return self.unpack_result(value)

    def pack_result(self, obj: np.random.Generator) -> dict[str, Any]:
        """Record the state of the bit generator and of its seed sequence."""
        source = obj.bit_generator
        seeds = source.seed_seq
        if (
            BIT_GENERATORS.get(type(source).__name__) is not type(source)
            or type(seeds) is not np.random.SeedSequence
            or (seeds.pool_size > LARGEST_POOL)
        ):
            raise PackError(
                f"a generator over {type(source).__qualname__} seeded by {type(seeds).__qualname__} cannot be rebuilt",
                remedy="Ask for artifact_type 'object'.",
            )
        return {"bit_generator": type(source).__name__, "state": _plain(source.state), "seed": _plain(seeds.state)}

    def unpack_result(self, value: Any) -> np.random.Generator:
        """Give the generator again."""
        try:
            seeds = dict(value["seed"])
            seeds["spawn_key"] = tuple(seeds["spawn_key"])
            if seeds["pool_size"] > LARGEST_POOL:
                raise ValueError(f"a pool of {seeds['pool_size']} words, of which {LARGEST_POOL} are read")
            source = BIT_GENERATORS[value["bit_generator"]](np.random.SeedSequence(**seeds))
            state = _arrays(value["state"])
            places = state["state"].get("pos", 0), state.get("buffer_pos", 0)
            if not 0 <= places[0] <= 624 or not 0 <= places[1] <= 4:  # NumPy would read what lies beside its arrays
                raise ValueError(f"it goes on at {places}, outside of its numbers")
            source.state = state
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise UnpackError(f"the recorded value makes no random generator: {error}") from error
        return np.random.Generator(source)

    def describe(self, obj: np.random.Generator) -> dict[str, Any]:
        """Give the name of the bit generator."""
        return {"bit_generator": type(obj.bit_generator).__name__}


def _plain(state: Any) -> Any:
    """Turn the arrays in a state into lists."""
    if isinstance(state, dict):
        return {key: _plain(item) for key, item in state.items()}
    if isinstance(state, np.ndarray):
        return {"array": state.tolist(), "dtype": state.dtype.str}
    if isinstance(state, (list, tuple)):
        return [_plain(item) for item in state]
    return state.item() if isinstance(state, np.generic) else state


def _arrays(state: Any) -> Any:
    """Turn the lists in a state back into arrays."""
    if isinstance(state, dict):
        if "array" in state:
            return np.array(state["array"], state["dtype"])
        return {key: _arrays(item) for key, item in state.items()}
    return state
