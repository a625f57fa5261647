"""Plugins that leave candidates out."""
