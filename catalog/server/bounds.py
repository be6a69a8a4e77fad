"""How much of a file one answer of OPeNDAP has."""

SUFFIXES = frozenset((".nc", ".nc4", ".cdf"))
"""How names of files end that are served."""

MOST_BYTES = 100_000_000
"""Numbers of one answer; of a part with steps, what lies between counts, too. [byte]"""

MOST_TEXT = 200_000
"""Numbers of one answer as text."""

MOST_VARIABLES = 500

LONGEST = 20_000
"""Characters of a constraint."""

HELD_BYTES = 2 * MOST_BYTES
"""What a server holds of an answer for a slow client, so that none keeps a thread. [byte]"""
