"""A task becomes a run."""
