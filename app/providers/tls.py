"""Whom we trust when we call out, read once: it takes longer than many a call."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def trusted() -> ssl.SSLContext:
    """Return the machine's certificate authorities, with host names checked."""
    return ssl.create_default_context()
