"""The only code that writes to Redis."""
