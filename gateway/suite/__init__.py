"""Judging without traffic: test suites of policies, and why one request is decided as it is.

Drives the same stages as requests do, with given input, principal and time. Returns data; `render`
makes text, JSON and JUnit XML of it. Opens no socket and reads no clock.
"""
