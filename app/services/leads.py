"""Leads and what they are scored by: one tenant's rows, written by key and scored in bulk."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from app.core.errors import ConflictError, NotFoundError
from app.core.ids import new_id
from app.rules import lead_scoring
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.lead import Lead, LeadModel, LeadRule, LeadScore

CHUNK: Final = 500

Scores = dict[str, dict[str, Any]]
"""By model: points, grade and the rules that matched."""


async def upsert(
    ctx: Context,
    table: type[Any],
    rows: Sequence[Mapping[str, Any]],
    *unique: str,
    stamp: str = "updated_at",
) -> list[UUID]:
    """Add rows of the acting tenant or replace what has the same unique columns; the ids added.

    Of two rows alike in one call the last one counts.
    """
    by_key = {tuple(str(row.get(name)) for name in unique): row for row in rows}
    values = [
        {"id": new_id(), "tenant_id": ctx.tenant_id, stamp: ctx.now(), **row}
        for row in by_key.values()
    ]
    dialect = sqlite if ctx.db.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table).values(values)
    changed = {
        name: insert.excluded[name]
        for name in values[0]
        if name not in ("id", "tenant_id", *unique) and name != "created_at"
    }
    kept = await ctx.db.scalars(
        insert.on_conflict_do_update(index_elements=unique, set_=changed).returning(table.id)
    )
    ours = {row["id"] for row in values}
    return [id_ for id_ in kept if id_ in ours]


async def add_model(ctx: Context, key: str, name: str, base_points: int) -> UUID:
    """Add a model; raises ``ConflictError`` for a key that is taken."""
    row = LeadModel(
        tenant_id=ctx.tenant_id, key=key, name=name, base_points=base_points, updated_at=ctx.now()
    )
    insert = insert_or_ignore(ctx, LeadModel, row.model_dump(), "tenant_id", "key")
    if await ctx.db.scalar(insert.returning(col(LeadModel.id))) is None:
        raise ConflictError(f"There is a model {key!r} already.")
    return row.id


async def model(ctx: Context, key: str) -> LeadModel:
    """Return a model by its key; raises ``NotFoundError``."""
    row = await ctx.db.scalar(ctx.mine(LeadModel).where(col(LeadModel.key) == key))
    if row is None:
        raise NotFoundError(f"There is no model {key!r}.")
    return row


async def rules_of(ctx: Context, model_id: UUID) -> Sequence[LeadRule]:
    """Return a model's rules by key."""
    rows = await ctx.db.scalars(
        ctx.mine(LeadRule).where(col(LeadRule.model_id) == model_id).order_by(col(LeadRule.key))
    )
    return rows.all()


async def find(ctx: Context, external_id: str) -> Lead | None:
    """Return a lead by the caller's id."""
    return await ctx.db.scalar(
        ctx.mine(Lead)
        .where(col(Lead.external_id) == external_id)
        .execution_options(populate_existing=True)
    )


async def page(ctx: Context, *, after: UUID | None, limit: int) -> Sequence[Lead]:
    """Return leads in the order they came, after one of them."""
    query = ctx.mine(Lead)
    if after is not None:
        last = await ctx.get_mine(Lead, after)
        query = query.where(
            or_(
                col(Lead.created_at) > last.created_at,
                and_(col(Lead.created_at) == last.created_at, col(Lead.id) > last.id),
            )
        )
    rows = await ctx.db.scalars(query.order_by(col(Lead.created_at), col(Lead.id)).limit(limit))
    return rows.all()


async def scores_of(
    ctx: Context, lead_ids: Sequence[UUID], only: str | None = None
) -> dict[UUID, Scores]:
    """Return what leads are worth, by lead and model."""
    query = (
        select(LeadScore, LeadModel.key)
        .join(LeadModel, col(LeadModel.id) == LeadScore.model_id)
        .where(col(LeadScore.tenant_id) == ctx.tenant_id, col(LeadScore.lead_id).in_(lead_ids))
    )
    if only is not None:
        query = query.where(col(LeadModel.key) == only)
    found: dict[UUID, Scores] = {}
    for row, key in await ctx.db.execute(query):
        shown = {"points": row.points, "grade": row.grade, "matched": row.matched}
        found.setdefault(row.lead_id, {})[key] = shown
    return found


async def score(
    ctx: Context, rows: Sequence[Lead], only: LeadModel | None = None
) -> dict[UUID, Scores]:
    """Score leads by one model or by all, keep that and return it."""
    models = [only] if only else (await ctx.db.scalars(ctx.mine(LeadModel))).all()
    found: dict[UUID, Scores] = {row.id: {} for row in rows}
    kept: list[dict[str, Any]] = []
    for one in models:
        rules = [
            lead_scoring.Rule(rule.key, rule.question, rule.operator, rule.value, rule.points)
            for rule in await rules_of(ctx, one.id)
        ]
        for row in rows:
            worth = lead_scoring.score(row.answers, rules, base=one.base_points)
            shown = {"points": worth.points, "grade": worth.grade, "matched": list(worth.matched)}
            found[row.id][one.key] = shown
            kept.append(
                {
                    "lead_id": row.id,
                    "model_id": one.id,
                    "tenant_id": ctx.tenant_id,
                    "computed_at": ctx.now(),
                    **shown,
                }
            )
    await _keep(ctx, kept)
    return found


async def score_all(ctx: Context, model: LeadModel) -> AsyncGenerator[dict[UUID, Scores]]:
    """Score every lead by a model, some hundred at a time."""
    last: UUID | None = None
    while rows := await page(ctx, after=last, limit=CHUNK):
        yield await score(ctx, rows, model)
        last = rows[-1].id


async def _keep(ctx: Context, rows: Sequence[Mapping[str, Any]]) -> None:
    dialect = sqlite if ctx.db.get_bind().dialect.name == "sqlite" else postgresql
    for start in range(0, len(rows), CHUNK):
        insert = dialect.insert(LeadScore).values(rows[start : start + CHUNK])
        changed = {
            name: insert.excluded[name] for name in ("points", "grade", "matched", "computed_at")
        }
        await ctx.db.execute(
            insert.on_conflict_do_update(index_elements=["lead_id", "model_id"], set_=changed)
        )
