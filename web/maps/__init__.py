"""What maps draw: tiles of coasts and rasters, arrows of forcing."""
