"""Forwarded actions: what a file may say, which addresses are public, what answers mean."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from app.rules.forwarding import complaint_of, is_public, parse, problems, refusal_of
from app.rules.gateway import HIDDEN, Code, Scope, Unit

ACTION: dict[str, Any] = {
    "name": "domain.crm.contacts.find",
    "scope": "manage.read",
    "description": "Find contacts by name.",
    "billable": True,
    "unit": "call",
    "params": {
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 1}},
        "required": ["name"],
    },
    "method": "POST",
    "url": "https://crm.example.com/v1/contacts/search",
    "headers": {"Authorization": "CRM_AUTHORIZATION"},
}
FILE: dict[str, Any] = {"hosts": [{"name": "crm.example.com"}], "actions": [ACTION]}
ENVIRONMENT = {"CRM_AUTHORIZATION": "Bearer s3cret-value"}


def file(*, host: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    made = copy.deepcopy(FILE)
    made["actions"][0] |= changed
    made["hosts"][0] |= host or {}
    return made


def test_a_file_defines_actions() -> None:
    (one,) = parse(FILE, ENVIRONMENT)
    assert (one.definition.scope, one.definition.unit) == (Scope.READ, Unit.CALL)
    assert one.definition.pack == "crm"
    assert one.definition.params_schema["additionalProperties"] is False
    assert one.headers == {"Authorization": "Bearer s3cret-value"}
    assert (one.timeout_seconds, one.max_response_bytes) == (10, 1 << 20)
    assert "s3cret" not in repr(one)
    assert parse({}, {}) == ()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "the file"),
        ({"action": []}, "action"),
        (file(name="crm"), "actions.0.name"),
        (file(name="meta.actions"), "meta."),
        (file(scope="everything"), "actions.0.scope"),
        (file(description=""), "actions.0.description"),
        (file(billable=False), "unit"),
        (file(unit=None), "unit"),
        (file(method="DELETE"), "actions.0.method"),
        (file(timeout_seconds=31), "timeout_seconds"),
        (file(timeout_seconds=0), "timeout_seconds"),
        (file(max_response_bytes=9 << 20), "max_response_bytes"),
        (file(more=1), "actions.0.more"),
        (file(url="https://elsewhere.example.com/"), "elsewhere.example.com"),
        (file(url="https://crm.example.com:8443/"), "port 8443"),
        (file(url="http://crm.example.com/"), "https://"),
        (file(url="ftp://crm.example.com/"), "https://"),
        (file(url="https://user:pw@crm.example.com/"), "user"),
        (file(url="https://crm.example.com/#x"), "fragment"),
        (file(url="https://crm.example.com/?a=1", method="GET"), "query"),
        (file(url="https://crm.example.com/ä"), "ASCII"),
        (file(url="https://crm.example.com:99999/"), "no address"),
        (file(headers={"Host": "CRM_AUTHORIZATION"}), "Host"),
        (file(headers={"idempotency-key": "CRM_AUTHORIZATION"}), "idempotency-key"),
        (file(headers={"Authorization": "NOT_SET"}), "NOT_SET"),
        (file(headers={"Author ization": "CRM_AUTHORIZATION"}), "actions.0.headers"),
        (file(params={"type": "string"}), "type = object"),
        (file(params={"type": "object", "properties": 5}), "no JSON schema"),
        (file(params={"type": "object", "properties": {"dry_run": {}}}), "dry_run"),
        (
            file(params={"type": "object", "properties": {"a": {"$ref": "https://evil.test/x"}}}),
            "refer elsewhere",
        ),
        (
            file(params={"type": "object", "properties": {"a": {"format": "colour"}}}),
            "format that nothing here checks: colour",
        ),
        (
            file(method="GET", params={"type": "object", "properties": {"a": {"type": "array"}}}),
            "plain type",
        ),
        (
            file(
                method="GET",
                params={"type": "object", "properties": {"a": {"type": ["string", "null"]}}},
            ),
            "plain type",
        ),
        ({**FILE, "actions": [ACTION, ACTION]}, "twice"),
        ({"hosts": [{"name": "CRM.example.com"}]}, "hosts.0.name"),
    ],
)
def test_a_bad_file_is_refused_and_says_where(document: object, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(".", r"\.")) as refused:
        parse(document, ENVIRONMENT)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("value", ["a\nb", " padded", "ä"])
def test_what_is_no_value_of_a_header_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="no value of a header"):
        parse(FILE, {"CRM_AUTHORIZATION": value})


def test_what_is_unusual_is_allowed_where_the_list_says_so() -> None:
    url = "http://crm.example.com:8080/"
    (one,) = parse(
        file(host={"port": 8080, "allow_http": True, "allow_private": True}, url=url), ENVIRONMENT
    )
    assert (one.url, one.host.allow_private) == (url, True)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
     "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1",
     "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
     "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
     "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1"],
)  # fmt: skip
def test_addresses_of_other_networks_are_not_however_they_are_dressed(address: str) -> None:
    assert not is_public(address)


def test_problems_name_the_place_and_never_the_value() -> None:
    schema = parse(FILE, ENVIRONMENT)[0].definition.params_schema
    assert problems(schema, {"name": "Ann"}) == []
    assert problems(schema, {}) == [("params", "'name' is a required property")]
    assert problems(schema, {"name": 5}) == [("name", 'must satisfy type "string"')]
    (path, problem) = problems(schema, {"name": "x", "other": "hunter2"})[0]
    assert (path, "hunter2" in problem) == ("params", False)
    long = {"type": "object", "properties": {"pin": {"type": "string", "maxLength": 3}}}
    assert problems(long, {"pin": "hunter2"}) == [("pin", "must satisfy maxLength 3")]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.VALIDATION_ERROR),
        (422, Code.VALIDATION_ERROR),
        (404, Code.NOT_FOUND),
        (409, Code.CONFLICT),
        (401, Code.UNAVAILABLE),
        (403, Code.UNAVAILABLE),
        (429, Code.UNAVAILABLE),
        (418, Code.UNAVAILABLE),
    ],
)
def test_a_refusal_means_what_the_agent_can_do_about_it(status: int, code: Code) -> None:
    assert refusal_of(status) is code


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "No such contact."}, "No such contact."),
        ({"error": {"message": "No such contact."}}, "No such contact."),
        ({"message": "two\nlines\u202e"}, "two lines"),
        ({"detail": "key agk_0123456789abcdef is bad"}, f"key {HIDDEN} is bad"),
        ({"error": "x" * 1000}, "x" * 300),
        ({"error": 5}, ""),
        (["x"], ""),
        (None, ""),
    ],
)
def test_what_a_service_complains_of_is_told_on_in_plain_words(answer: Any, said: str) -> None:
    assert complaint_of(answer) == said
