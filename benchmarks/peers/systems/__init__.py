"""The systems that are compared, a module for each."""
