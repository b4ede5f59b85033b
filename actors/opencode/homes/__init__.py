"""Homes of opencode: when agents work in one of our own, and what another version left in the shared one."""
