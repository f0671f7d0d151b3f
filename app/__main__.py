"""``python -m app`` is the command line."""

import sys

from pydantic import ValidationError

from app.cli import cli


def main() -> None:
    """Run a command; settings that make no sense are named, and nothing is started."""
    try:
        cli()
    except ValidationError as error:
        if not error.title.endswith("Settings"):
            raise
        for one in error.errors():
            name = ".".join(map(str, one["loc"])) or "settings"
            message = one["msg"].removeprefix("Value error, ")
            print(f"{name}: {message}", file=sys.stderr)  # noqa: T201 - this is the command line
        sys.exit(2)


main()
