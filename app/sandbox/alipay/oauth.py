"""User authorisation: how a seller shows which Alipay account is theirs."""

import secrets
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.clock import wall_time
from app.sandbox.pages.render import choice, go, show
from app.sandbox.store import Document
from app.sandbox.world import World

ADDRESS = "/alipay/oauth2/publicAppAuthorize.htm"
_CODE_SECONDS = 24 * 3_600
_TOKEN_SECONDS = 1_296_000
_REFRESH_SECONDS = 2_592_000

# Accounts a tester can be; the last one cannot receive money.
SELLERS = {
    "2088100000000011": "Simulated seller 1",
    "2088100000000022": "Simulated seller 2",
    "2088100000000033": "Simulated seller 3, cannot receive money",
}
UNUSABLE = "2088100000000033"


class CodeError(Exception):
    """A code that is unknown, used up or too old."""

    def __init__(self) -> None:
        super().__init__("isv.code-invalid")
        self.body = {
            "code": "40002",
            "msg": "Invalid Arguments",
            "sub_code": "isv.code-invalid",
            "sub_msg": "授权码code无效",
        }


def exchange(world: World, params: dict[str, str]) -> Document:
    """Return tokens and the user's id for a one-time code, or for a refresh token."""
    grant = params.get("grant_type")
    if grant == "authorization_code":
        kind, key = "alipay_code", params.get("code", "")
    elif grant == "refresh_token":
        kind, key = "alipay_refresh", params.get("refresh_token", "")
    else:
        raise CodeError
    known = world.store.get(kind, key)
    if known is None or known["expires_at"] < wall_time():
        raise CodeError
    world.store.delete(kind, key)
    refresh = f"authbseB{secrets.token_hex(16)}"
    world.store.put(
        "alipay_refresh",
        refresh,
        {"user_id": known["user_id"], "expires_at": wall_time() + _REFRESH_SECONDS},
    )
    return {
        "user_id": known["user_id"],
        "access_token": f"authbseB{secrets.token_hex(16)}",
        "expires_in": _TOKEN_SECONDS,
        "refresh_token": refresh,
        "re_expires_in": _REFRESH_SECONDS,
        "auth_start": world.clock.beijing(),
    }


class OAuthPages:
    """The page that asks a seller for consent."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return the addresses of this page."""
        return [
            Route(ADDRESS, self.show, methods=["GET"]),
            Route(ADDRESS, self.act, methods=["POST"]),
        ]

    def _problem(self, request: Request) -> str:
        query = request.query_params
        if query.get("app_id") != self._world.config.alipay.app_id:
            return "The app_id is not the one of this product."
        if query.get("scope") not in {"auth_base", "auth_user"}:
            return "The scope must be auth_base or auth_user."
        address = urlsplit(query.get("redirect_uri", ""))
        if address.scheme not in {"http", "https"} or not address.netloc:
            return "The redirect_uri is no web address."
        return ""

    async def show(self, request: Request) -> Response:
        """Ask."""
        problem = self._problem(request)
        if problem:
            return _refused(problem)
        return show("alipay_authorize.html", sellers=SELLERS, scope=request.query_params["scope"])

    async def act(self, request: Request) -> Response:
        """Send the seller back with a code, or without."""
        problem = self._problem(request)
        if problem:
            return _refused(problem)
        query = request.query_params
        answer = {"app_id": query["app_id"], "state": query.get("state", "")}
        if await choice(request, "action") == "authorise":
            user = await choice(request, "seller")
            if user not in SELLERS:
                return _refused("There is no such account.")
            code = secrets.token_hex(16)
            self._world.store.put(
                "alipay_code", code, {"user_id": user, "expires_at": wall_time() + _CODE_SECONDS}
            )
            self._world.store.flush()
            answer |= {"scope": query["scope"], "auth_code": code}
        else:
            answer["error_scope"] = query["scope"]
        address = query["redirect_uri"]
        return go(f"{address}{'&' if '?' in address else '?'}{urlencode(answer)}")


def _refused(problem: str) -> Response:
    return show(
        "message.html",
        status=400,
        provider="Alipay",
        title="Alipay refuses this request",
        text=problem,
        choices=[],
        address="",
    )
