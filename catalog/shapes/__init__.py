"""Polygons and lines from vector files; coast, shores and tracks."""
