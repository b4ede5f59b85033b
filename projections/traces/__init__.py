"""Traces: what agents did, as spans for OpenTelemetry. They are made from the log's events."""
