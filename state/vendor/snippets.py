"""The first call, filled in so that it works when pasted."""

from __future__ import annotations

import hashlib

SAMPLE_USER = hashlib.sha256(b"a first user").hexdigest()
"""A well-formed user for trying out; a real one is the root actor of the device's owner."""


def curl_snippet(site_url: str, token: str) -> str:
    """Return a registration for the shell."""
    return (
        f"curl -X POST {site_url}/v1/vendor/devices/register \\\n"
        f'  -H "Authorization: Bearer {token}" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f'  -d \'{{"device_id": "SN-0001", "user_omni": "{SAMPLE_USER}"}}\''
    )


def python_snippet(site_url: str, token: str) -> str:
    """Return a registration with the client package; without a token it reads the environment."""
    shown = f'"{token}"' if token else 'os.environ["TURNPIKE_TOKEN"]'
    first = "" if token else "import os\n\n"
    return (
        "# pip install ./clients/python  (of the Turnpike repository)\n"
        f"{first}from turnpike_client import VendorClient\n\n"
        f'with VendorClient("{site_url}", {shown}) as vendor:\n'
        f'    device = vendor.register_device("SN-0001", "{SAMPLE_USER}")\n'
        "    print(device.actor_omni)"
    )
