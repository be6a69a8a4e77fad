"""Features: what was seen and what was computed, with places and times, for maps and catalogues."""
