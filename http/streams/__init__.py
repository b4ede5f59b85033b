"""Server-sent events: replay from the log, then live."""
