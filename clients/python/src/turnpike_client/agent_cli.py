"""The command line ``turnpike-agent``: an agent's calls, in the manner of ``turnpike-vendor``."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from turnpike_client import errors
from turnpike_client.agent import AgentClient, onboard
from turnpike_client.cli import EXIT_CODES, Result, show

EPILOG = """\
environment: TURNPIKE_URL the product's address, TURNPIKE_API_KEY the agent's key.
exit codes: 0 done, 1 other failure, 2 wrong usage, 3 invalid input, 4 refused (key, scope, budget), 5 upgrade
required, 6 not found, 7 conflict, 8 try again later."""
Run = Callable[[AgentClient, Namespace], Result]


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.run is None:
            made = onboard(_url(arguments), arguments.agent_id, arguments.email, arguments.org)
            show(made, arguments)
        else:
            with _client(arguments) as client:
                show(arguments.run(client, arguments), arguments)
        sys.stdout.flush()
    except errors.TurnpikeError as error:
        print(f"turnpike-agent: {error}", file=sys.stderr)
        kinds = (kind for kind in type(error).__mro__ if kind in EXIT_CODES)
        return EXIT_CODES.get(next(kinds, type(error)), 1)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError) as error:
        print(f"turnpike-agent: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> ArgumentParser:
    common = ArgumentParser(add_help=False)
    common.add_argument("--url", default=os.environ.get("TURNPIKE_URL"), help="product's address")
    common.add_argument("--key-file", type=Path, help="read the key from this file")
    common.add_argument("--timeout", type=float, default=10.0, help="seconds for one try")
    common.add_argument("--retries", type=int, default=4, help="tries after the first")
    common.add_argument("--json", action="store_true", help="print the answer as JSON")

    def add(into: Any, name: str, text: str, run: Run | None, *arguments: str) -> Any:
        made = into.add_parser(name, help=text, parents=[common], allow_abbrev=False)
        for argument in arguments:
            made.add_argument(argument)
        made.set_defaults(run=run)
        return made

    parser = ArgumentParser("turnpike-agent", epilog=EPILOG)
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.description = "Onboard an agent, do actions, see what is used, handle keys and budget."
    top = parser.add_subparsers(required=True, metavar="command")
    made = add(top, "onboard", "open an account; shows the key once", None, "agent_id", "email")
    made.add_argument("--org", default="", help="the organisation's name")
    made = add(top, "call", "do one action", _call, "action")
    made.add_argument("params", nargs="?", default="{}", help="JSON; - is standard input")
    made.add_argument("--dry-run", action="store_true", help="only tell what it would do")
    made.add_argument("--idempotency-key", help="makes it safe to run the command again")
    add(top, "usage", "show what is used this month", lambda c, _: c.usage())
    add(top, "bill", "show a month", lambda c, a: c.bill(a.tenant, a.period), "tenant", "period")
    add(top, "upgrade", "open the card page", lambda c, a: c.upgrade(a.tenant), "tenant")
    made = add(top, "budget", "show the budget, or set it", _budget)
    made.add_argument("amount", nargs="?", help="USD a month, or none")
    made.add_argument("--hard-stop", action="store_true", help="stop calls when it is spent")
    keys = top.add_parser("keys", help="list, create, rotate or revoke a key")
    keys = keys.add_subparsers(required=True, metavar="command")
    add(keys, "list", "list keys", lambda c, _: c.keys())
    made = add(keys, "create", "issue a key and show it once", _create, "--label")
    made.add_argument("--scope", action="append", help="what it may do; more than once for several")
    made = add(keys, "rotate", "issue a key's successor", _rotate, "id")
    made.add_argument("--overlap-hours", type=int, help="how long the old one lives on")
    add(keys, "revoke", "end a key at once", lambda c, a: c.revoke_key(a.id), "id")
    return parser


def _url(a: Namespace) -> str:
    if not a.url:
        raise ValueError("set TURNPIKE_URL, or give --url")
    return a.url


def _client(a: Namespace) -> AgentClient:
    key = a.key_file.read_text() if a.key_file else os.environ.get("TURNPIKE_API_KEY", "")
    if not key.strip():
        raise ValueError("set TURNPIKE_API_KEY, or give --key-file")
    return AgentClient(_url(a), key.strip(), timeout=a.timeout, retries=a.retries)


def _call(client: AgentClient, a: Namespace) -> Result:
    params = json.loads(sys.stdin.read() if a.params == "-" else a.params)
    if not isinstance(params, dict):
        raise ValueError("the params must be a JSON object")
    key = a.idempotency_key
    return client.call(a.action, params, dry_run=a.dry_run, idempotency_key=key)  # type: ignore[arg-type]


def _budget(client: AgentClient, a: Namespace) -> Result:
    if a.amount is None:
        return client.spend_limits()
    budget = None if a.amount == "none" else a.amount
    return client.set_spend_limits(budget, hard_stop=a.hard_stop)


def _create(client: AgentClient, a: Namespace) -> Result:
    return client.create_key(a.label, a.scope)


def _rotate(client: AgentClient, a: Namespace) -> Result:
    return client.rotate_key(a.id, a.overlap_hours)
