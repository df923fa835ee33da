"""Changing data: an application on a real server that knows the true values, and a judge of the hub's readings."""
