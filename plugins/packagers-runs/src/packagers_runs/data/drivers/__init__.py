"""What reads and writes data: one driver for each kind, found through the entry-point group ``packagers.data_drivers``."""
