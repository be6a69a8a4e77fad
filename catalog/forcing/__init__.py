"""Currents, wind and waves: messy files into fields that obey CF."""
