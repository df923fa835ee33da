"""Screens that open above the dashboard."""
