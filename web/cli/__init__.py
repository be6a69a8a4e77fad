"""Commands of the service: `serve`, `runner`, `token`, `backup`, `features`."""
