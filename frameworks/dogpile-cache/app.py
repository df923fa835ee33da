"""dogpile.cache over Redis."""

from dogpile.cache import make_region

from visits import about, escaped, main


def visit(url: str, variant: str) -> dict:
    arguments = {"url": url, "redis_expiration_time": 7200, "distributed_lock": True, "thread_local_lock": False}
    region = make_region().configure("dogpile.cache.redis", expiration_time=3600, arguments=arguments)
    calls = []

    @region.cache_on_arguments()
    def item(number: int, words: str) -> dict:
        calls.append(number)
        return {"number": number, "name": "tea", "words": words}

    for number in (1, 2, 1, 1):
        item(number, "two words")
    region.set("menu", ["tea", "zoë"])
    generate = region.function_key_generator(None, item.original)
    known = [generate(1, "two words"), generate(2, "two words"), "menu"]
    rows = [{"key": escaped(key), "expires_in_s": 7200} for key in known]
    return about("dogpile.cache", "caches", caches=rows, hits=4 - len(calls), misses=len(calls))


main(visit)
