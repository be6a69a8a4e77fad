"""Runs that were made before, by witoil or by another drift model, read for what follows them."""
