"""The one door from the UI to the services: who this browser is, resolved anew on every event."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from http.cookies import CookieError, SimpleCookie
from uuid import UUID

import reflex as rx

from app import runtime
from app.core.errors import InvalidInputError
from app.rules.addresses import client_ip
from app.services import sessions
from app.services.context import Actor, ActorKind, Context, Origin


@asynccontextmanager
async def acting(state: rx.State, *, readonly: bool = False) -> AsyncGenerator[Context]:
    """Give an event handler a unit of work as the signed-in person.

    The session is looked up in the database each time, so that revoking it takes effect at once.
    Raises ``NotSignedInError`` for strangers; the app's error handler sends those to the login.
    """
    async with _door(state, (ActorKind.PERSON,), readonly=readonly) as ctx:
        yield ctx


@asynccontextmanager
async def acting_as_customer(state: rx.State, *, readonly: bool = False) -> AsyncGenerator[Context]:
    """Give an event handler a unit of work as the tenant that is signed in itself; else as ``acting``."""
    async with _door(state, (ActorKind.CUSTOMER,), readonly=readonly) as ctx:
        yield ctx


@asynccontextmanager
async def acting_as_anybody(state: rx.State, *, readonly: bool = False) -> AsyncGenerator[Context]:
    """Give the frame's handlers a unit of work as whoever is signed in, of whatever kind."""
    async with _door(state, sessions.ANYBODY, readonly=readonly) as ctx:
        yield ctx


@asynccontextmanager
async def _door(
    state: rx.State, kinds: Collection[ActorKind], *, readonly: bool
) -> AsyncGenerator[Context]:
    token = _cookie(state)

    async def authenticate(ctx: Context) -> Actor:
        return await sessions.authenticate(ctx, token, kinds)

    async with runtime.current().authenticated(
        authenticate, _origin(state), readonly=readonly
    ) as ctx:
        await _keep_to_owner(state, ctx.actor)
        yield ctx


@asynccontextmanager
async def visiting(state: rx.State, *, readonly: bool = True) -> AsyncGenerator[Context]:
    """Give a public page a unit of work as nobody."""
    actor = Actor(ActorKind.ANONYMOUS, origin=_origin(state))
    async with runtime.current().context(actor, readonly=readonly) as ctx:
        yield ctx


def parse_id(value: object) -> UUID:
    """Return the id a browser sent; it may have sent anything. Raises ``InvalidInputError``."""
    try:
        return UUID(value) if isinstance(value, str) else UUID("")
    except ValueError as error:
        raise InvalidInputError("This is not an id.") from error


def _cookie(state: rx.State) -> str:
    raw = getattr(state.router.headers, "cookie", "") or ""
    try:
        found = SimpleCookie(raw).get(sessions.COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _origin(state: rx.State) -> Origin:
    headers = state.router.headers
    return Origin(
        ip=client_ip(
            state.router.session.client_ip,
            headers.raw_headers.get("x-forwarded-for", ""),
            runtime.current().settings.proxy_networks,
        ),
        user_agent=(headers.user_agent or "")[:300],
    )


class OwnerState(rx.State):
    """Remembers whose figures this tab holds: a tab's state survives a login as somebody else."""

    _owner: str = ""


async def _keep_to_owner(state: rx.State, actor: Actor) -> None:
    """Empty the tab's whole state when it was filled for another person."""
    owner = await state.get_state(OwnerState)
    if owner._owner and owner._owner != actor.id:
        root = state._get_root_state()
        root.reset()
        owner = await state.get_state(OwnerState)
    owner._owner = actor.id
