"""Where a person may be sent after signing in: places of our own only."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

_PATH: Final = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%?#/-]*")
_LONGEST: Final = 1_000


def local_path(wanted: object, default: str) -> str:
    r"""Return the wanted path when it stays here, else the default.

    Browsers read ``//host``, ``/\host`` and ``https:/\host`` as other places, ignore tabs and
    line breaks within, and decode nothing before they decide; a proxy may decode once. So only
    plain characters pass, none of them twice a slash, and the decoded text must pass as well.
    """
    if not isinstance(wanted, str) or len(wanted) > _LONGEST:
        return default
    is_ours = _stays(wanted) and _stays(unquote(wanted, errors="replace").partition("?")[0])
    return wanted if is_ours else default


def _stays(text: str) -> bool:
    path = text.partition("?")[0].partition("#")[0]
    return bool(_PATH.fullmatch(text)) and "//" not in path and not path.startswith("/auth/")
