"""How soon ``audit-query`` answers over millions of calls, and what the monthly run of many agents costs.

Run with ``python -m benchmarks.agent_usage`` (``--quick`` for a look). A throw-away PostgreSQL database. What is asked for is a
month that begins and ends within a day, of a thousand agents and of one; the ratio is over a plain count of the very same
calls. The run of many is over when every agent's invoice is numbered and in the books; that of few goes on until every card is
charged, by a provider that answers at once.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlmodel import col

from app.jobs.worker import Worker
from app.runtime import Runtime
from app.services import call_folding, call_usage
from benchmarks.monthly_run import AT, count, running
from models.agent import AgentCall
from tests.fakes import FakeProviders

START = dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC)
END = dt.datetime(2026, 11, 30, 6, tzinfo=dt.UTC)
CALLS = 500
"""Of each agent, all of them charged for: half a dollar, which is enough for an invoice."""
ROUNDS = 5


async def seed(run: Runtime, agents: int) -> None:
    """Fill in agents that pay by the call, and their calls of November, by plain statements."""
    async with run.as_system() as ctx:
        for statement in (
            """INSERT INTO tenant (id, programme, status, status_reason, display_name, legal_name, email, locale,
                 country, address, tax_id, tax_rate, is_reverse_charge, rail, currency, namespaces_allowed, policy,
                 notes, created_at, activated_at)
               SELECT gen_random_uuid(), 'agent', 'active', '', 'Agent ' || n, '', 'a' || n || '@example.com',
                 'en', 'US', '', '', '0', false, 'card', 'USD', '[]', '{}', '', :early, :early
               FROM generate_series(1, :agents) n""",
            """INSERT INTO agent (tenant_id, product, agent_id, email, organisation, tier, payment_state, onboarded_at,
                 hard_stop, budget_set_by)
               SELECT id, 'leadscoring', display_name, email, '', 'paid', 'active', :early, false, '' FROM tenant""",
            """INSERT INTO payment_method (id, tenant_id, provider, status, customer_ref, method_ref, label, is_default,
                 created_at, connected_at)
               SELECT gen_random_uuid(), id, 'stripe', 'connected', 'cus_' || id, 'pm_' || id, 'Card', true, :early, :early
               FROM tenant""",
            f"""INSERT INTO agent_call (id, at, tenant_id, action, pack, status, is_billable, is_charged, unit, actor_type,
                 actor_id, request_id, request_hash, idempotency_key, is_dry_run, is_replay, error_code, error, ip, latency_ms,
                 result_meta)
               SELECT gen_random_uuid(), :early + n * interval '83 minutes', t.id,
                 'domain.leadscoring.' || (ARRAY['leads.create', 'leads.export', 'scores.recompute'])[1 + n % 3],
                 'leadscoring', 'success', true, true, 'call', 'api_key', 'key', 'req', repeat('0', 64), '', false, false, '', '',
                 '127.0.0.1', 1, '{{}}'
               FROM tenant t, generate_series(1, {CALLS}) n""",
        ):
            used = {"early": AT - dt.timedelta(days=29), "agents": agents}
            await ctx.db.execute(
                text(statement), {key: used[key] for key in used if f":{key}" in statement}
            )
    async with run.as_system() as ctx:
        while await call_folding.fold(ctx):
            await ctx.save()
    async with run.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as one:
        await one.execute(text("VACUUM ANALYZE"))


async def asked(run: Runtime, ask: Callable[[Any], Awaitable[object]]) -> float:
    """Return the milliseconds until an answer, the middle of several."""
    took: list[float] = []
    for _ in range(ROUNDS):
        async with run.as_system(readonly=True) as ctx:
            began = time.perf_counter()
            await ask(ctx)
            took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


async def query(run: Runtime, agents: int, most: int) -> None:
    """Print how soon sums come."""
    async with run.as_system(readonly=True) as ctx:
        ids = list(await ctx.db.scalars(select(col(AgentCall.tenant_id)).distinct().limit(most)))

    def plain(of: list[UUID]) -> Any:
        counted = select(col(AgentCall.tenant_id), func.count()).where(
            col(AgentCall.tenant_id).in_(of), col(AgentCall.at) >= START, col(AgentCall.at) < END
        )
        return counted.group_by(col(AgentCall.tenant_id))

    for some in (ids, ids[:1]):
        through = await asked(run, lambda ctx, some=some: call_usage.count(ctx, some, START, END))
        raw = await asked(run, lambda ctx, some=some: ctx.db.execute(plain(some)))
        print(
            f"audit-query of {len(some):,} agents over {agents * CALLS:,} calls {through:.0f} ms   "
            f"plain count {raw:.0f} ms   ratio {through / raw:.2f}"
        )


async def bill(run: Runtime, worker: Worker, agents: int, *, charge: bool) -> float:
    """Print how long the monthly run of agents takes, on request with every card's charge; returns ms an agent."""
    await worker.settle()
    run.clock.advance(dt.timedelta(days=1))  # type: ignore[attr-defined]
    began = time.perf_counter()
    settling = asyncio.create_task(worker.settle())
    while await count(run, "invoice", "number IS NOT NULL") < agents and not settling.done():
        await asyncio.wait({settling}, timeout=0.2)
    opened = time.perf_counter() - began
    each = 1000 * opened / agents
    said = f"monthly run of {agents:,} agents, {agents * CALLS:,} calls: opened in {opened:.1f} s, {each:.1f} ms an agent"
    if charge:
        await settling
        said += f"; charged after {time.perf_counter() - began:.1f} s"
        done = await count(run, "billing_period", "status = 'done'")
        if done != agents:
            raise SystemExit(f"the months of {done} of {agents} agents are done")
    settling.cancel()
    print(said)
    return each


async def measure(small: int, large: int, most: int) -> None:
    """Bill few agents to the end, then ask about many and bill those."""
    cost: list[float] = []
    for agents in (small, large):
        async with running(AT) as (run, worker):
            run.providers = FakeProviders()
            await seed(run, agents)
            if agents == large:
                await query(run, agents, most)
            cost.append(await bill(run, worker, agents, charge=agents == small))
    print(f"opened, cost an agent, {large:,} over {small:,}: ratio {cost[1] / cost[0]:.2f}")


def main(*, quick: bool = False) -> None:
    """Measure and print."""
    asyncio.run(measure(*((20, 60, 10) if quick else (300, 10_000, 1_000))))


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    main(quick=options.parse_args().quick)
