"""What lies on servers: fetched, kept, or read by parts."""
