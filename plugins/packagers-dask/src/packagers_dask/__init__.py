"""Iterations of packagers-runs on a Dask cluster: the executor ``dask``, which ``dask_cluster_uri`` asks for."""
