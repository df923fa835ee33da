"""The service that handles `orders`: it queues a confirmation mail, takes the stock, then publishes the payment."""

import json
import logging
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from demo_server import keys
from demo_server.patterns.events import Events
from demo_server.patterns.subscription import listen
from demo_server.shop.accounts import BY_ID
from demo_server.shop.database import Database

log = logging.getLogger(__name__)

_MAILS_KEPT = 1000  # the demo sends none, so the queue is bounded


class OrderService:
    """Run this in one process only, because pub/sub reaches every subscriber.

    An order that is published while no process runs it is lost.
    """

    def __init__(self, redis: Redis, database: Database, events: Events) -> None:
        self._redis = redis
        self._database = database
        self._events = events

    async def run(self) -> None:
        """Serve until cancelled."""
        await listen(self._redis, keys.ORDERS, self._handle)

    async def _handle(self, message: bytes) -> None:
        try:
            event = json.loads(message)
            if event["type"] != "order.created":
                return
            order = {name: int(event[name]) for name in ("order_id", "user_id", "product_id", "quantity")}
            amount = float(event["amount"])
        except (ValueError, TypeError, KeyError) as error:
            log.warning("a message on %s is no order: %r", keys.ORDERS, error)
            return
        await self._queue_mail(order["user_id"], order["order_id"], amount)
        left = await self._database.take_stock(order["product_id"], order["quantity"])
        if left is not None and left < 0:
            log.info("product %d is sold out", order["product_id"])
        await self._events.publish(
            keys.PAYMENTS, "payment.captured", order_id=order["order_id"], user_id=order["user_id"], amount=amount
        )

    async def _queue_mail(self, user_id: int, order_id: int, amount: float) -> None:
        account = BY_ID.get(user_id)
        if account is None:
            return
        mail: dict[str, Any] = {"to": account.email, "subject": f"Your order {order_id}", "amount": amount}
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.rpush(keys.EMAIL_QUEUE, json.dumps(mail))
                pipe.ltrim(keys.EMAIL_QUEUE, -_MAILS_KEPT, -1)
                await pipe.execute()
        except RedisError as error:
            log.warning("the mail for order %d was not queued: %s", order_id, error)
