"""Mutation testing: `mistakes` makes small mistakes in the domain, `trial` finds out whether its tests notice them."""
