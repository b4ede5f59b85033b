"""Which service, which credential, which codebase. Nothing heavy is imported here: `ps` needs all of it."""
