"""Takes uploaded logos apart and puts them together again, so that only pixels survive."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

from PIL import Image, ImageOps

from app.core.errors import InvalidInputError

MAX_BYTES = 1024 * 1024
MAX_SIDE = 4096
MIN_SIDE = 16
OUTPUT_SIDE = 512

_FORMATS = ("PNG", "JPEG", "WEBP")
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def reencode_logo(data: bytes) -> bytes:
    """Return the first frame of a PNG, JPEG or WebP as a PNG of at most 512 px a side, without metadata.

    Raises ``InvalidInputError`` for everything else (SVG included), for more than 1 MiB, and for sides beyond
    4096 px, which are refused by the header before a pixel is decoded.
    """
    if len(data) > MAX_BYTES:
        raise _refusal("The file is larger than 1 MiB.", "logo_too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # sides are checked below
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                _check_sides(opened.size)
                return _as_png(opened)
    except _BROKEN as error:
        raise _refusal(
            "The file is not a PNG, JPEG or WebP picture that can be read.", "logo_unreadable"
        ) from error


def _check_sides(size: tuple[int, int]) -> None:
    if max(size) > MAX_SIDE:
        raise _refusal(f"The picture is larger than {MAX_SIDE} px a side.", "logo_too_large")
    if min(size) < MIN_SIDE:
        raise _refusal(f"The picture is smaller than {MIN_SIDE} px a side.", "logo_too_small")


def _as_png(opened: Image.Image) -> bytes:
    opened.seek(0)
    upright = ImageOps.exif_transpose(opened)
    has_alpha = upright.has_transparency_data
    pixels = upright.convert("RGBA" if has_alpha else "RGB")
    pixels.thumbnail((OUTPUT_SIDE, OUTPUT_SIDE), Image.Resampling.LANCZOS)
    bare = Image.new(
        pixels.mode, pixels.size
    )  # a new picture: profiles, EXIF and texts stay behind
    bare.paste(pixels)
    stream = io.BytesIO()
    bare.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _refusal(message: str, reason: str) -> InvalidInputError:
    return InvalidInputError(message, fields=[("logo", message)], reason=reason)
