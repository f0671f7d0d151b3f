"""What expired is forgotten, what is still of use stays."""

from __future__ import annotations

import datetime as dt

from sqlmodel import select

from app.core.clock import wall_now
from app.services import housekeeping
from app.services.context import Context
from models.exchange import StoredAnswer
from models.person import LinkPurpose, LoginSession, MailedLink
from tests.factories import make_person

DAY = dt.timedelta(days=1)


async def test_only_what_has_no_use_any_more_is_forgotten(ctx: Context) -> None:
    person = await make_person(ctx)
    wall, now = wall_now(), ctx.now()
    for name, age in (("old", 40), ("ended", 5), ("live", -5)):
        ctx.db.add(
            LoginSession(
                person_id=person.id,
                token_hash=name,
                created_at=wall - 60 * DAY,
                last_seen_at=wall,
                expires_at=wall - age * DAY,
            )
        )
        ctx.db.add(
            MailedLink(
                person_id=person.id,
                purpose=LinkPurpose.CONFIRM_EMAIL,
                token_hash=name,
                email=person.email,
                created_at=now - 60 * DAY,
                expires_at=now - age * DAY,
            )
        )
        ctx.db.add(
            StoredAnswer(
                scope="s", key=name, request_hash="", created_at=now, expires_at=now - age * DAY
            )
        )
    await ctx.db.flush()
    assert await housekeeping.forget(ctx) == 4
    sessions = (await ctx.db.scalars(select(LoginSession.token_hash))).all()
    links = (await ctx.db.scalars(select(MailedLink.token_hash))).all()
    answers = (await ctx.db.scalars(select(StoredAnswer.key))).all()
    assert set(sessions) == set(links) == {"ended", "live"}
    assert set(answers) == {"live"}
