"""Plugins that order candidates by their scores."""
