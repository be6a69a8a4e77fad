"""Oil slicks in radar and optical scenes: dark spots of the sea, what they look like, how sure."""
