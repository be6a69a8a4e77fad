"""Scores, priors and the search for the parameters with which the slick matches."""
