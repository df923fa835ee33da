"""A FastAPI application that uses Redis for caching, sessions, rate limiting, pub/sub and leaderboards."""
