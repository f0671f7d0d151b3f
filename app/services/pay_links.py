"""The link in a mail that leads to an invoice's payment page: nobody can guess it, nobody stores it."""

from __future__ import annotations

from uuid import UUID

from app.services.context import Context


def token(ctx: Context, invoice_id: UUID) -> str:
    """Return an invoice's secret, the same one each time: 256 bits that only the master key yields."""
    return ctx.keyring.hash_token(f"pay-link:{invoice_id}")


def token_hash(ctx: Context, secret: str) -> str:
    """Return what is stored of a secret, and what one is looked up by."""
    return ctx.keyring.hash_token(secret)


def path(ctx: Context, invoice_id: UUID) -> str:
    """Return the path of an invoice's payment page on our site."""
    return f"/v1/pay/{token(ctx, invoice_id)}"
