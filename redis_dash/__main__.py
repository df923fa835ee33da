"""`python -m redis_dash` is `redis-dash`."""

from redis_dash.cli import main

main()
