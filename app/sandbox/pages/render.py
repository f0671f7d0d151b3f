"""Renders the sandbox's pages, with what every one of them needs."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

_HERE = Path(__file__).parent
STATIC = _HERE / "static"

_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "cny": "¥"}
_ZERO_DECIMAL = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "ugx",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
# No form-action: a form of these pages ends in a redirect to the product, which that rule would forbid.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def money(minor: int, currency: str) -> str:
    """Return an amount of minor units as people read it."""
    sign = "−" if minor < 0 else ""
    name = currency.lower()
    figure = (
        f"{abs(minor):,}" if name in _ZERO_DECIMAL else f"{Decimal(abs(minor)).scaleb(-2):,.2f}"
    )
    symbol = _SYMBOLS.get(name)
    return f"{sign}{symbol}{figure}" if symbol else f"{sign}{figure} {currency.upper()}"


def moment(seconds: float) -> str:
    """Return an instant as `21 Nov 2026, 14:03 UTC`."""
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when.day} {when:%b %Y, %H:%M} UTC"


def shorten(text: str) -> str:
    """Return an identifier shortened in the middle."""
    return text if len(text) <= 20 else f"{text[:12]}…{text[-4:]}"


_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(money=money, moment=moment, shorten=shorten)


def show(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page."""
    body = _templates.get_template(template).render(**values)
    return HTMLResponse(
        body,
        status_code=status,
        headers={
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def go(address: str) -> RedirectResponse:
    """Send the browser elsewhere after a form was posted."""
    return RedirectResponse(address, status_code=303)


async def choice(request: Request, name: str, default: str = "") -> str:
    """Return one text field of a posted form."""
    value = (await request.form()).get(name, default)
    return value if isinstance(value, str) else default
