"""People who use the demo: a process of its own that makes real HTTP requests."""
