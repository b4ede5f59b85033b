"""What every request passes: limits, checks, errors, headers."""
