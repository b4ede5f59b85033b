"""The callers of the service: which agents run, what marks their processes, and who holds a connection."""
