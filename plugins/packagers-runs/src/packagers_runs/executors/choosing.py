"""Which executor does the iterations of a run: by what its options say.

A cluster is named by its address. Where an executor is called like the scheme of that (``slurm://queue``), it is asked for it; Dask is
asked for all others (``tcp://host:8786``, ``tls://…``, ``db://name``, ``dask``).
"""

from __future__ import annotations

from packagers_runs.errors import FieldError
from packagers_runs.executors.executor import EXECUTORS, Executor
from packagers_runs.extensions import extension_names, load_extension
from packagers_runs.models.hyperparams import HyperParamOptions

DASK = "dask"


def choose_executor(options: HyperParamOptions) -> Executor:
    """Make the executor of a run: that of a plugin for a cluster, ``loky`` for ``parallel_runs``, else ``local``.

    Args:
        options: The options of the run.

    Raises:
        FieldError: They name a cluster, and the plugin for it is not installed.
        RunsError: The executor cannot be loaded.
    """
    name = "local"
    if options.dask_cluster_uri is not None:
        scheme = options.dask_cluster_uri.partition("://")[0]
        name = scheme if scheme in extension_names(EXECUTORS) else DASK
        if name not in extension_names(EXECUTORS):
            raise FieldError(
                "dask_cluster_uri needs a plugin that is not installed",
                model="HyperParamOptions",
                field="dask_cluster_uri",
                remedy="pip install packagers-dask",
            )
    elif (options.parallel_runs or 1) > 1:
        name = "loky"
    return load_extension(EXECUTORS, "executor", name, Executor)(options)  # type: ignore[type-abstract]  # a subclass that is none
