from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from app.core.errors import InvalidInputError
from app.documents.logos import MAX_BYTES, reencode_logo


def picture(
    kind: str, size: tuple[int, int] = (64, 32), mode: str = "RGB", **options: object
) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size, 128 if mode in "L1" else None).save(stream, kind, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_of_the_three_kinds_become_png(kind: str) -> None:
    image = opened(reencode_logo(picture(kind)))
    assert (image.format, image.size) == ("PNG", (64, 32))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_colour_mode_is_read(mode: str) -> None:
    assert opened(reencode_logo(picture("PNG", mode=mode))).mode in {"RGB", "RGBA"}


def test_printing_colours_are_turned_into_screen_colours() -> None:
    assert opened(reencode_logo(picture("JPEG", mode="CMYK"))).mode == "RGB"


def test_a_large_picture_shrinks_in_proportion() -> None:
    assert opened(reencode_logo(picture("PNG", (2000, 500)))).size == (512, 128)


def test_a_small_picture_keeps_its_size() -> None:
    assert opened(reencode_logo(picture("PNG", (20, 16)))).size == (20, 16)


def test_transparency_survives() -> None:
    image = opened(reencode_logo(picture("PNG", mode="RGBA")))
    assert image.getpixel((0, 0)) == (0, 0, 0, 0)


def test_metadata_is_left_behind() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "secret place")
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    cleaned = reencode_logo(picture("PNG", pnginfo=texts, exif=exif, icc_profile=b"secret place"))
    assert b"secret" not in zlib.decompress(zlib.compress(cleaned))
    assert not opened(cleaned).info


def test_a_turned_photograph_is_set_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(reencode_logo(picture("JPEG", (64, 32), exif=exif))).size == (32, 64)


def test_the_same_picture_gives_the_same_bytes() -> None:
    data = picture("JPEG")
    assert reencode_logo(data) == reencode_logo(data)


def test_encoding_anew_changes_nothing_more() -> None:
    once = reencode_logo(picture("WEBP", mode="RGBA"))
    assert reencode_logo(once) == once


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><svg/>',
        b"%PDF-1.7",
        picture("PNG")[:60],
        picture("JPEG")[:200],
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 64,
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    ],
    ids=[
        "empty",
        "gif head",
        "gif",
        "bmp",
        "tiff",
        "svg",
        "xml",
        "pdf",
        "cut png",
        "cut jpeg",
        "junk png",
        "junk webp",
    ],
)
def test_everything_else_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        reencode_logo(data)
    assert refusal.value.reason == "logo_unreadable"
    assert refusal.value.fields[0][0] == "logo"


def test_a_file_above_one_mebibyte_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="1 MiB"):
        reencode_logo(picture("PNG") + b"\0" * MAX_BYTES)


@pytest.mark.parametrize("size", [(4097, 10), (10_000, 10_000), (60_000, 60_000)])
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInputError):
        reencode_logo(png_header(*size))


def test_a_speck_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="smaller"):
        reencode_logo(picture("PNG", (15, 64)))
