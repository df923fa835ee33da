"""Widgets that know neither topics nor Redis: they receive safe text and draw it, line by line."""
