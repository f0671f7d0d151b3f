"""Control endpoints: what a test or the demo does to the simulated world from behind the scenes."""

import asyncio
import ipaddress
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.sandbox.clock import parse_duration, wall_time
from app.sandbox.faults import Fault
from app.sandbox.world import World

_QUIET_STEP_SECONDS = 0.02


class Body(BaseModel):
    """What a control request may say; anything unknown is refused."""

    model_config = ConfigDict(extra="forbid")


class ClockBody(Body):
    """Where the clock goes: by an ISO duration, or to an RFC 3339 instant."""

    advance: str | None = None
    to: datetime | None = None


class SwitchBody(Body):
    """On or off."""

    on: bool


class ReleaseBody(Body):
    """What held notifications to send, and in which order."""

    order: Literal["fifo", "reverse", "shuffle"] = "fifo"
    ids: list[str] | None = None


_B = TypeVar("_B", bound=BaseModel)


async def read(request: Request, model: type[_B]) -> _B:
    """Return the verified body of a control request, or answer 422."""
    raw = await request.body()
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise HTTPException(422, error.json(include_url=False, include_context=False)) from error


class LoopbackOnly:
    """Lets only this machine in, and no page of another origin."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        client = scope.get("client")
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        foreign = bool(origin) and origin.partition("://")[2] != headers.get(b"host", b"").decode(
            "latin-1"
        )
        if client is None or not ipaddress.ip_address(client[0]).is_loopback or foreign:
            refusal = JSONResponse({"error": "Only this machine may do that."}, status_code=403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


class Control:
    """Everything under `/_control` that belongs to no single provider."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        """Return the addresses below `/_control`."""
        return [
            Route("/state", self.state, methods=["GET"]),
            Route("/idle", self.idle, methods=["GET"]),
            Route("/reset", self.reset, methods=["POST"]),
            Route("/clock", self.clock, methods=["POST"]),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/requests", self.requests, methods=["GET"]),
            Route("/objects/{kind}", self.objects, methods=["GET"]),
            Route("/deliveries", self.deliveries, methods=["GET"]),
            Route("/deliveries/duplicates", self.duplicates, methods=["POST"]),
            Route("/deliveries/hold", self.hold, methods=["POST"]),
            Route("/deliveries/release", self.release, methods=["POST"]),
            Route("/deliveries/{delivery_id}/redeliver", self.redeliver, methods=["POST"]),
        ]

    async def state(self, request: Request) -> Response:
        """Say what the world looks like."""
        del request
        store = self._world.store
        return JSONResponse(
            {
                "now": self._world.clock.moment().isoformat().replace("+00:00", "Z"),
                "ahead_seconds": round(self._world.clock.offset),
                "busy": self._world.busy(),
                "hold": store.setting("hold", False),
                "duplicates": store.setting("duplicates", False),
                "faults": [fault.model_dump() for fault in self._world.faults.pending],
                "counts": store.counts(),
            }
        )

    async def idle(self, request: Request) -> Response:
        """Answer when nothing more happens by itself, 504 when that takes longer than `?timeout=` seconds."""
        deadline = wall_time() + float(request.query_params.get("timeout", "10"))
        while self._world.busy():
            if wall_time() > deadline:
                return JSONResponse({"busy": True}, status_code=504)
            await asyncio.sleep(_QUIET_STEP_SECONDS)
        return JSONResponse({"busy": False})

    async def reset(self, request: Request) -> Response:
        """Forget everything."""
        del request
        self._world.reset()
        return Response(status_code=204)

    async def clock(self, request: Request) -> Response:
        """Move the clock forward and do what fell due."""
        body = await read(request, ClockBody)
        if (body.advance is None) == (body.to is None):
            raise HTTPException(422, "Give either `advance` or `to`.")
        if body.to is not None and body.to.tzinfo is None:
            raise HTTPException(422, "`to` needs a time zone.")
        try:
            if body.to is not None:
                self._world.clock.move_to(body.to.timestamp())
            else:
                self._world.clock.move_by(parse_duration(body.advance or ""))
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        self._world.tick()
        return await self.state(request)

    async def add_fault(self, request: Request) -> Response:
        """Let the next calls of a route fail."""
        fault = await read(request, Fault)
        self._world.faults.add(fault)
        return JSONResponse(fault.model_dump(), status_code=201)

    async def clear_faults(self, request: Request) -> Response:
        """Let everything go right again."""
        del request
        self._world.faults.clear()
        return Response(status_code=204)

    async def requests(self, request: Request) -> Response:
        """List the last requests of the product, oldest first; `?path=` keeps those containing it."""
        part = request.query_params.get("path", "")
        return JSONResponse([row for row in self._world.requests if part in row["path"]])

    async def objects(self, request: Request) -> Response:
        """List the objects of a kind, such as `invoice` or `charge`, oldest first."""
        return JSONResponse(self._world.store.all(request.path_params["kind"]))

    async def deliveries(self, request: Request) -> Response:
        """List notifications, oldest first; `?status=`, `?subject=` and `?channel=` filter."""
        wanted = {
            name: request.query_params[name]
            for name in ("status", "subject", "channel")
            if name in request.query_params
        }
        return JSONResponse(self._world.store.where("delivery", **wanted))

    async def duplicates(self, request: Request) -> Response:
        """Send every notification twice from now on, or stop that."""
        body = await read(request, SwitchBody)
        self._world.store.set("duplicates", body.on)
        self._world.store.flush()
        return await self.state(request)

    async def hold(self, request: Request) -> Response:
        """Hold all notifications back until released."""
        self._world.courier.hold()
        self._world.store.flush()
        return await self.state(request)

    async def release(self, request: Request) -> Response:
        """Send held notifications, in order, in reverse or shuffled; without `ids` also stop holding."""
        body = await read(request, ReleaseBody)
        released = self._world.courier.release(body.order, body.ids)
        self._world.store.flush()
        return JSONResponse({"released": released})

    async def redeliver(self, request: Request) -> Response:
        """Send a notification again, even one that was accepted."""
        delivery = self._world.courier.redeliver(request.path_params["delivery_id"])
        if delivery is None:
            raise HTTPException(404, "No such delivery.")
        self._world.store.flush()
        return JSONResponse(delivery)


def mount_control(world: World, routes: list[BaseRoute]) -> Mount:
    """Return `/_control` with the general endpoints and those of the providers."""

    async def explain(request: Request, error: Exception) -> Response:
        del request
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else "Unexpected failure."
        return JSONResponse({"error": detail}, status_code=status)

    inner = Starlette(
        routes=[*Control(world).routes(), *routes], exception_handlers={HTTPException: explain}
    )
    return Mount("/_control", app=LoopbackOnly(inner))
