"""The studio's sound, its scripts run by node, beside what `lofi_render` makes."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lofi_tf.audio.loudness import Meter
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.rendering import effects
from lofi_tf.rendering.ducking import Ducking
from lofi_tf.rendering.render import render
from lofi_tf.rendering.room import Room
from lofi_tf.rendering.settings import load_preset, preset_names
from lofi_tf.rendering.sound_bank import bank_of
from lofi_tf.rendering.soundfont import SoundFont, default_soundfont
from lofi_tf.rendering.track_events import ROLES
from lofi_tf.rendering.width import MonoBelow, Width
from lofi_tf.studio.mix import mix_of
from tests.test_studio_scripts import NODE, missing

SCRIPT = Path(__file__).with_name("js") / "sound_mix.mjs"
RATE, QPM = 44100, 120
needs_node = pytest.mark.skipif(bool(missing()), reason=missing() or "")


def ask(what, **values):
    """What the studio's scripts make of something."""
    given = json.dumps({"what": what, "rate": RATE, **values})
    done = subprocess.run([NODE, str(SCRIPT)], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def noise():
    """Half a second of two channels."""
    return np.random.default_rng(7).normal(0, 0.3, [2, RATE // 2])


@pytest.mark.parametrize("preset", preset_names())
def test_mix_has_the_presets_values_for_every_role(preset):
    mix, settings = mix_of(preset), load_preset(preset)
    assert mix["loudness_lufs"] == settings.loudness_lufs
    assert mix["gain_db"] == {role: settings.gain_db[role] for role in ROLES}
    assert mix["room_db"]["bass"] == settings.room_db.get("bass")
    assert mix["pan"]["drums"] == 0
    assert json.loads(json.dumps(mix)) == mix


@needs_node
def test_room_is_the_renders(noise):
    found = ask("room", seconds=0.7, damping_hz=4000, sound=noise.tolist())
    np.testing.assert_allclose(found, Room(0.7, 4000, RATE).process(noise), atol=1e-5)


@needs_node
def test_parts_give_way_as_in_the_render():
    times, weights = np.array([100, 9000]), np.array([0.8, 1.0])
    found = ask("ducking", kicks=[[100, 0.8], [9000, 1.0]], release=0.25, count=128 * 200)
    wanted = Ducking(times, weights, 0.25, RATE).depth(0, 128 * 200)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@needs_node
@pytest.mark.parametrize(("kind", "corner"), [("lowpass", 9000), ("highpass", 30)])
def test_filters_are_the_renders(noise, kind, corner):
    found = ask("filter", kind=kind, corner_hz=corner, sound=noise.tolist())
    wanted = effects.Filter(kind, corner, RATE).process(noise)
    np.testing.assert_allclose(found, wanted, atol=1e-7)


@needs_node
def test_width_is_the_renders(noise):
    found = np.array(ask("width", amount=0.6, sound=noise.tolist()))
    wanted, risen = Width(0.6, RATE).process(noise), RATE // 10  # it comes in softly
    np.testing.assert_allclose(found[:, risen:], wanted[:, risen:], atol=1e-5)
    found = ask("mono", corner_hz=120, sound=noise.tolist())
    np.testing.assert_allclose(found, MonoBelow(120, RATE).process(noise), atol=1e-7)


@needs_node
def test_saturation_and_bits_are_the_renders(noise):
    found = ask("saturation", drive_db=6, sound=noise.tolist())
    np.testing.assert_allclose(found, effects.Saturation(6).process(noise), atol=1e-6)
    found = ask("bits", bits=8, sound=noise.tolist())
    np.testing.assert_allclose(found, effects.BitDepth(8).process(noise), atol=1e-12)


@needs_node
def test_limiter_holds_peaks_and_leaves_what_is_below(noise):
    loud = noise.copy()
    loud[:, : RATE // 4] *= 0.1
    found = ask("limiter", ceiling_db=-1, sound=loud.tolist())
    out, late = np.array(found["sound"]), found["latency"]
    assert np.abs(out).max() <= 10 ** (-1 / 20)
    assert np.abs(loud).max() > 1
    quiet = slice(0, RATE // 4 - 2 * late)
    np.testing.assert_allclose(out[:, late:][:, quiet], loud[:, quiet], atol=1e-6)


@needs_node
def test_loudness_is_the_meters(noise):
    meter = Meter(RATE)
    meter.add(noise.T)
    assert ask("loudness", sound=noise.tolist()) == pytest.approx(meter.level(), abs=0.05)


TRACKS = {
    "drums": (0, True, [(0, 0.2, 36, 99), (1, 0.2, 38, 95), (1.5, 0.2, 42, 80), (3.6, 1, 46, 95)]),
    "bass": (33, False, [(0, 0.9, 36, 90), (2, 1.5, 43, 85)]),
    "chords": (4, False, [(0, 3.5, 60, 75), (0, 3.5, 64, 75), (2.5, 1.7, 67, 75)]),
    "melody": (11, False, [(0.5, 0.5, 76, 85), (2, 1, 79, 90)]),
}  # fmt: skip


def loop_of(parts):
    """A bar as a NoteSequence and as the page's notes; some of its notes ring over the seam."""
    sequence, tracks = NoteSequence(), []
    sequence.tempos.add(qpm=QPM)
    for number, part in enumerate(parts):
        program, is_drum, notes = TRACKS[part]
        tracks.append({"name": part, "part": part, "program": program, "is_drum": is_drum,
                       "notes": notes})  # fmt: skip
        sequence.instrument_infos.add(instrument=number, name=part)
        for start, length, pitch, velocity in notes:
            times = {"start_time": start * 60 / QPM, "end_time": (start + length) * 60 / QPM}
            kind = {"program": program, "is_drum": is_drum, "instrument": number}
            sequence.notes.add(pitch=pitch, velocity=velocity, **times, **kind)
    return sequence, {"qpm": QPM, "beats": 4, "beats_per_bar": 4, "tracks": tracks}


def rendered(sequence, tmp_path, preset):
    render(sequence, tmp_path / "a.wav", preset, loop=True)
    sound, rate = soundfile.read(tmp_path / "a.wav", always_2d=True)
    assert rate == RATE
    return sound.T


@pytest.fixture(scope="module")
def font(tmp_path_factory):
    """The path of a SoundFont that the page's synthesiser reads."""
    path = tmp_path_factory.mktemp("font") / "some.sf2"
    programs = [(program, is_drum) for program, is_drum, _ in TRACKS.values()]
    path.write_bytes(bank_of(SoundFont(default_soundfont()), [*programs, (16, False), (79, False)]))
    return str(path)


def heard(notes, preset, turns, font):
    return np.array(
        ask("player", font=font, mix=mix_of(preset), notes=notes, turns=turns), np.float64
    )


def rises(sound):
    """How much louder each millisecond is than the last, dB."""
    peaks = np.abs(sound).max(0)
    peaks = peaks[: len(peaks) // 44 * 44].reshape(-1, 44).max(1)
    return np.maximum(0, np.diff(20 * np.log10(peaks + 1e-4)))


@needs_node
@pytest.mark.parametrize(
    "part",
    ["drums", "all", *(pytest.param(part, marks=pytest.mark.slow) for part in [*TRACKS][1:])],
)
def test_a_loop_is_as_loud_as_its_render_and_in_time_with_it(part, tmp_path, font):
    sequence, notes = loop_of(TRACKS if part == "all" else [part])
    wanted, found = rendered(sequence, tmp_path, "tape"), heard(notes, "tape", 4, font)
    assert found.shape[1] == pytest.approx(wanted.shape[1], abs=1)
    levels = []
    for sound in (wanted, found):
        meter = Meter(RATE)
        meter.add(sound.T)
        levels.append(meter.level())
    assert levels[1] == pytest.approx(levels[0], abs=1.5)
    one, other = rises(wanted), rises(found)
    shared = min(len(one), len(other))
    lags = range(-20, 21)
    best = max(lags, key=lambda lag: float(one[:shared] @ np.roll(other[:shared], lag)))
    assert abs(best) <= 5  # milliseconds


@needs_node
def test_every_track_of_a_part_is_heard(font):
    pads = [{"name": "Pad", "part": "chords", "program": 16, "is_drum": False,
             "notes": [[beat, 0.4, 60, 100]]} for beat in range(4)]  # fmt: skip
    notes = {"qpm": QPM, "beats": 4, "beats_per_bar": 4, "tracks": pads}
    sound = heard(notes, "clean", 2, font)
    beats = np.abs(sound[0]).reshape(4, -1)
    assert np.all(beats[:, : RATE // 5].max(axis=1) > 0.1)


@needs_node
@pytest.mark.parametrize("message", [{"do": "stop"}, {"do": "mix", "mix": mix_of("clean")}])
def test_a_stop_and_a_preset_do_not_click(message, font):
    at = 128 * 300
    pad = {"name": "Pad", "part": "chords", "program": 79, "is_drum": False}
    notes = {"qpm": QPM, "beats": 16, "beats_per_bar": 4}
    notes["tracks"] = [{**pad, "notes": [[0, 16, 57, 100]]}]
    given = {"font": font, "mix": mix_of("clean"), "notes": notes}
    sound = np.array(ask("told", at=at, message=message, count=128 * 420, **given))
    steps = np.abs(np.diff(sound))
    own = steps[at - RATE // 5 : at].max()
    assert np.abs(sound[at - RATE // 100 : at]).max() > 5 * own  # what a cut would jump by
    assert steps[at:].max() < 1.5 * own
    is_silent = np.abs(sound[at + RATE // 10 :]).max() < 1e-4
    assert is_silent == (message["do"] == "stop")
