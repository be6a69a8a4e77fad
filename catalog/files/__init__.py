"""Files as they come: unpacked, probed and opened."""
