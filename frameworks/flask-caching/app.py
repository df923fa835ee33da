"""Flask with Flask-Caching: a cached page, a memoized function and a value."""

from flask import Flask
from flask_caching import Cache

from visits import about, escaped, main


def visit(url: str, variant: str) -> dict:
    app = Flask(__name__)
    cache = Cache(app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": url})
    calls = []

    @app.get("/items/<int:number>")
    @cache.cached(timeout=600)
    def item(number: int) -> str:
        calls.append(number)
        return f"<p>item {number}</p>"

    @cache.memoize(600)
    def price(number: int) -> dict:
        calls.append(number)
        return {"number": number, "price": 12.5}

    client = app.test_client()
    with app.app_context():
        for number in (1, 2, 1, 1):
            client.get(f"/items/{number}")
            price(number)
        cache.set("count", 5)
        cache.set("names", ["tea", "zoë"], timeout=0)
        made = [price.make_cache_key(price.uncached, number) for number in (1, 2)]
    known = {"view//items/1": 600, "view//items/2": 600, made[0]: 600, made[1]: 600, "count": 300, "names": None}
    rows = [{"key": escaped(f"flask_cache_{key}"), "expires_in_s": left} for key, left in known.items()]
    return about("flask-caching", "caches", "Flask-Caching", caches=rows, hits=8 - len(calls), misses=len(calls))


main(visit)
