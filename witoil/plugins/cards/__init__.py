"""Cards of models whose weights are elsewhere, a folder each."""
