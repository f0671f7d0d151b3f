"""The command line ``turnpike-vendor``: a table of commands and one place that prints what they return."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from turnpike_client import errors
from turnpike_client.client import VendorClient, fetch_jwks
from turnpike_client.models import Row
from turnpike_client.receipts import Receipt, verify_receipt

EPILOG = """\
environment: TURNPIKE_URL the product's address, TURNPIKE_TOKEN the vendor token, TURNPIKE_VENDOR_ID your vendor id.
exit codes: 0 done, 1 other failure, 2 wrong usage, 3 invalid input, 4 refused (token, rights, terms), 5 payment
required, 6 not found, 7 conflict, 8 try again later, 9 the receipt is not valid."""
EXIT_CODES: Mapping[type[errors.TurnpikeError], int] = {
    errors.InvalidInput: 3,
    errors.Unauthorized: 4,
    errors.Forbidden: 4,
    errors.PaymentRequired: 5,
    errors.NotFound: 6,
    errors.Conflict: 7,
    errors.RateLimited: 8,
    errors.Unavailable: 8,
    errors.ReceiptError: 9,
}
COLUMNS = ("id", "device_id", "number", "generation", "status", "last_active_at", "total")
Result = Row | Iterable[Row] | bytes | Receipt | None
Run = Callable[[VendorClient, Namespace], Result]


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.run is _verify:
            show(_verify(None, arguments), arguments)
        else:
            with _client(arguments) as client:
                show(arguments.run(client, arguments), arguments)
        sys.stdout.flush()
    except errors.TurnpikeError as error:
        print(f"turnpike-vendor: {error}", file=sys.stderr)
        return EXIT_CODES.get(type(error), 1)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError) as error:
        print(f"turnpike-vendor: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> ArgumentParser:
    common = ArgumentParser(add_help=False)
    common.add_argument("--url", default=os.environ.get("TURNPIKE_URL"), help="product's address")
    common.add_argument("--token-file", type=Path, help="read the token from this file")
    common.add_argument("--timeout", type=float, default=10.0, help="seconds for one try")
    common.add_argument("--retries", type=int, default=4, help="tries after the first")
    common.add_argument("--json", action="store_true", help="print the answer as JSON")
    key = ArgumentParser(add_help=False)
    key.add_argument("--idempotency-key", help="makes it safe to run the command again")

    def add(into: Any, name: str, text: str, run: Run, *more: Any) -> Any:
        parents = [common, *(part for part in more if isinstance(part, ArgumentParser))]
        # Without this, --token would be taken for --token-file and the token be quoted as a file name.
        made = into.add_parser(name, help=text, parents=parents, allow_abbrev=False)
        for argument in more:
            if isinstance(argument, str):
                made.add_argument(argument)
        made.set_defaults(run=run)
        return made

    parser = ArgumentParser("turnpike-vendor", epilog=EPILOG, description=__doc__)
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.description = "Register devices, read usage and invoices, verify receipts."
    top = parser.add_subparsers(required=True, metavar="command")
    add(top, "register", "bind a device to a user", _register, "device_id", "user_omni", key)
    add(top, "devices", "list devices", lambda c, a: c.devices(a.status, a.q), "--status", "--q")
    add(top, "rekey", "raise a device's generation", _rekey, "id", key)
    add(top, "release", "end a binding", _release, "id", key)
    made = add(top, "usage", "show a month's figures", lambda c, a: c.usage(a.month))
    made.add_argument("month", nargs="?", help="YYYY-MM; the running one when left out")
    made = add(top, "invoices", "list invoices, or show one", _invoices)
    made.add_argument("id", nargs="?")
    made = add(top, "pdf", "download an invoice", lambda c, a: c.invoice_pdf(a.id), "id")
    made.add_argument("-o", "--output", default="-", help="file; - is standard output")
    made = add(top, "verify-receipt", "check a receipt offline", _verify)
    made.add_argument("receipt", help="file; - is standard input")
    made.add_argument("--jwks", help="file or product's address; --url when left out")
    made.add_argument("--issuer", help="who must have issued it; --url when left out")
    made.add_argument("--vendor-id", default=os.environ.get("TURNPIKE_VENDOR_ID"))
    made.add_argument("--device-id", help="check that it is about this very device")
    tokens = top.add_parser("tokens", help="create, rotate or revoke a token")
    tokens = tokens.add_subparsers(required=True, metavar="command")
    add(tokens, "create", "issue a token and show it once", _create, "--label", key)
    made = add(tokens, "rotate", "issue a token's successor", _rotate, "id", key)
    made.add_argument("--overlap-hours", type=int, help="how long the old one lives on")
    add(tokens, "revoke", "end a token at once", lambda c, a: c.revoke_token(a.id), "id")
    return parser


def _client(a: Namespace) -> VendorClient:
    token = a.token_file.read_text() if a.token_file else os.environ.get("TURNPIKE_TOKEN", "")
    if not a.url or not token.strip():
        raise ValueError("set TURNPIKE_URL and TURNPIKE_TOKEN, or give --url and --token-file")
    return VendorClient(a.url, token.strip(), timeout=a.timeout, retries=a.retries)


def _register(client: VendorClient, a: Namespace) -> Result:
    return client.register_device(a.device_id, a.user_omni, idempotency_key=a.idempotency_key)


def _rekey(client: VendorClient, a: Namespace) -> Result:
    return client.rekey_device(a.id, idempotency_key=a.idempotency_key)


def _release(client: VendorClient, a: Namespace) -> Result:
    return client.release_device(a.id, idempotency_key=a.idempotency_key)


def _invoices(client: VendorClient, a: Namespace) -> Result:
    return client.invoice(a.id) if a.id else client.invoices()


def _create(client: VendorClient, a: Namespace) -> Result:
    return client.create_token(a.label, idempotency_key=a.idempotency_key)


def _rotate(client: VendorClient, a: Namespace) -> Result:
    return client.rotate_token(a.id, a.overlap_hours, idempotency_key=a.idempotency_key)


def _verify(_: object, a: Namespace) -> Result:
    """Verify with keys from a file, or from a server, which needs no token."""
    keys, issuer = a.jwks or a.url, a.issuer or (a.url or "").rstrip("/")
    if not (keys and issuer and a.vendor_id):
        raise ValueError("give --jwks, --issuer and --vendor-id (or their environment variables)")
    is_remote = keys.startswith(("http://", "https://"))
    jwks = fetch_jwks(keys, timeout=a.timeout) if is_remote else json.loads(Path(keys).read_text())
    text = sys.stdin.read() if a.receipt == "-" else Path(a.receipt).read_text()
    known = {"issuer": issuer, "vendor_id": a.vendor_id, "device_id": a.device_id}
    return verify_receipt(text.strip(), jwks, **known)


def show(result: Result, a: Namespace) -> None:
    """Print a result as JSON, as ``name: value`` lines, as a table, or write a document."""
    match result:
        case None:
            pass
        case bytes() if a.output == "-":
            sys.stdout.buffer.write(result)
        case bytes():
            Path(a.output).write_bytes(result)
        case Receipt() if not a.json:
            what = result.binding
            print(f"valid: actor {what.actor_omni}, generation {what.generation}")
        case Receipt():
            print(_text(asdict(result)))
        case Row() if a.json:
            print(_text(result.raw))
        case Row():
            for name, value in result.raw.items():
                print(f"{name}: {_text(value)}")
        case _ if a.json:
            print(_text([row.raw for row in result]))
        case _:
            for row in result:
                cells = [getattr(row, name) for name in COLUMNS if hasattr(row, name)]
                print("\t".join(map(_cell, cells)))


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return "-" if value is None else str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, default=str)
