"""A world that moves: an application on a real server that knows the truth, and a judge of what the hub says of it."""
