"""A folder of runs and masks, served as THREDDS does: a catalogue, OPeNDAP and whole files."""
