"""What the service keeps in its database: jobs, tokens, uploads."""
