"""Where the vault's master keys come from: a file, the environment, or a command that asks a KMS."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import subprocess
from pathlib import Path

from app.core.errors import UnavailableError
from app.core.sealing import MasterKeys
from app.settings import Settings

COMMAND_SECONDS = 30


class KeyHolder:
    """Implements ``services.vault.Keys``: reads the keys once, and again when one is missing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys: MasterKeys | None = None

    async def holding(self, key_id: str = "") -> MasterKeys:
        """Return the keys, with this one among them if it can be had; raises ``UnavailableError``."""
        if self._keys is None or (key_id and key_id not in self._keys):
            self._keys = await asyncio.to_thread(self.read)
        return self._keys

    def read(self) -> MasterKeys:
        """Read the keys where the settings say they are."""
        try:
            return MasterKeys.read(self._text())
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            # What a command printed, or a file holds, is never part of a message.
            why = str(error) if type(error) is ValueError else type(error).__name__
            raise UnavailableError(
                f"The vault's master key cannot be read: {why}.", reason="vault_locked"
            ) from error

    def make(self) -> bool:
        """Make the key file if there is none yet; tell whether it was made."""
        path = self.file
        if path is None or path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, [secrets.token_hex(32)])
        return True

    def add(self) -> bool:
        """Put a new key before those of the file; False where the keys are kept elsewhere."""
        path = self.file
        if path is None:
            return False
        _write(path, [secrets.token_hex(32), *path.read_text().split()])
        self._keys = None
        return True

    @property
    def file(self) -> Path | None:
        """The file the keys are in, if they are in one."""
        return self._settings.vault_key_file if self._settings.vault_key_file.name else None

    def _text(self) -> str:
        settings = self._settings
        if self.file is not None:
            return self.file.read_text()
        if settings.vault_key_command:
            asked = subprocess.run(  # noqa: S603 - the operator's own command, and no shell
                shlex.split(settings.vault_key_command),
                stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                check=True,
                timeout=COMMAND_SECONDS,
            )
            return asked.stdout.decode("ascii")
        return settings.vault_key.get_secret_value()


def _write(path: Path, keys: list[str]) -> None:
    """Write the file whole or not at all, for its owner only."""
    new = path.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("".join(f"{key}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
