"""prepare_paired: rendered notes and files of notes, to shards that training reads."""

import numpy as np
import pytest

from lofi_tf.data.converters.paired import instrument_id
from lofi_tf.data.pairs.note_files import pair_of_file, pitch_and_velocity
from lofi_tf.data.storage.example_shards import find_shards, load_shards
from lofi_tf.errors import NotConvertible
from pipelines import prepare_paired
from tests.recordings import tone, write

SMALL = ["--bins_per_octave=12", "--low_hz=100", "--num_output_shards=2", "--log=ERROR"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C4.wav", (60, 80)),
        ("As2.ogg", (46, 80)),
        ("piano_Db3_v96.flac", (49, 96)),
        ("A#0-pp.wav", (22, 33)),
        ("60.wav", (60, 80)),
        ("72_v12.wav", (72, 12)),
        ("B-1.wav", (11, 80)),
    ],
)
def test_names_say_what_is_played(name, expected):
    assert pitch_and_velocity(name) == expected


def test_a_name_without_a_pitch_is_refused():
    with pytest.raises(NotConvertible, match="says no pitch"):
        pitch_and_velocity("kick.wav")


def test_a_note_begins_at_its_onset(tmp_path):
    silence = np.zeros([4410, 1], np.float32)
    path = write(tmp_path / "A4.wav", np.concatenate([silence, tone(440, 1.0)]))
    pair = pair_of_file(path, "bass", 22050, 0.5)
    assert len(pair.samples) == 11025
    assert np.abs(pair.samples[:50]).max() > 0.2
    assert pair.notes[0].pitch == 69
    assert pair_of_file(path, "bass", 22050, 0.5, octaves=-1).notes[0].pitch == 57
    assert pair.notes[0].start == 0 and abs(pair.notes[0].end - 0.5) < 1e-3
    with pytest.raises(NotConvertible, match="it sounds for 0.20 s"):
        pair_of_file(write(tmp_path / "A5.wav", tone(880, 0.2)), "bass", 22050, 0.5)
    with pytest.raises(NotConvertible, match="nothing sounds"):
        pair_of_file(write(tmp_path / "A6.wav", silence), "bass", 22050, 0.5)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Shards of rendered flutes and of recorded sines that go by the name of a bass."""
    folder, out = tmp_path_factory.mktemp("notes"), tmp_path_factory.mktemp("pairs")
    for name, hz in (("A3", 220), ("A4", 440), ("B4", 493.9)):
        write(folder / "bass-electric" / f"{name}.wav", tone(hz, 1.2))
    write(folder / "bass-electric" / "broken-A4.wav", tone(440, 0.1))
    flags = [f"--input_dir={folder}", f"--output_dir={out}", "--render", "--instruments=flute,bass"]
    flags += ["--rename=bass-electric=bass", "--pitches=70-72", "--velocities=40,120"]
    flags += ["--tunings=-10,10", "--validation_split=0.3", "--num_chords=2", "--num_phrases=1"]
    assert prepare_paired.main([*flags, *SMALL, f"--errors_file={out / 'errors.txt'}"]) == 0
    return out


def test_shards_hold_every_note_of_both_kinds(made):
    shards = find_shards(made)
    info = shards.info
    assert info["rendered"]["instruments"] == {"flute": 73, "bass": 33}
    assert info["config"]["data"]["converter"]["instruments"] == ["flute", "bass"]
    assert "broken-A4.wav" in (made / "errors.txt").read_text()
    component = info["config"]["data"]["converter"]
    sides = [load_shards(shards, split, component) for split in ("train", "validation")]
    sources = [set(side.sources.tolist()) for side in sides]
    assert not sources[0] & sources[1]
    everything = set().union(*sources)
    assert {"flute/70", "flute/71", "flute/72", "bass-electric/A3.wav"} <= everything
    for side in sides:
        rolls, names = side.arrays["roll"], side.arrays["instrument"]
        assert set(names) <= {instrument_id("flute"), instrument_id("bass")}
        for roll, source in zip(rolls, side.sources, strict=True):
            if source.startswith("flute/7"):
                assert set(np.flatnonzero(roll.any(axis=0))) == {int(source[-2:])}
                assert set(np.unique(roll)) <= {0, 40, 120}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--instruments=fluet"], "Did you mean 'flute'"),
        (["--velocities=0"], "--velocities must be numbers, 1 to 127"),
        (["--frames=25-10"], "--frames must be from one to another"),
        (["--pitches=1-5", "--instruments=flute"], "--pitches are outside all ranges"),
        (["--input_dir=/nowhere"], "no such folder"),
        (["--octaves=piano=1"], "--octaves must be such as piano=1"),
        (["--bins_per_octave=5"], "bins_per_octave"),
        (["--num_chords=-1"], "--num_chords must be 0 or more. Received: -1"),
        (["--num_phrases=-2", "--input_dir=docs"], "--num_phrases must be 0 or more"),
        (["--seed=-1"], "--seed must be 0 or more"),
        (["--num_chords=3", "--tunings=0", "--input_dir=docs"], "--tunings, --num_chords need"),
        (["--pitches=60", "--input_dir=docs"], "--pitches needs --render"),
        (["--rename=a=b"], "--rename is for the sub-folders of --input_dir"),
        ([f"--soundfont={__file__}"], "a SoundFont is an .sf2 or .sf3 file"),
    ],
)
def test_bad_flags_are_one_line(tmp_path, flags, message, capsys):
    assert prepare_paired.main([f"--output_dir={tmp_path / 'out'}", *flags]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_damaged_soundfont_is_one_line(tmp_path, capsys):
    font = tmp_path / "damaged.sf2"
    font.write_bytes(b"RIFF\x04\0\0\0sfbk")
    assert prepare_paired.main([f"--output_dir={tmp_path / 'out'}", f"--soundfont={font}"]) == 2
    error = capsys.readouterr().err
    assert f"{font} is a damaged SoundFont" in error and error.count("\n") == 1 and "[" not in error
