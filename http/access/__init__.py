"""The tokens that clients need: what each allows, and the file that they come from."""
