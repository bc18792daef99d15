"""Runs that travel: one zip out of a store, and into any other."""
