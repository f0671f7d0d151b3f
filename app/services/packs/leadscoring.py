"""The reference product: ask leads questions, score their answers by rules, export what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, JsonValue, StringConstraints
from sqlmodel import col, select

from app.core.errors import InvalidInputError, NotFoundError
from app.rules import lead_scoring
from app.rules.gateway import Impact, Result, Scope, Unit
from app.rules.lead_scoring import Operator
from app.services import leads
from app.services.actions import Params, action
from app.services.context import Context
from models.lead import Lead, LeadModel, LeadQuestion, LeadRule

PACK: Final = "domain.leadscoring"
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Points = Annotated[int, Field(ge=-100, le=100)]


class QuestionIn(Params):
    """A question under a key of the caller's."""

    key: Key
    text: str = Field(min_length=1, max_length=500)
    options: list[Annotated[str, StringConstraints(min_length=1, max_length=120)]] = Field(
        default=[], max_length=50
    )


class QuestionsIn(Params):
    """Questions to add or replace by their keys."""

    questions: list[QuestionIn] = Field(min_length=1, max_length=200)


class ModelIn(Params):
    """A model under a key of the caller's; ``base_points`` is what every lead has."""

    key: Key
    name: str = Field(min_length=1, max_length=120)
    base_points: Points = 0


class ModelsIn(Params):
    """Models to add or replace by their keys."""

    models: list[ModelIn] = Field(min_length=1, max_length=50)


class RuleIn(Params):
    """Points for one kind of answer; ``value`` is what the operator compares with."""

    key: Key
    question: Key
    operator: str = Field(pattern=f"^({'|'.join(Operator)})$")
    value: JsonValue = None
    points: Points


class RulesIn(Params):
    """Rules of one model to add or replace by their keys."""

    model: Key
    rules: list[RuleIn] = Field(min_length=1, max_length=200)


class ModelRef(Params):
    """Which model."""

    model: Key


class LeadIn(Params):
    """Somebody who answered; the same ``external_id`` is the same lead, whose answers are replaced."""

    external_id: str = Field(min_length=1, max_length=128)
    answers: dict[Key, JsonValue] = Field(max_length=200)


class ExportIn(Params):
    """A page of leads with their scores, oldest first; ``after`` is the last id of the page before."""

    model: Key | None = None
    after: str | None = Field(default=None, max_length=36)
    limit: int = Field(default=100, ge=1, le=500)


def _foresee_upsert(kind: str, list_name: str, table: type[Any]) -> Any:
    """Return what tells which keys an upsert would add and which it would replace."""

    async def foresee(ctx: Context, params: Any) -> Impact:
        keys = [one.key for one in getattr(params, list_name)]
        known = set(
            await ctx.db.scalars(
                select(table.key).where(table.tenant_id == ctx.tenant_id, table.key.in_(keys))
            )
        )
        return Impact(
            creates=[{"type": kind, "key": key} for key in keys if key not in known],
            updates=[{"type": kind, "key": key} for key in keys if key in known],
        )

    return foresee


@action(f"{PACK}.questions.list", Scope.READ, billable=False)
async def list_questions(ctx: Context, params: Params) -> Result:  # noqa: ARG001 - every action takes both
    """List the questions."""
    rows = await ctx.db.scalars(ctx.mine(LeadQuestion).order_by(col(LeadQuestion.key)))
    found = [{"key": one.key, "text": one.text, "options": one.options} for one in rows]
    return Result({"questions": found}, "question", len(found))


@action(
    f"{PACK}.questions.upsert_bulk",
    Scope.DOMAIN,
    billable=True,
    unit=Unit.CALL,
    foresee=_foresee_upsert("question", "questions", LeadQuestion),
)
async def upsert_questions(ctx: Context, params: QuestionsIn) -> Result:
    """Add questions, or replace those with the same keys."""
    rows = [{"key": one.key, "text": one.text, "options": one.options} for one in params.questions]
    created = await leads.upsert(ctx, LeadQuestion, rows, "tenant_id", "key")
    return _upserted("question", created, len(rows))


@action(f"{PACK}.models.list", Scope.READ, billable=False)
async def list_models(ctx: Context, params: Params) -> Result:  # noqa: ARG001 - every action takes both
    """List the scoring models."""
    rows = await ctx.db.scalars(ctx.mine(LeadModel).order_by(col(LeadModel.key)))
    found = [{"key": one.key, "name": one.name, "base_points": one.base_points} for one in rows]
    return Result({"models": found}, "model", len(found))


@action(f"{PACK}.models.create", Scope.DOMAIN, billable=True, unit=Unit.CALL)
async def create_model(ctx: Context, params: ModelIn) -> Result:
    """Add a scoring model; refuses a key that is taken."""
    created = await leads.add_model(ctx, params.key, params.name, params.base_points)
    return _upserted("model", [created], 1)


@action(
    f"{PACK}.models.upsert_bulk",
    Scope.DOMAIN,
    billable=True,
    unit=Unit.CALL,
    foresee=_foresee_upsert("model", "models", LeadModel),
)
async def upsert_models(ctx: Context, params: ModelsIn) -> Result:
    """Add scoring models, or replace those with the same keys."""
    rows = [
        {"key": one.key, "name": one.name, "base_points": one.base_points} for one in params.models
    ]
    created = await leads.upsert(ctx, LeadModel, rows, "tenant_id", "key")
    return _upserted("model", created, len(rows))


@action(f"{PACK}.rules.list", Scope.READ, billable=False)
async def list_rules(ctx: Context, params: ModelRef) -> Result:
    """List the rules of a model."""
    model = await leads.model(ctx, params.model)
    rows = await leads.rules_of(ctx, model.id)
    found = [
        {
            "key": one.key,
            "question": one.question,
            "operator": one.operator.value,
            "value": one.value,
            "points": one.points,
        }
        for one in rows
    ]
    return Result({"model": model.key, "rules": found}, "rule", len(found))


@action(f"{PACK}.rules.upsert_bulk", Scope.DOMAIN, billable=True, unit=Unit.CALL)
async def upsert_rules(ctx: Context, params: RulesIn) -> Result:
    """Add rules to a model, or replace those with the same keys; their questions must exist."""
    model = await leads.model(ctx, params.model)
    asked = {one.question for one in params.rules}
    known = set(
        await ctx.db.scalars(
            select(LeadQuestion.key).where(
                col(LeadQuestion.tenant_id) == ctx.tenant_id, col(LeadQuestion.key).in_(asked)
            )
        )
    )
    if missing := sorted(asked - known):
        raise InvalidInputError(
            f"There is no question {missing[0]!r}.",
            fields=[("rules", f"unknown question {missing[0]}")],
        )
    rows = [
        {
            "model_id": model.id,
            "key": one.key,
            "question": one.question,
            "operator": one.operator,
            "value": one.value,
            "points": one.points,
        }
        for one in params.rules
    ]
    created = await leads.upsert(ctx, LeadRule, rows, "model_id", "key")
    return _upserted("rule", created, len(rows))


async def _foresee_lead(ctx: Context, params: LeadIn) -> Impact:
    known = await leads.find(ctx, params.external_id)
    one = [{"type": "lead", "external_id": params.external_id}]
    return Impact(updates=one) if known else Impact(creates=one)


@action(f"{PACK}.leads.create", Scope.DOMAIN, billable=True, unit=Unit.CALL, foresee=_foresee_lead)
async def create_lead(ctx: Context, params: LeadIn) -> Result:
    """Add a lead with its answers and score it by every model there is."""
    row = {"external_id": params.external_id, "answers": params.answers}
    created = await leads.upsert(ctx, Lead, [row], "tenant_id", "external_id", stamp="created_at")
    lead = await leads.find(ctx, params.external_id)
    if lead is None:
        raise NotFoundError("The lead is gone.")
    scores = await leads.score(ctx, [lead])
    return Result(
        {"lead_id": str(lead.id), "created": bool(created), "scores": scores[lead.id]},
        "lead",
        1,
        [str(lead.id)] if created else [],
    )


@action(f"{PACK}.leads.export", Scope.READ, billable=True, unit=Unit.CALL)
async def export_leads(ctx: Context, params: ExportIn) -> Result:
    """List leads with their answers and scores, a page at a time."""
    rows = await leads.page(ctx, after=_id(params.after), limit=params.limit)
    scores = await leads.scores_of(ctx, [one.id for one in rows], params.model)
    found = [
        {
            "lead_id": str(one.id),
            "external_id": one.external_id,
            "answers": one.answers,
            "scores": scores.get(one.id, {}),
        }
        for one in rows
    ]
    following = str(rows[-1].id) if len(rows) == params.limit else None
    return Result({"leads": found, "next_after": following}, "lead", len(found))


@action(f"{PACK}.scores.recompute", Scope.DOMAIN, billable=True, unit=Unit.CALL)
async def recompute(ctx: Context, params: ModelRef) -> Result:
    """Score every lead by a model anew, after its rules changed."""
    model = await leads.model(ctx, params.model)
    count, spread = 0, dict.fromkeys([name for _, name in lead_scoring.GRADES], 0)
    spread[lead_scoring.LOWEST] = 0
    async for scored in leads.score_all(ctx, model):
        count += len(scored)
        for one in scored.values():
            spread[one[model.key]["grade"]] += 1
    return Result({"model": model.key, "scored": count, "grades": spread}, "score", count)


def _upserted(kind: str, created: Sequence[UUID], total: int) -> Result:
    data: Mapping[str, Any] = {"created": len(created), "updated": total - len(created)}
    return Result(data, kind, total, [str(one) for one in created])


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidInputError("after is no id.", fields=[("after", "must be an id")]) from None
