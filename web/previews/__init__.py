"""Answers while a slider is dragged: a process that holds prepared cases, and asking it."""
