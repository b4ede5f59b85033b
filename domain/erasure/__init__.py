"""What may be erased, and what stands in its place."""
