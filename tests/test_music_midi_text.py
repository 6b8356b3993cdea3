import pytest

from lofi_tf.music.midi import midi_bytes, read_midi
from lofi_tf.music.midi_text import text_of
from tests.midi_builder import meta, midi, off, on, track

LATIN = [
    "Piano",
    "Bässe",
    "été",
    "élève",
    "Ñandú",
    "STRAßE",
    "ÄÖÜ",
    "Café – no",
    "Gr\xfcn",
    "Ça va",
]
JAPANESE = [
    "ドラム",
    "ピアノ",
    "ベース 1",
    "Bass ギター",
    "弦楽",
    "太鼓",
    "メロディ(主)",
    "ﾄﾞﾗﾑ",
    "ｷﾞﾀｰ",
]


@pytest.mark.parametrize("text", [*LATIN, *JAPANESE, "Гитара", "🥁 kit"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_text_of_unicode(text, encoding):
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    assert text_of(mark + text.encode(encoding)) == text


@pytest.mark.parametrize("text", [text for text in LATIN if "–" not in text])
def test_text_of_latin_1(text):
    assert text_of(text.encode("latin-1")) == text


@pytest.mark.parametrize("text", JAPANESE)
def test_text_of_shift_jis(text):
    assert text_of(text.encode("shift_jis")) == text


@pytest.mark.parametrize("text", ["Don’t", "Kid’s Drum", "“Bass”", "A – B", "Œuvre"])
def test_text_of_windows_quotes_are_not_japanese(text):
    assert text_of(text.encode("cp1252")) == text.encode("cp1252").decode("latin-1")


@pytest.mark.parametrize(
    "data", [b"Keys\0\0", b"\0Keys", b"K\0e\0y\0s\0", b"\0K\0e\0y\0s", b"K\0e\0y\0s\0\0\0"]
)
def test_text_of_without_nuls(data):
    assert text_of(data) == "Keys"


@pytest.mark.parametrize("name", ["Bässe", "ドラム", "Гитара"])
def test_names_come_back_from_what_is_written(name):
    data = midi(track((0, meta(3, name.encode("utf-8"))), (0, on(60)), (480, off(60))))
    once = read_midi(data)
    assert [info.name for info in once.instrument_infos] == [name]
    assert [info.name for info in read_midi(midi_bytes(once)).instrument_infos] == [name]
