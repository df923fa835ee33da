"""FastAPI with slowapi, over each strategy of the package limits."""

import time

from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from limits import RateLimitItemPerHour
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address

from visits import HITS, LIMIT, about, limit, main


def visit(url: str, variant: str) -> dict:
    limiter = Limiter(get_remote_address, storage_uri=url, strategy=variant, headers_enabled=True)
    app = FastAPI()
    app.state.limiter = limiter
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)

    @app.get("/items")
    @limiter.limit(f"{LIMIT}/hour")
    def items(request: Request, response: Response) -> str:
        return "items"

    limits = []
    for address, hits in HITS.items():
        client = TestClient(app, client=(address, 50000))
        answers = [client.get("/items") for _ in range(hits)]
        let_in = sum(answer.status_code == 200 for answer in answers)
        headers = answers[-1].headers
        used = LIMIT - int(headers["x-ratelimit-remaining"])
        resets = float(headers["x-ratelimit-reset"]) - time.time()
        name = RateLimitItemPerHour(LIMIT).key_for(address, "/items")
        key = f"LIMITS:{{{name}}}" if variant == "sliding-window-counter" else f"LIMITS:{name}"
        limits.append(limit([key], address, let_in, used, round(resets, 1), strategy=variant))
    return about("slowapi", "limits", limits=limits)


main(visit)
