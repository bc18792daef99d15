"""Packagers for NumPy: arrays, scalars, dtypes, random generators and plain collections of arrays."""
