"""Packagers for scikit-learn: estimators and bunches.

Nothing is imported here: the entry points name the modules, and each is loaded when its type turns up.
"""
