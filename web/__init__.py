"""The web API and map; it will turn HTTP into calls of `witoil`."""
