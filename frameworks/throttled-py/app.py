"""throttled-py with each of its algorithms, called as a middleware would call it."""

import time

from throttled import RedisStore, Throttled, rate_limiter

from visits import HITS, LIMIT, WINDOW, about, limit, main


def visit(url: str, variant: str) -> dict:
    throttle = Throttled(
        using=variant, quota=rate_limiter.per_hour(LIMIT, burst=LIMIT), store=RedisStore(server=url), timeout=-1
    )
    limits = []
    for address, hits in HITS.items():
        results = [throttle.limit(address) for _ in range(hits)]
        let_in = sum(not result.limited for result in results)
        state = results[-1].state
        suffix = f":period:{int(time.time()) // WINDOW}" if variant.endswith("window") else ""
        key = f"throttled:v1:{variant}:{address}{suffix}"
        limits.append(limit([key], address, let_in, LIMIT - state.remaining, state.reset_after, algorithm=variant))
    return about("throttled-py", "limits", limits=limits)


main(visit)
