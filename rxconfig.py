"""Reflex's configuration: Node from the environment itself, nothing fetched at run time."""

import os
import sys
from pathlib import Path

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
os.environ.setdefault("REFLEX_USE_NPM", "1")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "0")

import reflex as rx
from reflex_base.plugins.sitemap import SitemapPlugin

from app.finishing import FinishingPlugin

_url = os.environ.get("PUBLIC_URL", "http://localhost:3000").rstrip("/")

config = rx.Config(
    app_name="app",
    api_url=os.environ.get("REFLEX_API_URL", _url),
    deploy_url=_url,
    cors_allowed_origins=[_url],
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_compression_formats=["brotli", "gzip"],
    redis_url=os.environ.get("REDIS_URL") or None,
    plugins=[FinishingPlugin()],
    disable_plugins=[SitemapPlugin],
)
