"""channels_redis: two sockets in a group, and a message for each that nobody has read."""

from channels_redis.core import RedisChannelLayer

from visits import about, main


async def visit(url: str, variant: str) -> dict:
    layer = RedisChannelLayer(hosts=[url])
    for _ in range(2):
        channel = await layer.new_channel()
        await layer.group_add("chat-42", channel)
    await layer.group_send("chat-42", {"type": "chat.message", "text": "hi"})
    return about("channels-redis", "bystander", "channels_redis", groups={"chat-42": 2})


main(visit)
