from __future__ import annotations

import pytest

from app.rules.browsers import describe_browser

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (CHROME, "Chrome on Linux"),
        (CHROME + " Edg/156.0", "Edge on Linux"),
        (CHROME + " OPR/120.0", "Opera on Linux"),
        (
            "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 SamsungBrowser/29.0 Chrome/136.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Gecko/20100101 Firefox/146.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X) FxiOS/146.0 Safari/604.1",
            "Firefox on iPad",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) CriOS/156.0", "Chrome on macOS"),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/156.0 Safari/537.36", "Chrome on ChromeOS"),
        ("curl/8.5.0", "curl"),
        ("Something (Linux)", "Linux"),
        ("", "Unknown browser"),
    ],
)
def test_a_user_agent_is_said_in_a_persons_words(user_agent: str, words: str) -> None:
    assert describe_browser(user_agent) == words
