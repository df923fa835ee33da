"""The client of Redis: connections, what they cost the server, and what the server says of itself."""
