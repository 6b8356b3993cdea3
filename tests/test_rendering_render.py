"""A piece becomes a file: at its loudness, below its ceiling, the same each time."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from scipy.signal import lfilter

from lofi_tf.audio.io import write_wav
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.music.midi import write_midi
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.rendering.drum_kit import Kit, drum_of
from lofi_tf.rendering.render import render
from lofi_tf.rendering.settings import RenderSettings, load_preset, preset_names
from lofi_tf.rendering.track_events import role_of, track_events
from tests.soundfonts import add_part, sine, soundfont, zone
from tests.test_rendering_limiter import true_peak_db

PLAIN = RenderSettings(sample_rate=48000)


def band(seconds=4.0):
    """Returns drums, bass and chords at two chords a second."""
    sequence = NoteSequence()
    beats = np.arange(0, seconds, 0.5)
    kicks = [(36, 110, beat, beat + 0.1) for beat in beats[::2]]
    hats = [(42, 60, beat, beat + 0.1) for beat in beats]
    add_part(sequence, kicks + hats, "Drums", 0, is_drum=True)
    add_part(sequence, [(40, 90, beat, beat + 0.4) for beat in beats], "Bass", 1, 33)
    chords = [(pitch, 70, beat, beat + 0.9) for beat in beats[::2] for pitch in (60, 64, 67)]
    add_part(sequence, chords, "Chords", 2, 4)
    return sequence


def loudness_of(path):
    """Returns the integrated loudness of a file at 48 kHz: BS.1770-4 by its own tables."""
    samples, rate = soundfile.read(path, always_2d=True)
    assert rate == 48000
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    weighted = lfilter(shelf, [1, -1.69065929318241, 0.73248077421585], samples, axis=0)
    weighted = lfilter([1, -2, 1], [1, -1.99004745483398, 0.99007225036621], weighted, axis=0)
    power = (weighted**2).sum(axis=1)
    starts = range(0, len(power) - 19200 + 1, 4800)
    blocks = np.array([power[start : start + 19200].mean() for start in starts])
    level = -0.691 + 10 * np.log10(blocks + 1e-30)
    gate = -0.691 + 10 * np.log10(blocks[level > -70].mean()) - 10
    return -0.691 + 10 * np.log10(blocks[(level > -70) & (level > gate)].mean())


@pytest.mark.parametrize("preset", preset_names())
def test_presets_give_their_loudness_and_keep_the_ceiling(tmp_path, preset):
    settings = load_preset(preset).replace({"sample_rate": 48000})
    path = tmp_path / "track.wav"
    measured = render(band(), path, settings, seed=3)
    assert loudness_of(path) == pytest.approx(settings.loudness_lufs, abs=0.1)
    assert measured.loudness_lufs == pytest.approx(loudness_of(path), abs=0.05)
    samples, rate = soundfile.read(path)
    assert true_peak_db(samples.T, 8) <= settings.ceiling_db
    assert measured.true_peak_db == pytest.approx(true_peak_db(samples.T, 4), abs=0.1)
    assert measured.seconds == len(samples) / rate and 4 < measured.seconds < 12
    assert [file.name for file in tmp_path.iterdir()] == ["track.wav"]


def test_loud_targets_are_limited(tmp_path):
    loud = PLAIN.replace({"loudness_lufs": -10, "gain_db": {"drums": 6}})
    measured = render(band(), tmp_path / "a.wav", loud)
    samples, _ = soundfile.read(tmp_path / "a.wav")
    assert -1.5 < true_peak_db(samples.T, 8) <= -1
    assert loudness_of(tmp_path / "a.wav") == pytest.approx(measured.loudness_lufs, abs=0.05)
    assert measured.loudness_lufs == pytest.approx(-10, abs=0.2)
    with pytest.warns(LofiWarning, match="leaves no more than"):
        render(band(), tmp_path / "a.wav", loud.replace({"loudness_lufs": -5}))


@pytest.mark.parametrize("preset", ["vinyl", "cassette"])
def test_samples_depend_on_the_seed_and_on_no_block(tmp_path, preset):
    found = []
    for number, (seed, size) in enumerate(((1, 32768), (1, 5000), (2, 32768))):
        path = tmp_path / f"{number}.wav"
        render(band(2.0), path, preset, seed, block_size=size)
        found.append(path.read_bytes())
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("name", "kind", "subtype"),
    [("a.wav", "WAV", "PCM_24"), ("a.flac", "FLAC", "PCM_24"), ("a.OGG", "OGG", "VORBIS")],
)
def test_files_are_what_their_ending_says(tmp_path, name, kind, subtype):
    write_midi(band(1.0), tmp_path / "a.mid")
    measured = render(tmp_path / "a.mid", tmp_path / "new" / name, "clean")
    info = soundfile.info(tmp_path / "new" / name)
    assert (info.format, info.subtype, info.channels) == (kind, subtype, 2)
    assert info.frames / info.samplerate == pytest.approx(measured.seconds, abs=1e-4)


def stems_of(tmp_path, sequence, settings, **how):
    measured = render(sequence, tmp_path / "a.wav", settings, stems_dir=tmp_path / "stems", **how)
    names = [path.stem.partition("-")[2] for path in measured.stems]
    return dict(zip(names, (soundfile.read(path)[0] for path in measured.stems), strict=True))


def test_stems_add_up_to_the_mix(tmp_path):
    settings = PLAIN.replace({"room_db": {"chords": -6}, "duck_db": {"bass": 6}})
    stems = stems_of(tmp_path, band(2.0), settings)
    assert list(stems) == ["Drums", "Bass", "Chords", "room"]
    whole, _ = soundfile.read(tmp_path / "a.wav")
    total = sum(stems.values())
    factor = np.vdot(total, whole) / np.vdot(total, total)  # the loudness
    fade = 480  # samples, of the file alone
    np.testing.assert_allclose(whole[:-fade], factor * total[:-fade], atol=2e-5)


def test_parts_have_their_level_place_and_send(tmp_path):
    plain = stems_of(tmp_path, band(1.0), PLAIN)
    moved = {
        "gain_db": {"bass": -6.0206, "all": 6.0206},
        "pan": {"chords": -1},
        "room_db": {"drums": 0},
    }
    changed = stems_of(tmp_path, band(1.0), PLAIN.replace(moved))
    count = len(plain["Bass"])
    np.testing.assert_allclose(changed["Bass"][:count], plain["Bass"] / 2, atol=1e-6)
    np.testing.assert_allclose(changed["Drums"][:count], plain["Drums"] * 2, atol=1e-5)
    assert not changed["Chords"][:, 1].any() and changed["Chords"][:, 0].any()
    only_drums = stems_of(tmp_path, band(1.0), PLAIN.replace({"room_db": {"drums": 0}}))
    np.testing.assert_allclose(changed["room"], 2 * only_drums["room"], atol=1e-5)


def test_ducked_parts_give_way_at_the_kick_alone(tmp_path):
    plain = stems_of(tmp_path, band(2.0), PLAIN)
    ducked = stems_of(tmp_path, band(2.0), PLAIN.replace({"duck_db": {"chords": 12}}))
    np.testing.assert_array_equal(ducked["Bass"][:96000], plain["Bass"][:96000])
    start, loud = 48000, np.abs(plain["Chords"][:, 0]) > 1e-3  # a kick of velocity 110
    count = min(map(len, (ducked["Chords"], loud)))
    plain, ducked, loud = plain["Chords"][:count, 0], ducked["Chords"][:count, 0], loud[:count]
    ratio = np.where(loud, ducked / np.where(loud, plain, 1), np.nan)
    deepest = 20 * np.log10(np.nanmin(ratio[start : start + 4800]))
    assert deepest == pytest.approx(-12 * 110 / 127, abs=0.05)
    assert np.nanmax(np.abs(ratio[start + 15000 : start + 20000] - 1)) < 1e-3


def test_velocities_matter(tmp_path):
    levels = []
    for velocity in (30, 60, 120):
        sequence = NoteSequence()
        add_part(sequence, [(60, velocity, 0, 1)], "Piano")
        sound = stems_of(tmp_path, sequence, PLAIN)["Piano"]
        levels.append(20 * np.log10(np.abs(sound).max()))
    # 40 dB a decade; a SoundFont may have other samples for other velocities.
    assert np.diff(levels) == pytest.approx([12.04, 12.04], abs=1.5)


def test_a_soundfont_of_ones_own(tmp_path):
    path = tmp_path / "sine.sf2"
    path.write_bytes(soundfont([sine(440, 48000)], [zone(0, mode=1)]))
    sequence = NoteSequence()
    add_part(sequence, [(69, 100, 0, 2)])
    stems = stems_of(tmp_path, sequence, PLAIN, soundfont=path)
    spectrum = np.abs(np.fft.rfft(stems["other"][:48000, 0]))
    assert spectrum.argmax() == 440 and spectrum[430:450].sum() > 0.95 * spectrum.sum()


def test_hits_of_a_kit_take_the_place_of_the_soundfonts(tmp_path):
    kit = tmp_path / "kit"
    tone = np.sin(2 * np.pi * 100 * np.arange(4410) / 44100).astype(np.float32)
    (kit / "bd").mkdir(parents=True)
    write_wav(kit / "bd" / "boom.wav", tone, 44100)
    sequence = NoteSequence()
    add_part(sequence, [(36, 127, 0, 0.1), (35, 64, 0.5, 0.6)], "Drums", is_drum=True)
    quiet = PLAIN.replace({"gain_db": {"drums": 4.1524}})  # General MIDI's volume of 100
    sound = stems_of(tmp_path, sequence, quiet, drum_kit=kit)["Drums"]
    expected = soxr.resample(tone, 44100, 48000, "HQ")
    np.testing.assert_allclose(sound[: len(expected), 0], expected, atol=1e-4)
    second = sound[24000 : 24000 + len(expected), 0]
    np.testing.assert_allclose(second, expected * (64 / 127) ** 2, atol=1e-4)
    sequence.notes[1].pitch = 38  # which the kit lacks
    other = stems_of(tmp_path, sequence, quiet, drum_kit=kit)["Drums"]
    np.testing.assert_array_equal(other[:20000], sound[:20000])
    assert np.abs(other[24000:]).max() > 0.01


@pytest.mark.parametrize(
    ("name", "pitches"),
    [
        ("bd.wav", (36, 35)),
        ("kit/sd/10_sd_mot4i.wav", (38, 40)),
        ("kit/hh/soft.wav", (42, 44)),
        ("Kick 3.wav", (36, 35)),
        ("808 open-hat 2.flac", (46,)),
        ("51.wav", (51,)),
        ("50_high.wav", (50,)),
        ("vocals.wav", ()),
    ],
)
def test_names_say_the_drum(name, pitches):
    assert drum_of(Path(name)) == pitches


def test_the_seed_draws_among_hits(tmp_path):
    for number in range(5):
        write_wav(tmp_path / f"sd{number}.wav", np.full(100, 0.1 * (number + 1)), 44100)
    levels = [
        float(np.abs(hit_of(Kit(tmp_path, 44100, seed))).max().round(3)) for seed in range(20)
    ]
    assert len(set(levels)) == 5
    assert levels[0] == float(np.abs(hit_of(Kit(tmp_path, 44100, 0))).max().round(3))


def hit_of(kit):
    out = np.zeros([2, 100], np.float32)
    kit.hit(38, 127, 0).add_to(out, 0)
    return out


def test_roles_come_from_drums_names_and_programs():
    assert [
        role_of(*track) for track in (("", 0, True), ("Lead", 0, False), ("Upright Bass", 0, 0))
    ] == ["drums", "melody", "bass"]
    assert [role_of("", 33, False), role_of("", 4, False)] == ["bass", "other"]
    sequence = band(1.0)
    add_part(sequence, [(60, 80, 0, 1)], "Chords", 5, 11)
    assert [part.name for part in track_events(sequence, 44100)][-2:] == ["Chords", "Chords 2"]


@pytest.mark.parametrize(
    ("output", "how", "message"),
    [
        ("a.mp3", {}, "must end in .wav, .flac, .ogg"),
        ("a.wav", {"preset": "tap"}, "Did you mean 'tape'"),
        ("a.wav", {"values": {"lowpas_hz": 3}}, "Did you mean 'lowpass_hz'"),
        ("a.wav", {"values": {"lowpass_hz": 1}}, "a number, 100 to 20000, or off"),
        ("a.wav", {"values": {"gain_db": {"drum": 1}}}, "Did you mean 'drums'"),
        ("a.wav", {"soundfont": "none.sf2"}, "cannot read the SoundFont"),
        ("a.wav", {"drum_kit": "none"}, "a drum kit is a folder"),
        ("a.wav", {"block_size": 0}, "block_size must be"),
        ("a.wav", {"seed": -1}, "seed must be a whole number of at least 0"),
        ("02-Bass.wav", {"stems_dir": "."}, "a stem would overwrite the track"),
    ],
)
def test_what_cannot_be_rendered_is_one_line(tmp_path, output, how, message):
    with pytest.raises(LofiError, match=message):
        if "stems_dir" in how:
            how = {"stems_dir": tmp_path / how["stems_dir"]}
        render(band(1.0), tmp_path / output, **{"preset": "clean", **how})
    assert not list(tmp_path.iterdir())


def test_music_without_notes_or_of_another_kind_is_one_line(tmp_path):
    with pytest.raises(LofiError, match="no notes"):
        render(NoteSequence(), tmp_path / "a.wav")
    with pytest.raises(LofiError, match="no such file"):
        render(tmp_path / "a.mid", tmp_path / "a.wav")
    with pytest.raises(LofiError, match="no music file by its ending"):
        render(tmp_path / "a.wav", tmp_path / "b.wav")


def test_presets_of_ones_own_and_what_is_off(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("lowpass_hz: 4000\nhiss_db: off\ngain_db: {Lead Synth: 2}\n")
    settings = load_preset(path)
    assert settings.lowpass_hz == 4000 and settings.hiss_db is None
    assert settings.gain_db == {"lead synth": 2}
    assert settings.replace({"gain_db": {"bass": 1}}).gain_db == {"lead synth": 2, "bass": 1}
    path.write_text("lowpass: 4000\n")
    with pytest.raises(LofiError, match="mine.yaml: unknown setting. Did you mean 'lowpass_hz'"):
        load_preset(path)


def test_progress_tells_the_seconds(tmp_path):
    told = []
    how = {"block_size": 10000, "progress": lambda *seconds: told.append(seconds)}
    render(band(3.0), tmp_path / "a.wav", PLAIN, **how)
    assert told[0] == (0, 4) and told[-1] == (3, 4)  # two bars
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("sample_rate", [8000, 96000])
def test_other_rates(tmp_path, sample_rate):
    values = {"sample_rate": sample_rate}
    measured = render(band(1.0), tmp_path / "a.wav", "vinyl", values=values)
    assert soundfile.info(tmp_path / "a.wav").samplerate == sample_rate
    assert measured.loudness_lufs == pytest.approx(-16, abs=0.1)


def test_damaged_hits_are_named(tmp_path):
    (tmp_path / "bd.wav").write_bytes(b"RIFFnoise")
    with pytest.raises(LofiError, match="bd.wav: the content is no audio"):
        render(band(1.0), tmp_path / "a.wav", PLAIN, drum_kit=tmp_path)
