"""Plankton in scans and vignettes: things found before a light background, measured, in tables."""
