"""aiocache, values in JSON (its default for Redis), pickle or msgpack."""

from urllib.parse import urlsplit

from aiocache import Cache, cached
from aiocache.serializers import JsonSerializer, MsgPackSerializer, PickleSerializer

from visits import about, escaped, main

# Without an encoding the values stay bytes: with it, this version cannot read its own msgpack.
SERIALIZERS = {
    "json": JsonSerializer(),
    "pickle": PickleSerializer(),
    "msgpack": MsgPackSerializer(encoding=None),
}


async def visit(url: str, variant: str) -> dict:
    at = urlsplit(url)
    place = {"endpoint": at.hostname, "port": at.port}
    serializer = SERIALIZERS[variant]
    calls = []

    @cached(
        ttl=600, cache=Cache.REDIS, key_builder=lambda call, number: f"item:{number}", serializer=serializer, **place
    )
    async def item(number: int) -> dict:
        calls.append(number)
        return {"number": number, "name": "tea", "price": 12.5}

    for number in (1, 2, 1, 1):
        await item(number)
    store = Cache(Cache.REDIS, namespace="shop", serializer=serializer, **place)
    await store.set("menu", ["tea", "zoë"])
    await store.set("count", 5, ttl=300)
    known = {"item:1": 600, "item:2": 600, "shop:menu": None, "shop:count": 300}
    rows = [{"key": escaped(key), "expires_in_s": left} for key, left in known.items()]
    return about("aiocache", "caches", caches=rows, hits=4 - len(calls), misses=len(calls))


main(visit)
