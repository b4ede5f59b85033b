"""opencode's protocol, read into facts without any I/O."""
