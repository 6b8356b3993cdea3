"""Text of MIDI files, which do not say how it is written."""

import codecs
import re

_HIRAGANA_TO_KANJI = "\u3040-\u30ff\u4e00-\u9fff\uff01-\uff60\u3001-\u3015"
_WIDE_RUN = re.compile(f"[{_HIRAGANA_TO_KANJI}]{{2,}}|[\u3041-\u3096\u30a1-\u30f6]")
_ALL_WIDE = re.compile(f"[{_HIRAGANA_TO_KANJI}\\s\\d]+")
# Words in half-width katakana nearly all have a voiced mark or a long vowel.
_HALF_WIDTH = re.compile("[\uff66-\uff9f]*[\uff70\uff9e\uff9f][\uff66-\uff9f]*")


def text_of(data: bytes) -> str:
    """Returns the text of a name, a marker or a lyric, without NULs.

    UTF-16 with its mark or between NULs, UTF-8, Shift-JIS where it makes Japanese words, else
    Latin-1, which is what Magenta takes all for.
    """
    text = _utf16(data) or _decoded(data, "utf-8-sig") or _shift_jis(data.rstrip(b"\0"))
    return (text or data.decode("latin-1")).replace("\0", "")


def bytes_of(text: str) -> bytes:
    """Returns a name as it is written: Latin-1, as Magenta has it, or UTF-8 where that cannot."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _utf16(data: bytes) -> str | None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(data[: len(data) & ~1], "utf-16")
    if len(data) < 4 or len(data) % 2:
        return None
    if not any(data[1::2]) and all(data[:-2:2]):
        return _decoded(data, "utf-16-le")
    if not any(data[::2]) and all(data[1:-2:2]):
        return _decoded(data, "utf-16-be")
    return None


def _shift_jis(data: bytes) -> str | None:
    """Returns Japanese text, if this is likelier than Latin-1.

    Its leading bytes, 0x81 to 0x9F, are no characters in Latin-1; in a Windows code page they are
    quotes and dashes, which meet letters and so make single characters, not words.
    """
    text = _decoded(data, "cp932")
    if text is None or data.isascii():
        return None
    if any(0x81 <= byte <= 0x9F for byte in data):
        is_japanese = _WIDE_RUN.search(text) or _ALL_WIDE.fullmatch(text)
        return text if is_japanese else None
    half_width = [word for word in re.split("[ -~]+", text) if word]
    likely = all(len(word) > 2 and _HALF_WIDTH.fullmatch(word) for word in half_width)
    return text if likely else None
