"""What reads the values of secrets: one class for each kind of source, found through the entry-point group ``packagers.secrets``."""
