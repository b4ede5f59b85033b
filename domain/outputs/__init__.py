"""Whole outputs of tools: masked and hashed as they are taken in, named by events, and written to exports."""
