"""A case with its data read, and a run of it."""
