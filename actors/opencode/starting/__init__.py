"""Starts of opencode: which agent goes first in a new home, which agents may be there, and why one ended instead."""
