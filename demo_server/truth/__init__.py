"""What the application counted itself, for tests and `GET /truth`."""
