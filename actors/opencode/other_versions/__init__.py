"""Coexistence with another version of opencode: which executable to use, and when to work in a home of our own."""
