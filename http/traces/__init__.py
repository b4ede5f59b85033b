"""Traces for OpenTelemetry, where they are asked for: of requests and of the runs of sessions."""
