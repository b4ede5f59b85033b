"""Audit, backup and erasure on a data directory, without a server."""
