"""The terminal front end: shows frames, asks for commands, knows nothing of Redis."""
