"""Plugins that say how well each candidate suits, 0 to 1."""
