"""Mutation testing: `mistakes` makes small mistakes in the domain, `trial` tells whether its tests notice them."""
