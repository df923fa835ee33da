"""A simulated language model: slow, and always of the same opinion, so its answers can be cached."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypedDict

from demo_server import keys
from demo_server.patterns.response_cache import ResponseCache

TTL = 600  # seconds


class Summary(TypedDict):
    """What the model says about a text."""

    summary: str
    words: int  # in the text


def build_summarizer(cache: ResponseCache, thinking_time: float) -> Callable[[str], Awaitable[Summary]]:
    """Return a cached model that thinks for `thinking_time` seconds."""

    @cache.cached(ttl=TTL, prefix=keys.LLM)
    async def summarize(text: str) -> Summary:
        await asyncio.sleep(thinking_time)
        first_sentence = re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]
        return Summary(summary=first_sentence[:200], words=len(text.split()))

    return summarize
