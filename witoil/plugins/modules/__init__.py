"""Modules of use cases that are programs: a card and `predict` each, over `aquatic`."""
