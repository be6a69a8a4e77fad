"""Underwater sound: levels as ISO 18405 defines them, and how far ships were."""
