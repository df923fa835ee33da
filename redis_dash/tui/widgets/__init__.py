"""Widgets that know neither topics nor Redis: they are given safe text and draw it, line by line."""
