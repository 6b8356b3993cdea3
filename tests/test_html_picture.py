import numpy as np
import pytest
import soundfile

from lofi_tf.errors import LofiError
from lofi_tf.html.picture import bar_starts, draw_track, track_picture
from lofi_tf.html.sound_shape import sound_shape
from lofi_tf.music.sequence_proto import NoteSequence


@pytest.fixture
def piece() -> NoteSequence:
    sequence = NoteSequence()
    sequence.tempos.add(qpm=120)
    sequence.instrument_infos.add(instrument=0, name="bass $1$")
    sequence.notes.add(pitch=40, start_time=1, end_time=2, velocity=80, instrument=0)
    sequence.notes.add(
        pitch=38, start_time=3, end_time=3.5, velocity=80, instrument=1, is_drum=True
    )
    return sequence


@pytest.fixture
def sine(tmp_path):
    samples = np.sin(2 * np.pi * 1000 * np.arange(4 * 16000) / 16000)
    samples[: 2 * 16000] = 0
    soundfile.write(tmp_path / "sine.wav", samples, 16000, subtype="FLOAT")
    return tmp_path / "sine.wav"


def test_each_track_has_its_notes_at_their_times(piece):
    bass, drums = draw_track(piece).axes
    for axes, left, right in ((bass, 1, 2), (drums, 3, 3.5)):
        (path,) = axes.collections[0].get_paths()
        assert (path.get_extents().x0, path.get_extents().x1) == pytest.approx((left, right))
    assert bass.get_ylabel() == r"bass \$1\$" and drums.get_ylabel() == "drums"


def test_sections_are_named_between_their_borders(piece):
    axes = draw_track(piece, [("intro", 0, 2), ("verse", 2, 4)]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["intro", "verse"]
    assert [text.xy[0] for text in axes.texts] == [1, 3]
    assert {line.get_xdata()[0] for line in axes.lines} == {0, 2, 4}


def test_bars_follow_a_change_of_tempo():
    sequence = NoteSequence()
    sequence.tempos.add(qpm=120)
    sequence.tempos.add(qpm=60, time=3)  # in the middle of the second bar
    assert bar_starts(sequence, 10) == pytest.approx([0, 2, 5, 9])


def test_sine_is_loud_in_its_band_and_only_where_it_sounds(sine):
    shape = sound_shape(sine, columns=40)
    assert shape.seconds == 4 and shape.low.shape == (40,)
    assert shape.high[:20].max() == 0 and shape.high[20:].min() == pytest.approx(1, abs=0.01)
    band = np.searchsorted(shape.edges_hz, 1000) - 1
    assert shape.level_db[band, 30] == pytest.approx(0, abs=0.1)
    assert shape.level_db[:, :20].max() == -80


def test_what_sounds_at_the_start_of_a_long_column_is_seen(tmp_path):
    time = np.arange(2 * 16000) / 16000
    samples = np.sin(2 * np.pi * 1000 * time) * (time % 1 < 0.5)
    soundfile.write(tmp_path / "half.wav", samples, 16000, subtype="FLOAT")
    shape = sound_shape(tmp_path / "half.wav", columns=2)
    band = np.searchsorted(shape.edges_hz, 1000) - 1
    # Half of a column's windows hear the sine, but for those at its borders: half the power, -3 dB.
    assert shape.level_db[band, 0] == pytest.approx(-3, abs=1.5)


def test_picture_is_a_png(piece, sine, tmp_path):
    track_picture(piece, tmp_path / "a.png", [("all", 0, 4)], sine, "a $ b")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.filterwarnings("error")
def test_names_of_any_letters_are_drawn_without_a_word(piece, tmp_path):
    piece.instrument_infos[0].name = "b\0ass \u9f13" + "x" * 60
    track_picture(piece, tmp_path / "a.png", [("\u6b4c\1", 0, 4)])
    label = draw_track(piece).axes[0].get_ylabel()
    assert label.startswith("bass \u9f13x") and len(label) == 40


def test_what_cannot_be_drawn_is_refused(piece, tmp_path):
    with pytest.raises(LofiError, match="has none"):
        track_picture(NoteSequence(), tmp_path / "a.png")
    with pytest.raises(LofiError, match="must end after"):
        track_picture(piece, tmp_path / "a.png", [("x", 2, 1)])
    assert not (tmp_path / "a.png").exists()
