"""Data sets of services, chosen for a place and period and fetched."""
