"""Loops come round to the sample; tracks end when nothing is heard any more."""

from fractions import Fraction

import numpy as np
import pytest
import soundfile

from lofi_tf.errors import LofiError
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.rendering import effects, looping
from lofi_tf.rendering.chain import chain_of
from lofi_tf.rendering.render import render
from lofi_tf.rendering.settings import RenderSettings, load_preset
from lofi_tf.rendering.sound_files import stem_paths
from tests.soundfonts import add_part, piece, sine, soundfont, zone
from tests.test_audio_wav import chunks_of

pytestmark = pytest.mark.filterwarnings("ignore:sine.sf2 has no drum kit")
DRY = RenderSettings(sample_rate=8000)


@pytest.fixture(scope="module")
def font(tmp_path_factory):
    """A sine that rings on for 1.8 s down to -90 dB; as a drum, two that cut each other off."""
    path = tmp_path_factory.mktemp("font") / "sine.sf2"
    path.write_bytes(soundfont([sine()], [zone(0, mode=1, release=1200, exclusive=1)]))
    return path


def music(qpm=120.0, metre=(4, 4), bars=1, key=None):
    """Returns a hit on each quarter note and a note that is held to the end."""
    sequence, quarter = NoteSequence(), 60 / qpm
    quarters = bars * 4 * metre[0] / metre[1]
    hits = [(36, 100, q * quarter, q * quarter + 0.05) for q in range(int(quarters))]
    add_part(sequence, hits, "Drums", is_drum=True)
    end = quarters * quarter
    add_part(sequence, [(57, 80, 0, end / 2), (60, 80, end / 2, end)], "Keys", 1)
    sequence.tempos.add(qpm=qpm)
    sequence.time_signatures.add(numerator=metre[0], denominator=metre[1])
    if key is not None:
        sequence.key_signatures.add(key=key, mode=1)
    return sequence


@pytest.mark.parametrize(
    ("qpm", "metre", "bars", "rate"),
    [
        (90, (4, 4), 4, 44100),
        (77, (4, 4), 2, 48000),
        (93.7, (3, 4), 3, 22050),
        (140, (6, 8), 2, 44100),
        (101.5, (7, 8), 1, 48000),
    ],
)
def test_a_loop_is_as_long_as_its_bars(tmp_path, font, qpm, metre, bars, rate):
    path = tmp_path / "a.wav"
    settings = load_preset("tape").replace({"sample_rate": rate})
    render(music(qpm, metre, bars, key=9), path, settings, soundfont=font, loop=True)
    seconds = Fraction(bars * 4 * metre[0], metre[1]) * 60 / Fraction(str(qpm))
    expected = round(seconds * rate)
    assert soundfile.info(path).frames == expected
    chunks = chunks_of(path.read_bytes())
    assert np.frombuffer(chunks["smpl"], "<u4")[11:13].tolist() == [0, expected - 1]
    assert np.frombuffer(chunks["acid"][-4:], "<f4") == pytest.approx(qpm)
    comment = f"{qpm:g} quarter notes a minute, {metre[0]}/{metre[1]}, A minor"
    assert chunks["bext"].startswith(comment.encode())


def stems_of(folder, sequence, font, **how):
    settings = DRY.replace({"room_db": {"all": -6}})
    made = render(sequence, folder / "a.wav", settings, stems_dir=folder, soundfont=font, **how)
    return np.stack([soundfile.read(path)[0] for path in made.stems])


def test_tails_are_heard_at_the_beginning(tmp_path, font):
    size, turns = 16000, 5  # a turn has 2 s; hits of the next turn cut off those of the last
    looped = stems_of(tmp_path / "loop", music(), font, loop=True)
    again = music()
    for note in list(again.notes):
        for turn in range(1, turns):
            more = again.notes.add()
            more.CopyFrom(note)
            more.start_time, more.end_time = note.start_time + 2 * turn, note.end_time + 2 * turn
    again.total_time = 2 * turns
    played = stems_of(tmp_path / "long", again, font)[:, (turns - 1) * size : turns * size]
    assert looped.shape == played.shape
    assert np.abs(looped[1, :100]).max() > 0.01  # of the note before
    np.testing.assert_allclose(looped, played, atol=2e-6)


@pytest.mark.parametrize(("loop", "moved"), [(True, [2.0, 0.0]), (False, [0.05, 0.05])])
def test_notes_ahead_of_the_music_sound(tmp_path, font, loop, moved):
    early, there = NoteSequence(), NoteSequence()
    for sequence, (first, others) in ((early, (0, 0)), (there, moved)):
        starts = [-0.05 + first, *(others + np.arange(4) / 2)]
        add_part(sequence, [(36, 100, at, at + 0.1) for at in starts], "Drums", is_drum=True)
        sequence.total_time = 2.0
    heard = [stems_of(tmp_path / f"{n}", m, font, loop=loop) for n, m in enumerate((early, there))]
    np.testing.assert_allclose(*heard, atol=1e-7)


@pytest.mark.parametrize("preset", ["vinyl", "cassette"])
def test_loops_depend_on_no_block(tmp_path, font, preset):
    found = []
    settings = load_preset(preset).replace({"sample_rate": 8000})
    for size in (32768, 3001):
        how = {"soundfont": font, "loop": True, "block_size": size}
        render(music(), tmp_path / f"{size}.wav", settings, 3, **how)
        found.append((tmp_path / f"{size}.wav").read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["vinyl", "cassette"])
def test_what_sways_and_is_drawn_comes_round(name):
    rate, length = 8000, 10007
    turn = 0.1 * np.sin(2 * np.pi * 40 * np.arange(length) / length) * np.ones([2, 1])
    settings = load_preset(name).replace({"sample_rate": rate})
    chain = chain_of(settings, 1, length)
    fed = np.tile(turn, 7)
    out = np.concatenate(list(effects.run(chain, [fed[:, :3000], fed[:, 3000:]])), axis=1)
    np.testing.assert_allclose(
        out[:, 4 * length : 5 * length], out[:, 3 * length : 4 * length], atol=1e-7
    )
    kept = looping.settled(chain_of(settings, 1, length), lambda: [turn], length, 3)
    np.testing.assert_array_equal(
        np.concatenate(list(kept), axis=1), out[:, 3 * length : 4 * length]
    )


def heard_seconds(path, floor_db=-60):
    samples, rate = soundfile.read(path)
    sizes = np.abs(samples).max(axis=1)
    return (np.flatnonzero(sizes > sizes.max() * 10 ** (floor_db / 20))[-1] + 1) / rate, len(
        sizes
    ) / rate


def test_a_track_ends_when_its_tail_is_no_longer_heard(tmp_path, font):
    # 100 dB in 2 s: 60 dB below the peak after 1.2 s.
    measured = render(piece([(69, 127, 0, 2)]), tmp_path / "a.wav", DRY, soundfont=font)
    assert measured.seconds == pytest.approx(2 + 1.2, abs=0.02)
    heard, whole = heard_seconds(tmp_path / "a.wav")
    assert whole - 0.02 < heard <= whole
    assert np.abs(soundfile.read(tmp_path / "a.wav")[0][-1]).max() < 1e-5  # it fades


def test_a_hit_that_is_cut_off_leaves_no_silence_behind(tmp_path):
    path, hats = tmp_path / "a.wav", piece([(46, 110, 0, 0.1), (42, 90, 1.9, 1.95)], drums=True)
    measured = render(hats, path, RenderSettings())
    assert measured.seconds < 2.6
    heard, whole = heard_seconds(path)
    assert heard > whole - 0.02 or whole == 2


def test_a_track_is_no_shorter_than_its_bars(tmp_path, font):
    short = piece([(69, 100, 0, 0.2), (69, 100, 4.1, 4.2)])  # two bars and a bit
    measured = render(short, tmp_path / "a.wav", DRY, soundfont=font)
    assert measured.seconds == 6
    stems = stems_of(tmp_path, short, font)
    assert stems.shape[1] == soundfile.info(tmp_path / "a.wav").frames


def test_stems_are_numbered_and_safe():
    names = ["Drums/Perc", "../../evil", "a\\b:c*?", ".", "..", ".hidden", "con", "Lead, soft"]
    names += ["x" * 300, "x" * 299, "", "Bässe 🎸", "名前" * 100, "a\nb\0", "Lead", "lead", "room"]
    paths = stem_paths("out", names)
    found = [path.name for path in paths]
    assert found[:8] == [
        *("01-Drums_Perc.wav", "02-evil.wav", "03-a_b_c.wav", "04-part.wav", "05-part.wav"),
        *("06-hidden.wav", "07-con.wav", "08-Lead,_soft.wav"),
    ]
    assert "12-Bässe_🎸.wav" in found and found[13] == "14-a_b.wav"
    assert len({name.lower() for name in found}) == len(names)
    assert all(
        len(name.encode()) < 200 and path.parent.name == "out"
        for name, path in zip(found, paths, strict=True)
    )


def test_extreme_lengths_are_refused_before_any_work(tmp_path):
    tiny = piece([(60, 90, 0, 1e-5)])
    tiny.tempos.add(qpm=6e7)
    with pytest.raises(LofiError, match=r"a loop must last 0.1 s or more. Received: "):
        render(tiny, tmp_path / "a.wav", "clean", loop=True)
    with pytest.raises(LofiError, match="the music lasts 1,250.0 hours. Allowed: 4.0 hours"):
        render(piece([(60, 90, 0, 1), (60, 90, 4.5e6 - 1, 4.5e6)]), tmp_path / "a.wav", "clean")
    how = {"values": {"sample_rate": 192000}, "stems_dir": tmp_path / "stems"}
    with pytest.raises(LofiError, match="Allowed: 46.6 minutes for a stem"):
        render(piece([(60, 90, 0, 1), (60, 90, 3599, 3600)]), tmp_path / "a.flac", "clean", **how)
    assert not list(tmp_path.iterdir())
