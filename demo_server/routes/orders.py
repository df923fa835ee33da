"""Orders."""

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from demo_server import keys
from demo_server.routes.errors import problems
from demo_server.routes.sessions import SignedIn
from demo_server.services import Served

router = APIRouter(tags=["orders"])


class NewOrder(BaseModel):
    """What to buy."""

    product_id: int = Field(ge=1, le=2**31)
    quantity: int = Field(default=1, ge=1, le=10)


class PlacedOrder(NewOrder):
    """An order that was taken."""

    order_id: int
    amount: float


@router.post(
    "/orders",
    summary="Order something; publishes order.created, and payment.captured follows",
    status_code=201,
    responses=problems(_401="Not signed in", _404="No such product", _503="Redis cannot do it"),
)
async def place_order(order: NewOrder, session: SignedIn, services: Served) -> PlacedOrder:
    placed = await services.database.create_order(session.id, order.product_id, order.quantity)
    if placed is None:
        raise HTTPException(404, f"There is no product {order.product_id}")
    amount = placed.amount_cents / 100
    await services.events.publish(
        keys.ORDERS,
        "order.created",
        order_id=placed.id,
        user_id=session.id,
        amount=amount,
        product_id=placed.product_id,
        quantity=placed.quantity,
    )
    return PlacedOrder(order_id=placed.id, product_id=placed.product_id, quantity=placed.quantity, amount=amount)
