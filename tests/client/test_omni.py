"""The derivation against the vectors of the identity contract."""

from __future__ import annotations

import pytest

from tests.client import signing
from turnpike_client import InvalidInput, device_actor
from turnpike_client.omni import child, hashed_label, parse_user_omni, vendor_node

OTHER_VENDOR = "22222222-2222-4222-8222-222222222222"


def test_nodes_and_labels_match_the_vectors() -> None:
    zero = child(bytes(32), "agent-a", 0).hex()
    assert zero == "7c524992bfd4da0baa716e9d69ca5190c472dbcb1fda0796470a87aff1617455"
    assert vendor_node(signing.VENDOR).hex() == signing.VENDOR_OMNI
    assert hashed_label("user", bytes.fromhex(signing.USER)) == signing.USER_LABEL
    assert hashed_label("device", b"SN-0001") == signing.DEVICE_LABEL
    user_node = child(vendor_node(signing.VENDOR), signing.USER_LABEL, 0).hex()
    assert user_node == "a2b3b7739b175f9b475973dfae1c3d6db31d2bc56f599e34a6cf012e5a023302"


def test_device_actors_match_the_vectors() -> None:
    assert device_actor(signing.VENDOR, signing.USER, "SN-0001") == signing.ACTOR
    assert device_actor(signing.VENDOR, signing.USER, "SN-0001", 1) == signing.ACTOR_1
    other = device_actor(OTHER_VENDOR, signing.USER, "SN-0001")
    assert other == "c95a3d9816a821945cf511d2ac018c456cff31f0d2aa606bb802ce43aa533542"


def test_a_prefix_and_capitals_name_the_same_user() -> None:
    spelt = "0x" + signing.USER.upper()
    assert parse_user_omni(spelt) == signing.USER
    assert device_actor(signing.VENDOR.upper(), spelt, "SN-0001") == signing.ACTOR


def test_device_ids_are_not_trimmed() -> None:
    plain = device_actor(signing.VENDOR, signing.USER, "SN-0001")
    assert device_actor(signing.VENDOR, signing.USER, "SN-0001 ") != plain
    assert device_actor(signing.VENDOR, signing.USER, "sn-0001") != plain


@pytest.mark.parametrize("wrong", ["", "x" * 129, "SN\n1", "SN\x7f", "sériel"])
def test_impossible_device_ids_are_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="device_id: must be 1 to 128"):
        device_actor(signing.VENDOR, signing.USER, wrong)


@pytest.mark.parametrize("wrong", ["", signing.USER[1:], "0x" * 32, signing.USER + "\n"])
def test_impossible_users_are_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="64 hex digits"):
        device_actor(signing.VENDOR, wrong, "SN-0001")


@pytest.mark.parametrize(
    ("label", "generation"), [("", 0), ("A", 0), ("a" * 33, 0), ("a", -1), ("a", 2**32)]
)
def test_impossible_nodes_are_refused(label: str, generation: int) -> None:
    with pytest.raises(ValueError, match="label and generation"):
        child(bytes(32), label, generation)
