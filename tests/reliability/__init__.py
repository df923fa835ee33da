"""Faults that are injected into a running dashboard, and what it says, how soon it recovers, and what is lost."""
