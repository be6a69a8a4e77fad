"""Who may do what, and how much is used: tokens, sign-on, quotas, requests for access."""
