"""Packagers for pandas and pyarrow: frames, series, indexes, scalars, tables, and streams of them."""
