from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from app.core.errors import NotFoundError
from app.documents import agreements

FOLDER = Path(__file__).parents[2] / "assets" / "agreements"
EVERY = [
    (slug, version, locale)
    for slug in agreements.SLUGS
    for version in agreements.versions(slug)
    for locale in ("en", "zh-CN")
]


@pytest.mark.parametrize(("slug", "version", "locale"), EVERY)
def test_every_version_exists_in_both_languages(slug: str, version: str, locale: str) -> None:
    one = agreements.load(slug, version, locale)
    assert one.title
    assert one.locale == locale
    assert one.html.startswith("<p>")
    assert one.html.count("<h2>") >= 10


@pytest.mark.parametrize("slug", agreements.SLUGS)
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_the_hash_is_that_of_the_file(slug: str, locale: str) -> None:
    data = (FOLDER / slug / f"1.{locale}.md").read_bytes()
    assert agreements.load(slug, "1", locale).sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("slug", agreements.SLUGS)
def test_both_languages_have_the_same_clauses(slug: str) -> None:
    version = agreements.current_version(slug)
    english, chinese = (agreements.load(slug, version, locale) for locale in ("en", "zh-CN"))
    for tag in ("<h2>", "<h3>", "<li>", "<tr>", "<strong>"):
        assert english.html.count(tag) == chinese.html.count(tag), tag
    assert english.effective_on == chinese.effective_on
    assert english.sha256 != chinese.sha256


@pytest.mark.parametrize(
    ("locale", "clauses"),
    [
        (
            "en",
            [
                "at least 60 days before it takes effect",
                "keep the price of their pilot contract",
                "due 14 days after",
                "30 %",
                "no new devices can be registered",
            ],
        ),
        (
            "zh-CN",
            ["至少 60 天", "保留其试点合同约定的价格", "14 天内应付清", "30 %", "无法注册新设备"],
        ),
    ],
)
def test_the_terms_say_what_was_promised(locale: str, clauses: list[str]) -> None:
    text = agreements.load("terms", "1", locale).markdown
    assert [clause for clause in clauses if clause not in text] == []


def test_the_newest_version_is_current() -> None:
    for slug in agreements.SLUGS:
        assert agreements.current_version(slug) == agreements.versions(slug)[-1]
        assert list(agreements.versions(slug)) == sorted(agreements.versions(slug), key=int)


@pytest.mark.parametrize(
    ("slug", "version"),
    [
        ("terms", "0"),
        ("terms", "999"),
        ("terms", ""),
        ("terms", "../dpa/1"),
        ("rules", "1"),
        ("../terms", "1"),
    ],
)
def test_what_does_not_exist_is_not_found(slug: str, version: str) -> None:
    with pytest.raises(NotFoundError):
        agreements.load(slug, version, "en")


def test_an_unknown_language_reads_english() -> None:
    assert agreements.load("terms", "1", "fr").locale == "en"


def test_the_renderer_lets_no_html_through() -> None:
    html = agreements._markdown().render("<script>x</script> [a](javascript:alert(1))")
    assert "<script" not in html
    assert "href" not in html
