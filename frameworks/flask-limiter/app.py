"""Flask with Flask-Limiter, over each strategy of the package limits."""

import time

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import RateLimitItemPerHour

from visits import HITS, LIMIT, about, limit, main


def visit(url: str, variant: str) -> dict:
    app = Flask(__name__)
    limiter = Limiter(get_remote_address, app=app, storage_uri=url, strategy=variant, headers_enabled=True)

    @app.get("/items")
    @limiter.limit(f"{LIMIT}/hour")
    def items() -> str:
        return "items"

    limits = []
    for address, hits in HITS.items():
        answers = [app.test_client().get("/items", environ_base={"REMOTE_ADDR": address}) for _ in range(hits)]
        let_in = sum(answer.status_code == 200 for answer in answers)
        headers = answers[-1].headers
        used = LIMIT - int(headers["X-RateLimit-Remaining"])
        resets = float(headers["X-RateLimit-Reset"]) - time.time()
        name = RateLimitItemPerHour(LIMIT).key_for(address, "items")
        key = f"LIMITS:{{{name}}}" if variant == "sliding-window-counter" else f"LIMITS:{name}"
        limits.append(limit([key], address, let_in, used, round(resets, 1), strategy=variant))
    return about("flask-limiter", "limits", "Flask-Limiter", limits=limits)


main(visit)
