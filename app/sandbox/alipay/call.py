"""One call to the Alipay gateway, and the table of the calls it understands."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from app.sandbox.store import Document, Store
from app.sandbox.world import World

_YUAN = re.compile(r"(?:0|[1-9]\d{0,8})(?:\.\d{1,2})?")

Amount = Annotated[str, StringConstraints(pattern=rf"^{_YUAN.pattern}$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]


class AlipayRefusal(Exception):  # noqa: N818 - an answer of the simulated provider
    """An answer that is an error: a gateway code, and a business code below it."""

    def __init__(self, sub_code: str, sub_msg: str, *, code: str = "40004") -> None:
        super().__init__(sub_msg)
        names = {
            "20000": "Service Currently Unavailable",
            "40001": "Missing Required Arguments",
            "40002": "Invalid Arguments",
            "40004": "Business Failed",
            "40006": "Insufficient Permissions",
        }
        self.body = {"code": code, "msg": names[code], "sub_code": sub_code, "sub_msg": sub_msg}


class BizContent(BaseModel):
    """The business parameters of a call; unknown ones are refused, as the double could not act on them."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class AlipayCall:
    """A verified call."""

    world: World
    params: dict[str, str]
    biz: Any

    @property
    def store(self) -> Store:
        """The simulated objects."""
        return self.world.store


Handler = Callable[[AlipayCall], Document]


@dataclass(frozen=True)
class Method:
    """How a method's business parameters are checked, and who answers."""

    content: type[BizContent]
    handler: Handler


methods: dict[str, Method] = {}

_H = TypeVar("_H", bound=Handler)


def method(name: str, content: type[BizContent]) -> Callable[[_H], _H]:
    """Register the handler of a method."""

    def register(handler: _H) -> _H:
        methods[name] = Method(content, handler)
        return handler

    return register


def read_content(content: type[BizContent], text: str) -> BizContent:
    """Return verified business parameters, or refuse."""
    try:
        return content.model_validate_json(text or "{}")
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "biz_content"
        if problem["type"] == "missing":
            raise AlipayRefusal(
                "isv.missing-parameter", f"{where} is missing", code="40001"
            ) from error
        raise AlipayRefusal(
            "isv.invalid-parameter", f"{where}: {problem['msg']}", code="40002"
        ) from error


def fen(yuan: str) -> int:
    """Return an amount in fen; anything that is no positive amount with at most two decimals is refused."""
    if not _YUAN.fullmatch(yuan) or (amount := int(Decimal(yuan).scaleb(2))) < 1:
        raise AlipayRefusal("isv.invalid-parameter", f"{yuan!r} is no amount", code="40002")
    return amount


def yuan(amount: int) -> str:
    """Return fen the way Alipay writes them."""
    return f"{Decimal(amount).scaleb(-2):.2f}"


def new_number(world: World, length: int = 28) -> str:
    """Return a number in Alipay's manner: the day first, then digits."""
    day = world.clock.beijing()[:10].replace("-", "")
    return day + "".join(secrets.choice("0123456789") for _ in range(length - len(day)))
