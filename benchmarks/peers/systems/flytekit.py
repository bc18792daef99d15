"""flytekit's type transformers, which turn what a task returns into a literal and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.peers.system import LIBRARIES, Way

REQUIRES = ("flytekit", *LIBRARIES)
IMPORT = "from flytekit.core.type_engine import TypeEngine"
ENVIRONMENT = {"FLYTE_SDK_LOGGING_LEVEL": "40"}
ABOUT = {
    "flytekit": "`TypeEngine.to_literal` and `to_python_value` in a local folder, the literal in a file, too; hints say what dicts hold"
}


def ways(folder: Path) -> dict[str, Way]:
    """Give the type engine."""
    from flyteidl.core import literals_pb2
    from flytekit.core.context_manager import FlyteContextManager
    from flytekit.core.data_persistence import FileAccessProvider
    from flytekit.core.type_engine import TypeEngine
    from flytekit.models.literals import Literal

    access = FileAccessProvider(local_sandbox_dir=str(folder / "sandbox"), raw_output_prefix=str(folder / "raw"))
    builder = FlyteContextManager.current_context().with_file_access(access)
    FlyteContextManager.push_context(builder.build())
    (folder / "literals").mkdir(exist_ok=True)

    def save(key: str, value: Any) -> tuple[str, Any]:
        context, hint = FlyteContextManager.current_context(), hint_of(value)
        literal = TypeEngine.to_literal(context, value, hint, TypeEngine.to_literal_type(hint))
        file = folder / "literals" / f"{key}.pb"
        file.write_bytes(literal.to_flyte_idl().SerializeToString())
        return str(file), hint

    def load(handle: tuple[str, Any], _: Any) -> Any:
        path, hint = handle
        literal = Literal.from_flyte_idl(literals_pb2.Literal.FromString(Path(path).read_bytes()))
        return TypeEngine.to_python_value(FlyteContextManager.current_context(), literal, hint)

    return {"flytekit": Way(save, load, lambda value: TypeEngine.get_transformer(hint_of(value)))}


def hint_of(value: Any) -> Any:
    """Give the hint that a task would have: of a dict of frames or tensors with the type of these."""
    item = type(next(iter(value.values()))) if isinstance(value, dict) else None
    return dict[str, item] if item is not None and item.__module__.partition(".")[0] in ("pandas", "torch") else type(value)  # type: ignore[valid-type]
