"""Compiled loops of the drift model: numba and numpy only, plain arrays in and out."""
