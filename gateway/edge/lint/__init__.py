"""Dangers in a bootstrap that somebody wrote: each is one file in dangers/, found by scanning it.

A file is read as a plain YAML tree with places; nothing in it is executed, opened or looked up.
"""
