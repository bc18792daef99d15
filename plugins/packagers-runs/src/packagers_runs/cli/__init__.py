"""``packagers runs``: the commands, each in a module of its noun."""
