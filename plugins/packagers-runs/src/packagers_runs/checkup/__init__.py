"""Whether a store is well: what is looked at, what is wrong, and what to do."""
