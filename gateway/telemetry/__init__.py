"""Metrics and traces of the gateway itself, named by the field's conventions."""
