"""Beside another version of opencode: which executable is used, whose the home is, and a home of our own where they clash."""
