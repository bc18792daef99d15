"""What tells of runs: one class for each kind of notification, found through the entry-point group ``packagers.notifiers``."""
