import base64
import json
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from lofi_tf.errors import LofiError
from lofi_tf.html import track_page
from lofi_tf.music.sequence_proto import NoteSequence

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


@pytest.fixture
def sound(tmp_path):
    """Half a second at half of full scale, then a second and a half of silence."""
    path = tmp_path / "a.ogg"
    rate = 8000
    samples = 0.5 * np.sin(np.arange(2 * rate) * 2 * np.pi * 220 / rate)
    samples[rate // 2 :] = 0
    soundfile.write(path, samples, rate, format="OGG", subtype="VORBIS")
    return path


def one_note():
    sequence = NoteSequence()
    sequence.notes.add(pitch=60, start_time=0.25, end_time=1, velocity=80)
    return sequence


def test_page_holds_what_went_in_and_nothing_from_outside(tmp_path, sound):
    sequence = NoteSequence()
    sequence.instrument_infos.add(instrument=0, name=EVIL)
    sequence.notes.add(pitch=60, start_time=1, end_time=2, velocity=80)
    sections = [(EVIL, 0, 2)]
    track_page(sequence, tmp_path / "a.html", sound, sections, EVIL, {"key": EVIL})
    parsed = Parsed((tmp_path / "a.html").read_text())
    (source,) = parsed.sources
    assert base64.b64decode(source.removeprefix("data:audio/ogg;base64,")) == sound.read_bytes()
    piece = json.loads(parsed.texts["script"][0])
    assert piece["tracks"] == [{"name": EVIL, "notes": [[1, 2, 60]]}]
    assert piece["sections"] == [[EVIL, 0, 2]] and piece["end"] == 2
    assert "b" not in parsed.tags and parsed.tags.count("script") == 2
    assert parsed.texts["dd"][0] == EVIL and parsed.texts["h1"][0] == EVIL


def test_the_outline_of_the_sound_goes_along(tmp_path, sound):
    track_page(one_note(), tmp_path / "a.html", sound)
    piece = json.loads(Parsed((tmp_path / "a.html").read_text()).texts["script"][0])
    wave = piece["wave"]
    assert wave["seconds"] * len(wave["high"]) == pytest.approx(2, rel=0.01) and piece["end"] == 2
    quarter = len(wave["high"]) // 4
    assert max(wave["high"][:quarter]) == pytest.approx(50, abs=5)
    assert max(wave["high"][quarter + 20 :]) <= 1


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_large_files_become_mp3(tmp_path, sound, ending):
    samples, rate = soundfile.read(sound)
    soundfile.write(tmp_path / f"a.{ending}", samples, rate)
    track_page(one_note(), tmp_path / "a.html", tmp_path / f"a.{ending}")
    (source,) = Parsed((tmp_path / "a.html").read_text()).sources
    (tmp_path / "b.mp3").write_bytes(
        base64.b64decode(source.removeprefix("data:audio/mpeg;base64,"))
    )
    played, its_rate = soundfile.read(tmp_path / "b.mp3")
    assert its_rate == rate and abs(len(played) - len(samples)) < 0.2 * rate
    assert played.std() == pytest.approx(samples.std(), rel=0.1)


def test_rates_that_mp3_lacks_stay_as_they_are(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(960), 96000)
    track_page(one_note(), tmp_path / "a.html", tmp_path / "a.wav")
    (source,) = Parsed((tmp_path / "a.html").read_text()).sources
    assert source.startswith("data:audio/wav;base64,")


def test_page_without_notes_is_refused(tmp_path):
    with pytest.raises(LofiError, match="needs notes"):
        track_page(NoteSequence(), tmp_path / "a.html", tmp_path / "a.ogg")
    assert not (tmp_path / "a.html").exists()
