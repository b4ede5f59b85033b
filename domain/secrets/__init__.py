"""Masks secrets before anything is recorded: known values in all their forms, and text that looks like a secret."""
