"""Whether the process is up and whether it can work."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app import runtime

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """The process answers."""

    status: str


class Readiness(BaseModel):
    """What the process needs, and whether it is there; ``now`` is the product's clock."""

    status: str
    now: dt.datetime
    checks: dict[str, str]


@router.get("/healthz")
async def health() -> Health:
    """Tell that the process is up."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Readiness}})
async def ready(response: Response) -> Readiness:
    """Tell whether requests can be served: database, queue, migrations."""
    run = runtime.current()
    checks = await run.readiness()
    good = all(value == "ok" for value in checks.values())
    response.status_code = 200 if good else 503
    return Readiness(status="ok" if good else "failing", now=run.clock.now(), checks=checks)
