"""Disputes that were opened before they had a table get their rows, from what was written down then.

The audit stream says which payment, why and how it ended, the ledger how much, the inbox until when.
"""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

AT = sa.DateTime(timezone=True)
AUDIT = sa.table(
    "audit_event",
    sa.column("id", sa.Uuid()),
    sa.column("kind", sa.String()),
    sa.column("subject_id", sa.String()),
    sa.column("body", sa.JSON()),
    sa.column("at", AT),
)
PAYMENT = sa.table(
    "payment",
    sa.column("id", sa.Uuid()),
    sa.column("tenant_id", sa.Uuid()),
    sa.column("invoice_id", sa.Uuid()),
    sa.column("provider", sa.String()),
)
INBOX = sa.table("inbox_event", sa.column("kind", sa.String()), sa.column("facts", sa.JSON()))
DISPUTE = sa.table(
    "dispute",
    sa.column("id", sa.Uuid()),
    sa.column("tenant_id", sa.Uuid()),
    sa.column("payment_id", sa.Uuid()),
    sa.column("invoice_id", sa.Uuid()),
    sa.column("status", sa.String()),
    sa.column("provider", sa.String()),
    sa.column("provider_ref", sa.String()),
    sa.column("amount_micros", sa.BigInteger()),
    sa.column("currency", sa.String()),
    sa.column("reason", sa.String()),
    sa.column("respond_by", AT),
    sa.column("opened_at", AT),
    sa.column("closed_at", AT),
)
BOOKED = sa.text(
    "SELECT posting.amount_micros, posting.currency FROM ledger_entry AS entry"
    " JOIN ledger_posting AS posting ON posting.entry_id = entry.id"
    " WHERE entry.business_key = :key AND posting.amount_micros > 0"
)


def upgrade() -> None:
    connection = op.get_bind()
    known = {
        tuple(row)
        for row in connection.execute(sa.select(DISPUTE.c.provider, DISPUTE.c.provider_ref))
    }
    ends = {
        _said(row.body).get("dispute"): row
        for row in _audited(connection, "payment.dispute_closed")
    }
    answers = _answers(connection)
    for row in _audited(connection, "payment.disputed"):
        body = _said(row.body)
        payment = connection.execute(
            sa.select(PAYMENT).where(PAYMENT.c.id == UUID(row.subject_id))
        ).first()
        ref = body.get("dispute", "")
        if payment is None or not ref or (payment.provider, ref) in known:
            continue
        booked = connection.execute(
            BOOKED, {"key": f"dispute:{payment.provider}:{ref}:opened"}
        ).first()
        if booked is None:
            continue
        end = ends.get(ref)
        connection.execute(
            DISPUTE.insert().values(
                id=row.id,
                tenant_id=payment.tenant_id,
                payment_id=payment.id,
                invoice_id=payment.invoice_id,
                status=_said(end.body)["outcome"] if end else "open",
                provider=payment.provider,
                provider_ref=ref,
                amount_micros=booked.amount_micros,
                currency=booked.currency,
                reason=body.get("reason", ""),
                respond_by=_instant(connection, answers.get(ref, "")),
                opened_at=row.at,
                closed_at=end.at if end else None,
            )
        )
        known.add((payment.provider, ref))


def downgrade() -> None:
    """Keep the rows: they are as true as any other."""


def _audited(connection: sa.Connection, kind: str) -> Sequence[Any]:
    query = sa.select(AUDIT).where(AUDIT.c.kind == kind).order_by(AUDIT.c.at, AUDIT.c.id)
    return connection.execute(query).all()


def _answers(connection: sa.Connection) -> dict[str, str]:
    """Return until when each dispute is to be answered, where its notification said so."""
    query = sa.select(INBOX.c.facts).where(INBOX.c.kind == "dispute.opened")
    facts = [_said(one) for one in connection.scalars(query)]
    return {one.get("dispute_ref", ""): one.get("respond_by", "") for one in facts}


def _said(body: Any) -> dict[str, Any]:
    return json.loads(body) if isinstance(body, str) else dict(body or {})


def _instant(connection: sa.Connection, text: str) -> dt.datetime | None:
    if not text:
        return None
    at = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    return at.replace(tzinfo=None) if connection.dialect.name == "sqlite" else at
