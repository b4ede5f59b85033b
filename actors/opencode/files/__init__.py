"""A codebase's directory, looked at around a run and in it: which of its files changed."""
