"""What tests about the vault need: master keys that can be changed while somebody holds them."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.core.sealing import MasterKeys

OLD, NEW = bytes(range(32)), bytes(range(100, 132))


@dataclass
class FakeKeys:
    """Holds the master keys; ``lies`` is what the file would say by now."""

    keys: MasterKeys = field(default_factory=lambda: MasterKeys([OLD]))
    lies: MasterKeys | None = None
    read: int = 0

    async def holding(self, key_id: str = "") -> MasterKeys:
        if key_id and key_id not in self.keys and self.lies is not None:
            self.keys, self.read = self.lies, self.read + 1
        return self.keys
