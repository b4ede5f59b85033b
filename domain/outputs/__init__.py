"""Whole outputs of tools: masked and hashed on intake, named by events, and written to exports."""
