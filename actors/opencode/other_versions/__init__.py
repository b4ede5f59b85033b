"""Coexistence with another version of opencode: the choice of the executable, and a home of our own if they clash."""
