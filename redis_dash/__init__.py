"""A terminal dashboard for what an application keeps in Redis."""

__version__ = "0.1.0"
