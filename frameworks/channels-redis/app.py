"""channels_redis: two sockets in a group with a message for each that nobody has read; the same over pub/sub."""

from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from visits import about, main

MESSAGE = {"type": "chat.message", "text": "hi"}


async def visit(url: str, variant: str) -> dict:
    layer = RedisChannelLayer(hosts=[url])
    for _ in range(2):
        channel = await layer.new_channel()
        await layer.group_add("chat-42", channel)
    await layer.group_send("chat-42", MESSAGE)

    publishing = RedisPubSubChannelLayer(hosts=[url])
    listener = await publishing.new_channel()
    await publishing.group_add("chat-43", listener)
    await publishing.group_send("chat-43", MESSAGE)
    await publishing.send(listener, MESSAGE)
    for _ in range(2):
        await publishing.receive(listener)
    published = [{"shown_as": "Django Channels", "holds": MESSAGE} for _ in range(2)]
    return about("channels-redis", "bystander", "channels_redis", groups={"chat-42": 2}, published=published)


main(visit)
