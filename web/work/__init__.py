"""Processes that do jobs, and what they clear up and make anew."""
