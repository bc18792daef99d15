"""What others do with the same values, each in an environment of its own, next to what we do."""
