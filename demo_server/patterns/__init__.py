"""What one would copy: each module uses Redis for one purpose, and knows nothing of the rest of this application.

The clients passed in are `redis.asyncio.Redis` with bytes as answers, which is redis-py's default.
"""
