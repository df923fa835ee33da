"""Products, read through their cache."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, Field, model_validator

from demo_server.routes.errors import problems
from demo_server.services import Served

router = APIRouter(tags=["cache-aside"], responses=problems(_404="No such product"))

# No control characters, no line or paragraph separators, no invisible characters that reverse the direction of text.
_PRINTABLE = r"^[^\p{C}\p{Zl}\p{Zp}]+$"

ProductId = Annotated[int, Path(ge=1, le=2**31)]


class Product(BaseModel):
    """A product as the database knows it."""

    id: int
    name: str
    category: str
    price: float


class ProductAnswer(Product):
    """A product and where it came from."""

    source: Literal["cache", "db"]


class ProductChange(BaseModel):
    """What to change; at least one of the two."""

    name: str | None = Field(default=None, min_length=1, max_length=80, pattern=_PRINTABLE)
    price: float | None = Field(default=None, gt=0, le=1_000_000, allow_inf_nan=False)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.price is None:
            raise ValueError("give a name, a price, or both")
        return self


@router.get("/products/{product_id}", summary="A product, from the cache or the database")
async def read_product(product_id: ProductId, services: Served) -> ProductAnswer:
    found = await services.products.get(product_id)
    if found is None:
        raise HTTPException(404, f"There is no product {product_id}")
    product, source = found
    return ProductAnswer(**product, source=source)


@router.put(
    "/products/{product_id}",
    summary="Change a product; no later read sees the old one",
    responses=problems(_503="Redis cannot drop the old product, so nothing was changed"),
)
async def update_product(product_id: ProductId, change: ProductChange, services: Served) -> Product:
    cents = None if change.price is None else max(1, round(change.price * 100))
    product = await services.products.update(product_id, name=change.name, price_cents=cents)
    if product is None:
        raise HTTPException(404, f"There is no product {product_id}")
    return Product(**product)
