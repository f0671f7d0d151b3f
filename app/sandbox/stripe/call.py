"""One request to the Stripe double, and the table of the requests it understands."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.store import Document, Store
from app.sandbox.stripe.errors import missing_resource, not_simulated
from app.sandbox.world import World

Handler = Callable[["Call"], Document]

_ALWAYS_TAKEN = frozenset({"expand", "metadata"})


@dataclass
class Call:
    """A verified request with its parameters in their true types."""

    world: World
    params: dict[str, Any]
    path: dict[str, str]
    account: str | None = None
    request_id: str = ""
    idempotency_key: str | None = None

    @property
    def store(self) -> Store:
        """The simulated objects."""
        return self.world.store

    @property
    def now(self) -> int:
        """The simulated time, for `created`."""
        return self.world.clock.now()

    def take(self, *simulated: str) -> dict[str, Any]:
        """Return the parameters, refusing valid ones that this double would have to ignore."""
        for name in self.params:
            if name not in simulated and name not in _ALWAYS_TAKEN:
                raise not_simulated(name)
        return self.params

    def metadata(self) -> dict[str, str]:
        """Return the metadata of a new object, without what was left empty."""
        given = self.params.get("metadata") or {}
        return {key: value for key, value in given.items() if value != ""}

    def find(self, kind: str, key: str, param: str) -> Document:
        """Return an object named in a parameter, or refuse."""
        found = self.store.get(kind, key)
        if found is None:
            raise missing_resource(kind, key, param)
        return found

    def here(self, kind: str, param: str = "id") -> Document:
        """Return the object named in the path, or refuse with 404."""
        found = self.store.get(kind, self.path["id"])
        if found is None:
            raise missing_resource(kind, self.path["id"], param, status=404)
        return found


@dataclass(frozen=True)
class Route:
    """One kind of request: where it goes, how its parameters are checked, who answers."""

    method: str
    pattern: re.Pattern[str]
    check: str
    handler: Handler
    on_account: bool = False


@dataclass
class RouteTable:
    """The requests the double understands, filled by the resource modules."""

    routes: list[Route] = field(default_factory=list)

    def add(
        self, method: str, path: str, check: str, *, on_account: bool = False
    ) -> Callable[[Handler], Handler]:
        """Register a handler for `GET /v1/things/{id}`, its parameters checked by a class of `stripe.params`."""
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(method, pattern, check, handler, on_account))
            return handler

        return register

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route of a request and the parts of its path."""
        for route in self.routes:
            if route.method == method and (found := route.pattern.fullmatch(path)):
                return route, found.groupdict()
        return None


routes = RouteTable()


def new_id(prefix: str, length: int = 14) -> str:
    """Return an id in Stripe's manner."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return f"{prefix}_" + "".join(secrets.choice(alphabet) for _ in range(length))


def merge_metadata(current: dict[str, str], change: Any) -> dict[str, str]:
    """Return metadata after an update: an empty value removes a key, an empty text removes all."""
    if change is None:
        return current
    if change == "":
        return {}
    merged = {**current, **change}
    return {key: value for key, value in merged.items() if value != ""}
