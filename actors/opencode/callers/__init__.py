"""The callers of the service: what marks the processes of agents, and who holds a connection."""
