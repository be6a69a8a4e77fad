"""Slicks that were seen: masks, outlines, times, thickness; events made of them."""
