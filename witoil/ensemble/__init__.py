"""Many runs that differ, and what they say together."""
