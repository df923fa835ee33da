"""pyrate-limiter with a bucket for each client, called as a middleware would call it."""

from pyrate_limiter import Duration, Limiter, Rate, RedisBucket
from redis import Redis

from visits import HITS, LIMIT, about, limit, main


def visit(url: str, variant: str) -> dict:
    redis = Redis.from_url(url)
    limits = []
    for address, hits in HITS.items():
        key = f"bucket:{address}"
        bucket = RedisBucket.init([Rate(LIMIT, Duration.HOUR)], redis, key)
        limiter = Limiter(bucket)
        let_in = sum(bool(limiter.try_acquire("items", blocking=False)) for _ in range(hits))
        limits.append(limit([key], address, let_in, bucket.count(), None))
    return about("pyrate-limiter", "limits", limits=limits)


main(visit)
