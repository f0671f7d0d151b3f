"""The agent's clients: the calls of ``agent_calls`` as methods, blocking and for asyncio."""

from __future__ import annotations

import httpx

from turnpike_client import agent_calls
from turnpike_client.client import AsyncClient, BlockingClient, many, many_async, one, one_async
from turnpike_client.models import Onboarding


class AgentClient(BlockingClient):
    """An agent's calls; failures are TurnpikeError, those of the gateway typed by their code.

    Every call that does or costs something carries one idempotency key for all its tries. Pass your own
    ``idempotency_key`` to be able to repeat a call after a restart of your program.
    """

    call = one(agent_calls.call)
    usage = one(agent_calls.usage)
    bill = one(agent_calls.bill)
    upgrade = one(agent_calls.upgrade)
    spend_limits = one(agent_calls.spend_limits)
    set_spend_limits = one(agent_calls.set_spend_limits)
    keys = many(agent_calls.keys)
    create_key = one(agent_calls.create_key)
    rotate_key = one(agent_calls.rotate_key)
    revoke_key = one(agent_calls.revoke_key)


class AsyncAgentClient(AsyncClient):
    """AgentClient for asyncio: ``await`` its calls, ``async for`` over its lists."""

    call = one_async(agent_calls.call)
    usage = one_async(agent_calls.usage)
    bill = one_async(agent_calls.bill)
    upgrade = one_async(agent_calls.upgrade)
    spend_limits = one_async(agent_calls.spend_limits)
    set_spend_limits = one_async(agent_calls.set_spend_limits)
    keys = many_async(agent_calls.keys)
    create_key = one_async(agent_calls.create_key)
    rotate_key = one_async(agent_calls.rotate_key)
    revoke_key = one_async(agent_calls.revoke_key)


def onboard(
    base_url: str,
    agent_id: str,
    email: str,
    organisation: str = "",
    *,
    product: str = "leadscoring",
    timeout: float = 10.0,
    transport: httpx.BaseTransport | None = None,
) -> Onboarding:
    """Open an agent's account; this needs no key, and is tried once, for a key is shown only once."""
    made = agent_calls.onboard(agent_id, email, organisation, product=product)
    with BlockingClient(base_url, None, timeout=timeout, retries=0, transport=transport) as client:
        return client.run(made)
