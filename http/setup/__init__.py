"""Fetches the opencode that this version is tested with. Needs nothing but the standard library: it runs before all else."""
