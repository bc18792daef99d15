"""Packagers for Matplotlib: figures, axes and animations, stored as pictures.

Nothing is imported here: the entry points of this distribution name the modules, and each is imported when its type turns up.
"""
