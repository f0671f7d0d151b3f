"""The mailbox as pages for people and as JSON for scripts."""

import base64

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from app.sandbox.mail.messages import html_for_frame
from app.sandbox.pages.render import show
from app.sandbox.store import Document
from app.sandbox.world import World

_FRAME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox allow-popups allow-popups-to-escape-sandbox"


class Mailbox:
    """Every mail that arrived."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return the addresses of the mailbox."""
        return [
            Route("/mailbox", self.list_mails, methods=["GET"]),
            Route("/mailbox", self.empty, methods=["DELETE"]),
            Route("/mailbox/{mail_id}", self.read_mail, methods=["GET"]),
            Route("/mailbox/{mail_id}/html", self.html, methods=["GET"]),
            Route("/mailbox/{mail_id}/attachments/{number:int}", self.download, methods=["GET"]),
        ]

    def _mail(self, request: Request) -> Document | None:
        return self._world.store.get("mail", request.path_params["mail_id"])

    async def list_mails(self, request: Request) -> Response:
        """List the mails, newest first; `?to=` keeps one recipient's."""
        to = request.query_params.get("to", "").strip()
        mails = [
            mail
            for mail in self._world.store.all("mail")[::-1]
            if not to or mail["to"].lower() == to.lower()
        ]
        if _wants_json(request):
            return JSONResponse([self._as_json(mail) for mail in mails])
        return show("mailbox.html", place="mail", mails=mails[:200], total=len(mails), to=to)

    async def empty(self, request: Request) -> Response:
        """Throw all mails away."""
        del request
        for mail in self._world.store.all("mail"):
            self._world.store.delete("mail", mail["id"])
        self._world.store.flush()
        return Response(status_code=204)

    async def read_mail(self, request: Request) -> Response:
        """Show one mail."""
        mail = self._mail(request)
        if mail is None:
            return _gone()
        if _wants_json(request):
            return JSONResponse({**self._as_json(mail), "headers": mail["headers"]})
        return show("mail.html", place="mail", mail=mail)

    async def html(self, request: Request) -> Response:
        """Return the HTML body alone, for the frame."""
        mail = self._mail(request)
        if mail is None:
            return _gone()
        body = html_for_frame(mail, f"/mailbox/{mail['id']}")
        headers = {"Content-Security-Policy": _FRAME_POLICY, "X-Content-Type-Options": "nosniff"}
        return HTMLResponse(body, headers=headers)

    async def download(self, request: Request) -> Response:
        """Return an attachment's bytes as they were sent."""
        mail = self._mail(request)
        number = request.path_params["number"]
        if mail is None or number >= len(mail["attachments"]):
            return _gone()
        attachment = mail["attachments"][number]
        name = attachment["name"].encode("ascii", "replace").decode().replace('"', "'")
        return Response(
            base64.b64decode(attachment["data"]),
            media_type=attachment["type"],
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    def _as_json(self, mail: Document) -> Document:
        return {
            "id": mail["id"],
            "to": mail["to"],
            "from": mail["from"],
            "subject": mail["subject"],
            "text": mail["text"],
            "html": mail["html"],
            "received_at": mail["received_at"],
            "attachments": [
                {
                    "name": attachment["name"],
                    "size": attachment["size"],
                    "type": attachment["type"],
                    "url": self._world.url(f"/mailbox/{mail['id']}/attachments/{number}"),
                }
                for number, attachment in enumerate(mail["attachments"])
            ],
        }


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _gone() -> Response:
    return show(
        "message.html",
        status=404,
        provider="mailbox",
        title="No such mail",
        text="It was thrown away, or the address is wrong.",
        choices=[],
        address="",
    )
