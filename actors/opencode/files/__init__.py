"""Watches a codebase's directory around a run and during it, to find which files changed."""
