"""Starts of opencode: which agent goes first in a new home, and the error of an opencode that ends instead."""
