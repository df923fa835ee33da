"""Real applications of real frameworks that write to Redis, and what they wrote; see README.md."""
