"""The Redis client: connections, their cost for the server, and the values of INFO."""
