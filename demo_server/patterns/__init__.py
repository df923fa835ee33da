"""What one would copy: each module uses Redis for one purpose, and knows nothing of the rest of this application."""
