"""The views at a point in time."""
