"""Terms and data processing agreement: which text, which version, who accepted it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError
from app.core.ids import new_id
from app.core.locale import LOCALES, pick_locale
from app.services import outbox, people
from app.services.context import Context
from app.services.ports import AgreementText
from models.agreement import AgreementAcceptance

SLUGS: Final = ("terms", "dpa")
"""What a vendor accepts before it becomes active, in the order it is shown."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One text as the acceptor saw it: what was shown is what is stored."""

    slug: str
    version: str
    sha256: str


def texts(ctx: Context, locale: str | None = None) -> list[AgreementText]:
    """Return the versions now in force, in the language closest to the wanted one."""
    return [ctx.documents.agreement(slug, pick_locale(locale)) for slug in SLUGS]


def text(ctx: Context, slug: str, locale: str | None = None) -> AgreementText:
    """Return one agreement for everybody to read; raises ``NotFoundError``."""
    return ctx.documents.agreement(slug, pick_locale(locale))


async def pending(ctx: Context) -> list[str]:
    """Return the slugs of which the acting tenant has not accepted the version in force."""
    accepted = await _accepted(ctx, ctx.tenant_id)
    return [one.slug for one in texts(ctx) if (one.slug, one.version) not in accepted]


async def has_accepted(ctx: Context, tenant_id: UUID) -> bool:
    """Tell whether a tenant ever accepted every agreement, in whichever version.

    A new version asks its vendor again but does not stop devices: that is decided by this.
    """
    accepted = {slug for slug, _ in await _accepted(ctx, tenant_id)}
    return accepted.issuperset(SLUGS)


async def is_current(ctx: Context, tenant_id: UUID) -> bool:
    """Tell whether a tenant accepted every version in force."""
    accepted = await _accepted(ctx, tenant_id)
    return all((one.slug, one.version) in accepted for one in texts(ctx))


async def history(ctx: Context, tenant_id: UUID | None = None) -> Sequence[AgreementAcceptance]:
    """Return what was accepted when and by whom: one's own, or any tenant's for operations."""
    if tenant_id is None or tenant_id != ctx.actor.tenant_id:
        tenant_id = tenant_id or ctx.tenant_id
        if tenant_id != ctx.actor.tenant_id:
            ctx.require_ops()
    rows = await ctx.db.scalars(
        select(AgreementAcceptance)
        .where(col(AgreementAcceptance.tenant_id) == tenant_id)
        .order_by(col(AgreementAcceptance.accepted_at), col(AgreementAcceptance.slug))
    )
    return rows.all()


async def store(ctx: Context, accepted: Sequence[Acceptance]) -> None:
    """Store that the acting person accepted these texts; the same version again changes nothing.

    Raises ``ConflictError`` ``agreement_changed`` for a text that is not the one in force: the
    acceptor has seen another, and has to see the new one first.
    """
    person = await people.me(ctx)
    for one in accepted:
        shown = _shown(ctx, one)
        values = {
            "id": new_id(),
            "tenant_id": ctx.tenant_id,
            "person_id": person.id,
            "slug": shown.slug,
            "version": shown.version,
            "locale": shown.locale,
            "text_sha256": shown.sha256,
            "ip": ctx.actor.origin.ip,
            "accepted_at": ctx.now(),
        }
        insert = outbox.insert_or_ignore(
            ctx, AgreementAcceptance, values, "tenant_id", "slug", "version"
        )
        if await ctx.db.scalar(insert.returning(col(AgreementAcceptance.id))) is not None:
            ctx.audit(
                "vendor.terms_accepted",
                subject=("agreement", shown.slug),
                body={"version": shown.version, "text_sha256": shown.sha256},
            )


def _shown(ctx: Context, one: Acceptance) -> AgreementText:
    if one.slug in SLUGS:
        for locale in LOCALES:
            current = ctx.documents.agreement(one.slug, locale)
            if (current.version, current.sha256) == (one.version, one.sha256):
                return current
    raise ConflictError(
        "This agreement has changed. Please read the new version.", reason="agreement_changed"
    )


async def _accepted(ctx: Context, tenant_id: UUID) -> set[tuple[str, str]]:
    rows = await ctx.db.execute(
        select(AgreementAcceptance.slug, AgreementAcceptance.version).where(
            col(AgreementAcceptance.tenant_id) == tenant_id
        )
    )
    return {(slug, version) for slug, version in rows}
