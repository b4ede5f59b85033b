"""The tables that GET requests read, each with the handlers that fold events into it."""
