"""MLRun's packagers, without its server: packing and logging as its ``handler`` decorator does them."""

from __future__ import annotations

from inspect import Parameter
from pathlib import Path
from typing import Any

from benchmarks.peers.system import LIBRARIES, NotOffered, Way

REQUIRES = ("mlrun==1.12.1", *(word for word in LIBRARIES if word.startswith(("torch", "scikit", "matplotlib"))))
IMPORT = "from mlrun.package import PackagersManager"
ABOUT = {
    "mlrun": "`PackagersManager.pack` and `context.log_artifact` into a folder, as `@mlrun.handler` does; a dict as `: file`, the frames "
    "itemized. To load, the packager that packed is given the file and its instructions, since `store://` needs the server"
}
Package = tuple[str, dict[str, Any]]


def ways(folder: Path) -> dict[str, Way]:
    """Give packing and logging."""
    import mlrun
    from mlrun.package import LogHint
    from mlrun.package.context_handler import ContextHandler

    context = mlrun.get_or_create_ctx("peers", project="peers")
    artifacts = str(folder / "artifacts")
    loading = ContextHandler()._packagers_manager

    def hint_of(key: str, value: Any) -> str:
        if isinstance(value, (int, str)):
            raise NotOffered("is a result, which the server's database alone keeps")
        if not isinstance(value, dict) or "layer.0.weight" in value:
            return f"{key} : object" if isinstance(value, dict) else key
        return f"*{key}" if "frame_0" in value else f"{key} : file"

    def save(key: str, value: Any) -> dict[str, Package]:
        manager = ContextHandler()._packagers_manager  # one for each call of a function, as the decorator makes it
        manager.pack(value, LogHint.parse_obj(hint_of(key, value)))
        logged = [context.log_artifact(item=item, artifact_path=artifacts, **options) for item, options in manager.artifacts]
        manager.clear_packagers_outputs()
        return {each.key.removeprefix(f"{key}_"): (each.target_path, each.spec.unpackaging_instructions) for each in logged}

    def load(packages: dict[str, Package], hint: Any) -> Any:
        one = next(iter(packages.values())) if len(packages) == 1 else None
        return unpacked(one, hint) if one else {name: unpacked(package, Parameter.empty) for name, package in packages.items()}

    def unpacked(package: Package, hint: Any) -> Any:
        path, instructions = package
        return loading._unpack_package(mlrun.get_dataitem(path), path, instructions, hint)

    return {"mlrun": Way(save, load, loading._get_packager_for_packing)}
