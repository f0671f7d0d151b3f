"""Gives the demo its history by using the product: sign-up, card, devices, events, months."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import col, select

from app.core.clock import to_rfc3339, wall_now
from app.core.errors import ConflictError
from app.demo.agent_seed import AgentSeeder
from app.demo.world import World, write_private
from app.rules.statuses import InvoiceStatus
from app.runtime import Runtime
from app.services import (
    accounts,
    agreements,
    branding,
    credentials,
    onboarding,
    pay_links,
    payments,
    people,
    sessions,
)
from app.services.agreements import Acceptance
from app.services.context import Actor, ActorKind, Context, Origin
from models.installation import ClockOffset
from models.invoice import Invoice
from models.person import Person, Role
from models.tenant import Rail, Tenant

HISTORY = dt.timedelta(days=80)
PAYS_AFTER = dt.timedelta(days=5)
STEP = dt.timedelta(days=2)
KINDS = ("authority.memory_read", "authority.permission_check", "authority.cap_mint")
ORIGIN = Origin("127.0.0.1", "demo", "")


async def turn_back(run: Runtime) -> None:
    """Let the demo's clock begin in the past, before anything happened."""
    async with run.as_system() as ctx:
        if await ctx.db.scalar(select(col(Person.id)).limit(1)) is not None:
            raise ConflictError("This database holds accounts already; a demo wants an empty one.")
        if await ctx.db.get(ClockOffset, 1) is None:
            ctx.db.add(ClockOffset(id=1, micros=-int(HISTORY / dt.timedelta(microseconds=1))))


@dataclass(slots=True)
class Line:
    """A vendor's devices: what they are called, how many there will be, and those there are."""

    token: str
    prefix: str
    count: int
    actors: list[str] = field(default_factory=list[str])


class Seeder:
    """Acts as the demo's people, over the services and the REST API."""

    def __init__(self, run: Runtime, world: World) -> None:
        self.run = run
        self.world = world
        self.http = httpx.AsyncClient(timeout=300, follow_redirects=False)
        self.agent: AgentSeeder
        self.chance = random.Random(20260101)  # noqa: S311 - a picture, not a secret

    async def seed(self) -> None:
        """Fill the demo and write ``demo.json`` last, so that an interrupted seed starts again."""
        ops = await self._operations()
        platform = await self._as_system(
            lambda ctx: credentials.issue_platform_token(ctx, "demo platform")
        )
        secrets = self.world.secrets
        first = await self._vendor(
            "owner@acme.example.com", "Acme Toys", secrets["vendor_password_1"], Rail.CARD
        )
        second = await self._vendor(
            "owner@nebula.example.com",
            "星云玩具",
            secrets["vendor_password_2"],
            Rail.INVOICE,
            locale="zh-CN",
        )
        lines = [Line(first["token"], "ACME", 48), Line(second["token"], "NB", 21)]
        self.agent = AgentSeeder(self.http, self.world.base_url, self._press_pay)
        agent = await self.agent.begin()
        await self._live(platform.secret, lines)
        facts = {
            "base_url": self.world.base_url,
            "sandbox_url": self.world.sandbox_url,
            "mailbox_url": f"{self.world.sandbox_url}/mailbox",
            "ops": ops,
            "vendors": [first, second],
            "platform_token": platform.secret,
            "agent": agent,
            "webhook_secrets": {
                "stripe": secrets["stripe"],
                "stripe-connect": secrets["stripe-connect"],
                "alipay": str(self.world.keys / "alipay.pem"),
            },
            "metrics_token": secrets["metrics"],
        }
        write_private(
            self.world.folder / "demo.json", json.dumps(facts, indent=2, ensure_ascii=False)
        )
        await self.http.aclose()

    async def _operations(self) -> dict[str, str]:
        email, password = "ops@example.com", self.world.secrets["ops_password"]
        await self._as_system(
            lambda ctx: people.create_ops(ctx, email, Role.OPS_ADMIN, password=password)
        )
        return {"email": email, "password": password}

    async def _vendor(
        self, email: str, name: str, password: str, rail: Rail, *, locale: str = "en"
    ) -> dict[str, str]:
        await self._as_nobody(
            lambda ctx: accounts.sign_up(ctx, email, password, name="Owner", locale=locale)
        )
        token = await self._mailed_token(email)
        await self._as_nobody(lambda ctx: accounts.confirm_email(ctx, token))
        signed_in = await self._as_nobody(lambda ctx: sessions.sign_in(ctx, email, password))
        cookie: str = signed_in.token

        async def act(use_case: Callable[[Context], Awaitable[Any]]) -> Any:
            async with self.run.authenticated(
                lambda ctx: sessions.authenticate(ctx, cookie), ORIGIN
            ) as ctx:
                return await use_case(ctx)

        async def accept(ctx: Context) -> None:
            shown = agreements.texts(ctx, locale)
            await onboarding.accept_agreements(
                ctx, [Acceptance(one.slug, one.version, one.sha256) for one in shown]
            )

        await act(accept)
        await act(lambda ctx: branding.save_branding(ctx, name))
        url = await act(lambda ctx: payments.start_binding(ctx, rail))
        await self._press_pay(url)
        tenant_id = await self._until_active(email)
        issued = await act(lambda ctx: credentials.issue(ctx, "Factory line 1"))
        return {
            "email": email,
            "password": password,
            "tenant_id": str(tenant_id),
            "token": issued.secret,
        }

    async def _mailed_token(self, email: str) -> str:
        """Return the secret of the newest link mailed to an address."""
        for _ in range(100):
            answer = await self.http.get(
                f"{self.world.sandbox_url}/mailbox",
                params={"to": email},
                headers={"Accept": "application/json"},
            )
            for mail in answer.json():
                if "#" in mail["text"]:
                    return mail["text"].split("#", 1)[1].split()[0]
            await asyncio.sleep(0.2)
        raise RuntimeError(f"no link was mailed to {email}")

    async def _press_pay(self, url: str) -> None:
        """Press the button on the provider's page, wherever its address leads."""
        page = await self.http.get(url, follow_redirects=True)
        page.raise_for_status()
        done = await self.http.post(page.url, data={"action": "pay", "card": "visa"})
        if not done.is_redirect:
            done.raise_for_status()

    async def _until_active(self, email: str) -> UUID:
        for _ in range(150):
            async with self.run.as_system(readonly=True) as ctx:
                tenant = await ctx.db.scalar(select(Tenant).where(col(Tenant.email) == email))
                if tenant and tenant.activated_at:
                    return tenant.id
            await asyncio.sleep(0.2)
        raise RuntimeError(f"{email} did not become active")

    async def _register(self, line: Line, upto: int) -> None:
        """Register a line's devices until there are so many of them."""
        while len(line.actors) < min(upto, line.count):
            number = len(line.actors) + 1
            answer = await self.http.post(
                f"{self.world.base_url}/v1/vendor/devices/register",
                json={
                    "device_id": f"{line.prefix}-{number:04d}",
                    "user_omni": _user(line.prefix, (number + 1) // 2),
                },
                headers={
                    "Authorization": f"Bearer {line.token}",
                    "Idempotency-Key": f"seed-{line.prefix}-{number}",
                },
            )
            answer.raise_for_status()
            line.actors.append(answer.json()["actor_omni"])

    async def _pay_bills(self) -> None:
        """Let the vendor that pays by hand pay a bill some days after it came.

        Unpaid for longer than the grace, it could register no more devices.
        """
        for path in await self._as_system(_bills):
            answer = await self.http.post(
                f"{self.world.base_url}{path}", headers={"Accept": "application/json"}
            )
            answer.raise_for_status()
            await self._press_pay(answer.json()["redirect_url"])
            for _ in range(300):
                if path not in await self._as_system(_bills):
                    break
                await asyncio.sleep(0.2)

    async def _live(self, platform: str, lines: list[Line]) -> None:
        """Let the days pass until today: devices join, and most are used on most days."""
        headers = {"Authorization": f"Bearer {platform}"}
        goal, step = wall_now(), 0
        while True:
            ready = await self.http.get(f"{self.world.base_url}/readyz")
            now = dt.datetime.fromisoformat(ready.json()["now"])
            await self._pay_bills()
            events = self._day(now, lines, step)  # before more join: what is used exists by then
            for line in lines:
                await self._register(line, line.count * (step + 6) // 34)
            await self.agent.live(step)
            if events:
                answer = await self.http.post(
                    f"{self.world.base_url}/v1/events", json={"events": events}, headers=headers
                )
                answer.raise_for_status()
            if goal - now < dt.timedelta(hours=1):
                return
            to = min(goal, now + STEP)
            moved = await self.http.post(
                f"{self.world.base_url}/v1/sandbox/clock",
                json={"to": to_rfc3339(to)},
                headers=headers,
            )
            moved.raise_for_status()
            step += 1

    def _day(self, now: dt.datetime, lines: list[Line], step: int) -> list[dict[str, Any]]:
        """Return what happened since the step before: uses of devices, and Pro payments."""
        events: list[dict[str, Any]] = []
        for back in range(STEP.days):
            # Somewhere in the part of that calendar day that is over.
            midnight = dt.datetime.combine(now, dt.time(), dt.UTC) - dt.timedelta(days=back)
            over = min(now - midnight, dt.timedelta(days=1))
            at = midnight + self.chance.random() * over
            for line in lines:
                for number, actor in enumerate(line.actors):
                    if self.chance.random() < (0.12 if number % 9 == 0 else 0.62):
                        name = f"{line.prefix}-{step}-{back}-{number}"
                        kind = self.chance.choice(KINDS)
                        events.append(_event(name, at, kind, actor_omni=actor))
                if self.chance.random() < 0.3 and line.actors:
                    user = self.chance.randrange(1, (len(line.actors) + 1) // 2 + 1)
                    events.append(_pro(f"{line.prefix}-pro-{step}-{back}", at, line.prefix, user))
        return events

    async def _as_system(self, use_case: Callable[[Context], Awaitable[Any]]) -> Any:
        await self.run.refresh_clock()
        async with self.run.as_system() as ctx:
            return await use_case(ctx)

    async def _as_nobody(self, use_case: Callable[[Context], Awaitable[Any]]) -> Any:
        await self.run.refresh_clock()
        async with self.run.context(Actor(ActorKind.ANONYMOUS, origin=ORIGIN)) as ctx:
            return await use_case(ctx)


async def _bills(ctx: Context) -> list[str]:
    """Return the payment links of open invoices that their vendors pay by hand, once it is time."""
    came_by = ctx.now() - PAYS_AFTER
    bills = await ctx.db.scalars(
        select(Invoice).where(
            col(Invoice.status) == InvoiceStatus.OPEN,
            col(Invoice.rail) == Rail.INVOICE,
            col(Invoice.opened_at) <= came_by,
        )
    )
    return [pay_links.path(ctx, bill.id) for bill in bills]


def _user(prefix: str, number: int) -> str:
    return hashlib.sha256(f"{prefix}-user-{number}".encode()).hexdigest()


def _event(name: str, at: dt.datetime, kind: str, **data: Any) -> dict[str, Any]:
    return {"id": f"seed-{name}", "type": kind, "time": to_rfc3339(at), "data": data}


def _pro(name: str, at: dt.datetime, prefix: str, user: int) -> dict[str, Any]:
    return _event(
        name,
        at,
        "pro.paid",
        subscription_ref=f"sub-{prefix}-{user}",
        user_omni=_user(prefix, user),
        amount="10.00",
        currency="USD",
    )
