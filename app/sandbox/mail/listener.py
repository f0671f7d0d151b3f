"""The SMTP listener: takes every mail, unless told to refuse an address."""

import asyncio
import secrets
from fnmatch import fnmatchcase

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from app.sandbox.clock import wall_time
from app.sandbox.mail.messages import read_message
from app.sandbox.store import Document
from app.sandbox.world import World

KEEP_MAILS = 5_000
_LARGEST_MAIL = 40 * 1024 * 1024
_ANSWERS = {
    451: "451 4.3.0 Try again later (asked for through the sandbox)",
    550: "550 5.1.1 No such mailbox (asked for through the sandbox)",
}


def refuse(world: World, address: str, code: int, times: int | None) -> Document:
    """Let mail to an address (wildcards allowed) be refused with 451 or 550, some times or until taken back."""
    rule = {"address": address.lower(), "code": code, "times": times}
    return world.store.put("mail_refusal", rule["address"], rule)


class MailHandler:
    """What aiosmtpd asks while a mail comes in."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        """Accept or refuse a recipient."""
        del server, session, rcpt_options
        for rule in self._world.store.all("mail_refusal"):
            if fnmatchcase(address.lower(), rule["address"]):
                self._use_up(rule)
                return _ANSWERS[rule["code"]]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail, once for each recipient."""
        del server, session
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        store = self._world.store
        for address in envelope.rcpt_tos:
            key = secrets.token_hex(8)
            store.put(
                "mail",
                key,
                {"id": key, "to": address, "received_at": wall_time(), **read_message(raw)},
            )
        store.trim("mail", KEEP_MAILS)
        store.flush()
        return "250 Message accepted for delivery"

    def _use_up(self, rule: Document) -> None:
        if rule["times"] is None:
            return
        rule["times"] -= 1
        if rule["times"] > 0:
            self._world.store.put("mail_refusal", rule["address"], rule)
        else:
            self._world.store.delete("mail_refusal", rule["address"])


def _anybody(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    # Any password opens this listener: what is tested is that the product sends one.
    del server, session, envelope, mechanism, data
    return AuthResult(success=True)


async def listen(world: World) -> asyncio.Server:
    """Start listening; port 0 takes a free one."""
    handler = MailHandler(world)

    def connection() -> SMTP:
        return SMTP(
            handler,
            data_size_limit=_LARGEST_MAIL,
            enable_SMTPUTF8=True,
            hostname="sandbox.example.com",
            ident="Turnpike sandbox",
            auth_require_tls=False,
            authenticator=_anybody,
        )

    loop = asyncio.get_running_loop()
    return await loop.create_server(connection, world.config.host, world.config.smtp_port)
