"""cashews: its two rate limits, and its cache."""

from cashews import RateLimitError, cache

from visits import HITS, LIMIT, WINDOW, about, escaped, limit, main


async def limited(variant: str) -> dict:
    decorate = cache.rate_limit if variant == "rate-limit" else cache.slice_rate_limit
    prefix = "rate_limit" if variant == "rate-limit" else "srl"

    @decorate(limit=LIMIT, period=WINDOW, key="items:{address}")
    async def items(address: str) -> str:
        return "items"

    limits = []
    for address, hits in HITS.items():
        let_in = 0
        for _ in range(hits):
            try:
                await items(address)
                let_in += 1
            except RateLimitError:
                pass
        limits.append(limit([f"{prefix}:items:{address}"], address, let_in, let_in, None, decorator=variant))
    return about("cashews", "limits", limits=limits)


async def cached() -> dict:
    calls = []

    @cache(ttl="10m", key="item:{number}", tags=["items"])
    async def item(number: int) -> dict:
        calls.append(number)
        return {"number": number, "name": "tea"}

    @cache.hit(ttl="10m", cache_hits=100, key="menu:{number}")
    async def menu(number: int) -> list[str]:
        calls.append(number)
        return ["tea", "cup"]

    for number in (1, 2, 1, 1):
        await item(number)
        await menu(number)
    await cache.set("count", 5, expire=600)
    rows = [
        {"key": escaped(key), "expires_in_s": 600} for key in ("item:1", "item:2", "hit:menu:1", "hit:menu:2", "count")
    ]
    return about("cashews", "caches", caches=rows, hits=8 - len(calls), misses=len(calls))


async def visit(url: str, variant: str) -> dict:
    cache.setup(url)
    return await (cached() if variant == "cache" else limited(variant))


main(visit)
