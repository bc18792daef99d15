"""Packagers for PyTorch: tensors, state dicts, modules, optimizers and tensor datasets.

Nothing is imported here: the entry points name the modules, and each is loaded when its type turns up.
"""
