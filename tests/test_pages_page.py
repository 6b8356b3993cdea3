import base64
import json
from html.parser import HTMLParser

import pytest

from lofi_tf.data.sequence_proto import NoteSequence
from lofi_tf.errors import LofiError
from lofi_tf.pages import track_page

EVIL = "</script><b>&{{piece}}"


class Parsed(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.sources = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.texts.setdefault(self.tags[-1] if self.tags else "", []).append(data)


def test_page_holds_what_went_in_and_nothing_from_outside(tmp_path):
    sequence = NoteSequence()
    sequence.instrument_infos.add(instrument=0, name=EVIL)
    sequence.notes.add(pitch=60, start_time=1, end_time=2, velocity=80)
    (tmp_path / "a.ogg").write_bytes(b"some sound")
    sections = [(EVIL, 0, 2)]
    track_page(sequence, tmp_path / "a.html", tmp_path / "a.ogg", sections, EVIL, {"key": EVIL})
    parsed = Parsed((tmp_path / "a.html").read_text())
    (source,) = parsed.sources
    assert base64.b64decode(source.removeprefix("data:audio/ogg;base64,")) == b"some sound"
    piece = json.loads(parsed.texts["script"][0])
    assert piece["tracks"] == [{"name": EVIL, "notes": [[1, 2, 60]]}]
    assert piece["sections"] == [[EVIL, 0, 2]] and piece["end"] == 2
    assert "b" not in parsed.tags and parsed.tags.count("script") == 2
    assert parsed.texts["dd"][0] == EVIL and parsed.texts["h1"][0] == EVIL


def test_page_without_notes_is_refused(tmp_path):
    with pytest.raises(LofiError, match="needs notes"):
        track_page(NoteSequence(), tmp_path / "a.html", tmp_path / "a.ogg")
    assert not (tmp_path / "a.html").exists()
