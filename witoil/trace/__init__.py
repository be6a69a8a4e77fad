"""Back in time, to where the oil may have come from."""
