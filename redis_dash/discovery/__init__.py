"""Finds out what kinds of keys a database holds, and which framework writes them."""
