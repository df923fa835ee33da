"""Large databases, made by the server itself: sessions, limiters and two caches, as an application would keep them."""

from __future__ import annotations

import time

from redis import Redis

from benchmarks.harness import say

BATCH = 20_000
MAKE = """
local first, last, now, hot = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kinds = {}
for kind in ARGV[5]:gmatch('%S+') do kinds[#kinds + 1] = kind end
for number = first, last do
  local kind, hash = kinds[number % #kinds + 1], redis.sha1hex(number)
  if kind == 'session' then
    redis.call('SET', 'session:' .. hash,
      '{"user_id":' .. number .. ',"email":"user' .. number .. '@example.com","role":"student",' ..
      '"created_at":1700000000.0,"ip":"198.51.100.7","user_agent":"Mozilla/5.0 (X11; Linux x86_64)"}',
      'EX', 3600 + number % 80000)
  elseif kind == 'limit' then
    local high, middle = math.floor(number / 65536), math.floor(number / 256) % 256
    local key = string.format('ratelimit:10.%d.%d.%d', high, middle, number % 256)
    local uses = 1 + number % 12
    if hot > 0 and number % hot < #kinds then uses = 60 + math.floor(number / hot) end
    local entries = {}
    for use = 1, uses do entries[2 * use - 1] = now - use / 100 entries[2 * use] = hash .. use end
    redis.call('ZADD', key, unpack(entries))
    redis.call('EXPIRE', key, 3600)
  else
    redis.call('SET', kind .. ':' .. hash, '{"id":' .. number .. ',"price":299.99}')
  end
end
"""
ALL = ("session", "limit", "llm", "product")


def fill(admin: Redis, keys: int, kinds: tuple[str, ...] = ALL, hot_every: int = 0) -> None:
    """Make so many keys, the kinds in turn, and a board.

    Args:
        hot_every: in each so many keys one limiter has used 60 or more of its 100 requests; 0 for none.
    """
    began = time.monotonic()
    script = admin.register_script(MAKE)
    for first in range(0, keys, BATCH):
        last = min(first + BATCH, keys) - 1
        script(args=[first, last, time.time(), hot_every, " ".join(kinds)])
    if keys >= 100_000:
        say(f"made {keys:,} keys in {time.monotonic() - began:.0f} s")
