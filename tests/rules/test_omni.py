from __future__ import annotations

import hashlib
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInputError
from app.rules import omni

USER = "0a188e1224778f63d90df21a32f5a7f36f71cf73b942eed32723a90a7fea2151"
VENDOR_1 = UUID("11111111-1111-4111-8111-111111111111")
VENDOR_2 = UUID("22222222-2222-4222-8222-222222222222")
ZEROS = bytes(32)

device_ids = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=128
)


@pytest.mark.parametrize(
    ("wallet", "expected"),
    [
        (
            "0x" + "0" * 40,
            "c3f7249ad2f03d898a95fdbe95113041282dd1f5a115d14a65d7e7ede4afee5f",
        ),
        ("0xAbCdEf1234567890aBcDeF1234567890aBcDeF12", USER),
        ("0xabcdef1234567890abcdef1234567890abcdef12", USER),
    ],
)
def test_a_wallets_root_actor_matches_the_contract(wallet: str, expected: str) -> None:
    assert omni.root_actor(wallet) == expected


@pytest.mark.parametrize("wallet", ["", "0x", "ab" * 20, "0x" + "g" * 40, "0x" + "0" * 40 + "\n"])
def test_what_is_no_wallet_has_no_root_actor(wallet: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        omni.root_actor(wallet)
    assert refusal.value.fields == [("wallet", "must be 0x and 40 hex characters")]


def test_an_identitys_handle_matches_the_contract() -> None:
    assert omni.identity_omni("email", "alice@example.com") == (
        "caf843f7f6b17c15fb43e8f6b2ae2e850045497ba7fb6a58b9d930ba6c158824"
    )


def test_a_child_matches_the_contract_and_its_generation_counts() -> None:
    expected = "7c524992bfd4da0baa716e9d69ca5190c472dbcb1fda0796470a87aff1617455"
    assert omni.child(ZEROS, "agent-a", 0) == expected
    assert omni.child(ZEROS.hex(), "agent-a", 0) == expected
    assert omni.child("0x" + ZEROS.hex(), "agent-a", 0) == expected
    without_generation = hashlib.sha256(b"agentkeys-hdkd-v1" + ZEROS + b"//agent-a").hexdigest()
    assert without_generation == (
        "9170a18956a366c0f21cfe8c9e3aaeea3b473a5689c5687d60296ee5a00314d5"
    )
    assert omni.child(ZEROS, "agent-a", 2**32 - 1) not in (expected, without_generation)


@pytest.mark.parametrize(
    ("parent", "label", "generation", "problem"),
    [
        (bytes(31), "a", 0, "32 bytes"),
        (ZEROS, "", 0, "not a label"),
        (ZEROS, "A", 0, "not a label"),
        (ZEROS, "a" * 33, 0, "not a label"),
        (ZEROS, "a/0//b", 0, "not a label"),
        (ZEROS, "a\n", 0, "not a label"),
        (ZEROS, "a", -1, "32-bit"),
        (ZEROS, "a", 2**32, "32-bit"),
    ],
)
def test_what_the_tree_cannot_hold_is_refused(
    parent: bytes, label: str, generation: int, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        omni.child(parent, label, generation)


def test_the_labels_match_the_contract() -> None:
    assert omni.label("user", bytes.fromhex(USER)) == "gxkgtweklhikk5dxa5th5tui5eib5ixm"
    assert omni.label("device", b"SN-0001") == "mmx2gdjoko2nmt4nnrjvdvp5n532piyg"


@pytest.mark.parametrize(
    ("vendor", "generation", "actor"),
    [
        (VENDOR_1, 0, "d481ea87e00d361e87b847fe23f29859d678eb72e15b6f21464a9d2468de2624"),
        (VENDOR_1, 1, "6f19f207285729e9428e3c95e12fdb5789856a77510ce39775d5b5032424b7c9"),
        (VENDOR_2, 0, "c95a3d9816a821945cf511d2ac018c456cff31f0d2aa606bb802ce43aa533542"),
    ],
)
def test_a_device_actor_matches_the_contract(vendor: UUID, generation: int, actor: str) -> None:
    assert omni.derive_device(vendor, USER, "SN-0001", generation).actor_omni == actor


def test_a_device_actor_tells_its_place() -> None:
    device = omni.derive_device(VENDOR_1, "0x" + USER, "SN-0001", 1)
    assert device.vendor_omni == omni.vendor_omni(VENDOR_1)
    assert device.vendor_omni == (
        "412bab23a1a32f232f88feec274ffaf061fc6abfe9367775b77db0b721ffd6e9"
    )
    assert device.user_omni == USER
    assert device.generation == 1
    assert device.derivation_path == (
        "//gxkgtweklhikk5dxa5th5tui5eib5ixm/0//mmx2gdjoko2nmt4nnrjvdvp5n532piyg/1"
    )
    user_node = omni.child(device.vendor_omni, "gxkgtweklhikk5dxa5th5tui5eib5ixm", 0)
    assert user_node == "a2b3b7739b175f9b475973dfae1c3d6db31d2bc56f599e34a6cf012e5a023302"


def test_a_generation_is_0_until_a_re_key() -> None:
    assert omni.derive_device(VENDOR_1, USER, "SN-0001").generation == 0


def test_an_omni_is_taken_with_and_without_its_prefix() -> None:
    assert omni.normalise_omni(USER) == omni.normalise_omni("0x" + USER) == USER


@pytest.mark.parametrize(
    "text",
    [
        "",
        USER[:-1],
        USER + "0",
        USER.upper(),
        "0X" + USER,
        "0x0x" + USER,
        f" {USER}",
        f"{USER}\n",
        USER[:-1] + "g",
        USER[:-1] + "١",
    ],
)
def test_any_other_spelling_of_an_omni_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        omni.normalise_omni(text)
    assert refusal.value.fields == [("user_omni", "must be 64 lower-case hex characters")]


@pytest.mark.parametrize("text", ["a", " ", "SN 0001 ", "~" * 128])
def test_a_device_id_is_printable_ascii_and_stays_as_it_is(text: str) -> None:
    assert omni.check_device_id(text) == text


@pytest.mark.parametrize("text", ["", "a" * 129, "é", "a\n", "\x00", "a\x7f", "\t"])
def test_what_is_no_device_id_is_refused(text: str) -> None:
    for call in (
        lambda: omni.check_device_id(text),
        lambda: omni.derive_device(VENDOR_1, USER, text),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            call()
        assert refusal.value.fields == [
            ("device_id", "must be 1 to 128 printable ASCII characters")
        ]


@given(device_ids, device_ids)
def test_different_devices_never_share_an_actor(one: str, other: str) -> None:
    first = omni.derive_device(VENDOR_1, USER, one)
    second = omni.derive_device(VENDOR_1, USER, other)
    assert (first == second) == (one == other)


@given(device_ids, st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 1))
def test_vendor_user_and_generation_each_change_the_actor(
    device_id: str, user: bytes, generation: int
) -> None:
    def actor(vendor: UUID, user: str, generation: int) -> str:
        return omni.derive_device(vendor, user, device_id, generation).actor_omni

    other = hashlib.sha256(user).hexdigest()
    actors = {
        actor(VENDOR_1, user.hex(), generation),
        actor(uuid4(), user.hex(), generation),
        actor(VENDOR_1, other, generation),
        actor(VENDOR_1, user.hex(), (generation + 1) % 2**32),
    }
    assert len(actors) == 4
    assert all(omni.normalise_omni(each) == each for each in actors)
