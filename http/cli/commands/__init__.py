"""The commands for a running service. Each is imported when it is called."""
