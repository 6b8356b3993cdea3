"""SoundFonts as sound: pitch, level, envelope, loop and filter as the specification says."""

import gc
import io
import struct
import weakref

import numpy as np
import pytest
import soundfile

from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.rendering import voices
from lofi_tf.rendering.players import Player
from lofi_tf.rendering.render import render
from lofi_tf.rendering.soundfont import SoundFont, forget
from lofi_tf.rendering.tones import PIECE, low_pass
from lofi_tf.rendering.track_events import track_events
from tests.soundfonts import add_part, piece, sine, soundfont, zone

RATE = 44100


def opened(tmp_path, zones, samples=None, ending="sf2", **how):
    path = tmp_path / f"font.{ending}"
    path.write_bytes(soundfont(samples or [sine()], zones, **how))
    return SoundFont(path)


def played(font, notes, seconds=1.0, blocks=None, **events):
    """Plays (pitch, velocity, start, end) and returns the sound, [2, n]."""
    player = Player(track_events(piece(notes, **events), RATE)[0], font, RATE)
    count = int(seconds * RATE)
    sizes = blocks or [count]
    return np.concatenate([player.play(size) for size in sizes], axis=1)


def hz_of(mono):
    """Returns the frequency of a sine, by its phase."""
    from scipy.signal import hilbert

    phase = np.unwrap(np.angle(hilbert(mono)))[2000:-2000]
    return np.polyfit(np.arange(len(phase)), phase, 1)[0] / (2 * np.pi) * RATE


def level_db(mono):
    return 20 * np.log10(np.sqrt(2 * np.mean(np.square(mono, dtype=np.float64))))


HELD = {"mode": 1, "release": 0}


@pytest.mark.parametrize(
    ("pitch", "more", "hz"),
    [
        (69, {}, 440),
        (81, {}, 880),
        (60, {}, 261.6256),
        (69, {"fine": 50}, 440 * 2 ** (0.5 / 12)),
        (69, {"coarse": -12}, 220),
        (69, {"root": 57}, 880),
    ],
)
def test_a_note_has_its_pitch(tmp_path, pitch, more, hz):
    font = opened(tmp_path, [zone(0, **HELD, **more)])
    assert hz_of(played(font, [(pitch, 100, 0, 2)])[0]) == pytest.approx(hz, rel=1e-5)


def test_the_levels_are_those_of_velocity_attenuation_volume_and_pan(tmp_path):
    plain = opened(tmp_path, [zone(0, **HELD)])
    full = [(7, 0, 127)]  # channel volume; General MIDI's default is 100
    loud = played(plain, [(69, 127, 0, 2)], controls=full)
    # A sample of half amplitude in the middle: each channel takes cos(45 degrees), then sqrt(2).
    # Concave by the specification: 40 dB a decade of velocity, of volume.
    np.testing.assert_allclose(level_db(loud[0][4410:]), -6.02 - 3.01, atol=0.05)
    for velocity, volume, expected in ((64, 127, -11.91), (127, 64, -11.91), (1, 127, -84.15)):
        soft = played(plain, [(69, velocity, 0, 2)], controls=[(7, 0, volume)])
        assert level_db(soft[0][4410:]) - level_db(loud[0][4410:]) == pytest.approx(
            expected, abs=0.05
        )
    # 0.4 dB a 10 cB, as the EMU8000 and the synthesisers after it.
    softer = opened(tmp_path, [zone(0, attenuation=100, **HELD)])
    soft = played(softer, [(69, 127, 0, 2)], controls=full)
    assert level_db(soft[0][4410:]) - level_db(loud[0][4410:]) == pytest.approx(-4.0, abs=0.02)
    left = opened(tmp_path, [zone(0, pan=-500, **HELD)])
    sides = played(left, [(69, 127, 0, 2)], controls=full)
    assert np.abs(sides[1]).max() < 1e-6 * np.abs(sides[0]).max()
    np.testing.assert_allclose(
        level_db(sides[0][4410:]) - level_db(loud[0][4410:]), 3.01, atol=0.05
    )
    right = played(plain, [(69, 127, 0, 2)], controls=[(10, 0, 127)])
    assert np.abs(right[0]).max() < 1e-6 * np.abs(right[1]).max()


def test_envelopes_fall_by_their_decibels(tmp_path):
    # 100 dB in a second of decay down to -30 dB; 100 dB in half a second of release.
    font = opened(tmp_path, [zone(0, mode=1, decay=0, sustain=300, release=-1200)])
    mono = played(font, [(69, 127, 0, 1)], 1.6)[0]

    def at(seconds):
        place = int(seconds * RATE)
        return level_db(mono[place : place + 441])  # 4.4 periods

    assert at(0.2) - at(0.1) == pytest.approx(-10, abs=0.2)
    assert at(0.8) - at(0.5) == pytest.approx(0, abs=0.1)
    assert at(0.5) - at(0.005) == pytest.approx(-29, abs=0.5)
    assert at(1.2) - at(1.1) == pytest.approx(-20, abs=0.3)
    assert not mono[int(1.35 * RATE) :].any()


def test_samples_without_a_loop_end_and_loops_go_on_without_a_seam(tmp_path):
    short = opened(tmp_path, [zone(0, mode=0)], [sine(seconds=0.3)])
    mono = played(short, [(69, 100, 0, 2)])[0]
    assert np.abs(mono[: int(0.29 * RATE)]).max() > 0.1 and not mono[int(0.31 * RATE) :].any()
    looped = opened(tmp_path, [zone(0, **HELD)], [sine(441, seconds=0.3)])
    mono = played(looped, [(69, 100, 0, 2)])[0]  # a period of exactly 100 samples
    np.testing.assert_allclose(mono[40000:40100], mono[5000:5100], atol=1e-4)


def test_zones_are_chosen_by_key_and_velocity_and_presets_add(tmp_path):
    samples = [sine(440), sine(550), sine(660)]
    zones = [
        zone(0, keys=(0, 60), root=50, **HELD),
        zone(1, keys=(61, 127), velocities=(0, 63), root=70, **HELD),
        zone(2, keys=(61, 127), velocities=(64, 127), root=70, **HELD),
    ]
    font = opened(tmp_path, zones, samples, preset=[("coarse", 12)])
    for pitch, velocity, hz in ((50, 90, 880), (70, 30, 1100), (70, 90, 1320)):
        mono = played(font, [(pitch, velocity, 0, 2)])[0]
        assert hz_of(mono) == pytest.approx(hz, rel=1e-5)


def test_the_low_pass_takes_what_its_corner_says(tmp_path):
    from scipy.signal import freqz

    cents = 1200 * np.log2(1000 / 8.175798915643707)
    _, response = freqz(*low_pass(cents, 0, RATE), worN=[1, 1000, 8000], fs=RATE)
    level = 20 * np.log10(np.abs(response))
    np.testing.assert_allclose(level[:2], [0, -3.01], atol=0.02)
    assert -40 < level[2] < -35  # 12 dB an octave
    for fc, expected in ((13500, 0), (6900, -24.5)):  # 20 kHz; 440 Hz at a tone of 1760 Hz
        font = opened(tmp_path, [zone(0, fc=fc, **HELD)])
        found = level_db(played(font, [(93, 127, 0, 2)])[0][4410:])
        reference = level_db(
            played(opened(tmp_path, [zone(0, **HELD)]), [(93, 127, 0, 2)])[0][4410:]
        )
        assert found - reference == pytest.approx(expected, abs=0.5)


def test_bends_and_vibrato_move_the_pitch(tmp_path):
    font = opened(tmp_path, [zone(0, **HELD)])
    bent = played(font, [(69, 100, 0, 2)], bends=[(0, 8191)])[0]
    assert hz_of(bent) == pytest.approx(440 * 2 ** (2 / 12), rel=1e-4)
    from scipy.signal import hilbert

    vibrato = opened(tmp_path, [zone(0, vib_to_pitch=100, vib_hz=0, **HELD)])  # 8.176 Hz
    phase = np.unwrap(np.angle(hilbert(played(vibrato, [(69, 100, 0, 2)])[0])))
    cents = 1200 * np.log2(np.diff(phase)[4000:-4000] / (2 * np.pi) * RATE / 440)
    smooth = np.convolve(cents, np.full(101, 1 / 101), "valid")
    assert smooth.max() == pytest.approx(100, abs=6) and smooth.min() == pytest.approx(-100, abs=6)


def test_hats_of_one_class_cut_each_other_off(tmp_path):
    zones = [zone(0, mode=0, exclusive=1, root=46)]
    font = opened(tmp_path, zones, bank=128)
    alone = played(font, [(46, 100, 0, 0.9)], drums=True)[0]
    cut = played(font, [(46, 100, 0, 0.9), (42, 1, 0.5, 0.6)], drums=True)[0]
    half = RATE // 2
    np.testing.assert_array_equal(cut[:half], alone[:half])
    assert np.abs(cut[half + RATE // 10 :]).max() < 0.01 * np.abs(alone[half:]).max()


@pytest.mark.parametrize("blocks", [[1] * 50 + [4046, 31, 33, 39940], [22050, 22050], [10000] * 5])
def test_sound_does_not_depend_on_the_stretches_it_is_asked_in(tmp_path, blocks):
    more = {"fc": 9000, "mod_env_to_pitch": 30, "attack": -4000, "decay": 0, "release": -1000}
    font = opened(tmp_path, [zone(0, mode=1, sustain=100, **more)])
    notes = [(60, 100, 0, 0.6), (67, 70, 0.01234, 0.5), (72, 50, 0.4, 0.9)]
    how = {"bends": [(0.2, 3000)], "controls": [(7, 0.3, 90), (10, 0.35, 20)]}
    whole = played(font, notes, sum(blocks) / RATE, **how)
    parts = played(font, notes, blocks=blocks, **how)
    np.testing.assert_array_equal(parts, whole)


SWEPT = {"fc": 6000, "mod_env_to_fc": 4000, "mod_decay": 0, "mod_release": -1500}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"fc": 8000},
        {"fc": 8000, "lfo_to_fc": 1200, "lfo_hz": -1200},
        SWEPT,
        {**SWEPT, "mod_env_to_pitch": 300},
        {"vib_to_pitch": 50, "vib_hz": 0},
    ],
)
@pytest.mark.parametrize("longest", [8 * PIECE, 0])
def test_notes_that_share_a_tone_sound_as_each_does_alone(tmp_path, monkeypatch, more, longest):
    font = opened(tmp_path, [zone(0, mode=1, release=-1200, **more)])
    notes = [(60, 100, 0, 0.9), (60, 60, 0.3, 0.31), (60, 127, 0.5, 0.75), (62, 80, 0.5, 0.9)]
    single = [played(font, [note], 1.4) for note in notes]
    assert all(sound.any() for sound in single)
    monkeypatch.setattr(voices, "LONGEST_SHARED", longest)
    together = played(font, notes, blocks=[5000] * 12)
    np.testing.assert_allclose(together[:, :60000], sum(single)[:, :60000], atol=2e-6)


def test_compressed_samples_sound_like_plain_ones(tmp_path):
    data, rate, key, low, high = sine()
    buffer = io.BytesIO()
    soundfile.write(buffer, data, rate, format="OGG", subtype="VORBIS")
    packed = opened(tmp_path, [zone(0, **HELD)], [(buffer.getvalue(), rate, key, low, high)], "sf3")
    mono = played(packed, [(69, 100, 0, 2)])[0]
    plain = played(opened(tmp_path, [zone(0, **HELD)]), [(69, 100, 0, 2)])[0]
    assert hz_of(mono) == pytest.approx(440, rel=1e-4)
    assert level_db(mono) - level_db(plain) == pytest.approx(0, abs=0.3)


def test_programs_that_are_missing_are_the_nearest(tmp_path):
    font = opened(tmp_path, [zone(0, **HELD)], program=5)
    (there,) = font.zones(5, False)
    assert font.zones(90, False) == font.zones(0, True) == (there,)


def unpadded(data):
    """Returns a SoundFont as some programs write it: odd chunks without the byte that follows."""
    head, info, rest = data[:12], *data[12:].split(b"LIST")[1:2], data[12:].split(b"LIST", 2)[2]
    info = b"LIST" + struct.pack("<I", len(info) - 4 + 8 + 3) + info[4:] + b"INAM" + b"\3\0\0\0one"
    return head + info + b"LIST" + rest


def lists_of(data):
    return [at for at in range(len(data)) if data[at : at + 4] == b"LIST"]


def test_odd_lists_without_a_pad_byte_are_read(tmp_path):
    path = tmp_path / "font.sf3"
    path.write_bytes(unpadded(soundfont([sine()], [zone(0, **HELD)])))
    assert lists_of(path.read_bytes())[1] % 2  # an odd place, as in MuseScore's
    assert hz_of(played(SoundFont(path), [(69, 100, 0, 2)])[0]) == pytest.approx(440, rel=1e-4)


@pytest.mark.parametrize("size", [0, 1, 11, 10**6, 2**32 - 1])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_lists_of_a_wrong_size_are_read(tmp_path, which, size):
    data = bytearray(soundfont([sine()], [zone(0, **HELD)]))
    place = lists_of(data)[which]
    data[place + 4 : place + 8] = struct.pack("<I", size)
    path = tmp_path / "font.sf2"
    path.write_bytes(data)
    assert hz_of(played(SoundFont(path), [(69, 100, 0, 2)])[0]) == pytest.approx(440, rel=1e-4)


def test_a_missing_program_is_told_once(tmp_path, recwarn):
    path = tmp_path / "font.sf2"
    path.write_bytes(soundfont([sine(seconds=0.2)], [zone(0)], program=5))
    music = piece([(60, 90, 0, 0.1)])
    add_part(music, [(60, 90, 0, 0.1)], "Pads", 1, program=91)
    add_part(music, [(60, 90, 0, 0.1)], "More", 2, program=91)
    add_part(music, [(60, 90, 0, 0.1)], "Keys", 3, program=5)
    add_part(music, [(36, 90, 0, 0.1)], "Kit", 4, program=25, is_drum=True)
    render(music, tmp_path / "a.wav", "clean", soundfont=path)
    said = [str(one.message) for one in recwarn if one.category is LofiWarning]
    assert said == [
        "font.sf2 has no program 0, of other. In its place: 5 (p)",
        "font.sf2 has no program 91, of Pads, More. In its place: 5 (p)",
        "font.sf2 has no drum kit 25, of Kit. In its place: 5 (p)",
    ]


def test_damaged_files_are_one_line(tmp_path):
    data = soundfont([sine(seconds=0.2)], [zone(0)])
    path = tmp_path / "bad.sf2"
    for content, message in (
        (b"", "the file is empty"),
        (b"music" * 10, "a SoundFont is an .sf2 or .sf3 file"),
        (data[:500], "damaged SoundFont: it has no phdr"),
    ):
        path.write_bytes(content)
        with pytest.raises(LofiError, match=message):
            SoundFont(path)
    with pytest.raises(LofiError, match="cannot read the SoundFont"):
        SoundFont(tmp_path / "none.sf2")


def test_fonts_that_nobody_has_are_let_go(tmp_path):
    font = opened(tmp_path, [zone(0, **HELD)])
    assert played(font, [(69, 100, 0.0, 0.1)], seconds=0.1).any()
    gone = weakref.ref(font)
    del font
    forget()
    gc.collect()
    assert gone() is None
