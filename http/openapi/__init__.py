"""The description of the API, made of what serves it."""
