"""Composition: from files to a snapshot, in the supervisor and in its workers.

The only package that knows every other. The supervisor loads and compiles first, so that every
error has its place in a file.
"""
