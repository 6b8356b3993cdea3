"""WAV files by their specifications, read back here by hand and by libsndfile."""

import io
import struct

import numpy as np
import pytest
import soundfile

from lofi_tf.audio.wav import About, Loop, WavWriter
from tests.recordings import tone

ABOUT = About("Bässe 🎸", "90 quarter notes a minute", Loop(8, 90.0, 4, 4, 9))


def written(samples, subtype, about=ABOUT, rate=44100):
    file = io.BytesIO()
    with WavWriter(file, rate, samples.shape[1], subtype, about) as writer:
        for first in range(0, len(samples), 700):
            writer.write(samples[first : first + 700])
    return file.getvalue()


def chunks_of(data):
    """Returns the chunks of a RIFF file by name, and checks that they fill it."""
    kind, size, form = struct.unpack_from("<4sI4s", data)
    assert (kind, form, size) == (b"RIFF", b"WAVE", len(data) - 8)
    found, at = {}, 12
    while at < len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        found[name.decode()] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert at == len(data)
    return found


@pytest.mark.parametrize(
    ("subtype", "channels", "error"),
    [("PCM_24", 2, 2**-24), ("PCM_16", 1, 2**-16), ("FLOAT", 2, 0)],
)
def test_samples_come_back(subtype, channels, error):
    samples = tone(440, 0.05, channels=channels)[:2001]  # an odd number
    data = written(samples, subtype)
    found, rate = soundfile.read(io.BytesIO(data), always_2d=True)
    assert rate == 44100 and np.abs(found - samples).max() <= error
    assert soundfile.info(io.BytesIO(data)).subtype == subtype


def test_the_head_of_a_float_file_is_whole():
    chunks = chunks_of(written(tone(440, 0.01, channels=2), "FLOAT"))
    rate, frame = 44100, 8
    assert chunks["fmt "] == struct.pack("<HHIIHHH", 3, 2, rate, rate * frame, frame, 32, 0)
    assert chunks["fact"] == struct.pack("<I", 441)


def test_a_loop_says_its_end_tempo_metre_and_root():
    chunks = chunks_of(written(tone(440, 0.1), "PCM_24", rate=48000))
    sampler = struct.unpack("<15I", chunks["smpl"])
    assert sampler[2:4] == (20833, 69) and sampler[7:9] == (1, 0)  # ns a sample; A
    assert sampler[9:] == (0, 0, 0, 4409, 0, 0)  # forwards, from the first sample to the last
    flags, root, _, _, beats, below, above, qpm = struct.unpack("<IHHfIHHf", chunks["acid"])
    assert (flags & 1, flags & 2, root, beats, above, below, qpm) == (0, 2, 69, 8, 4, 4, 90.0)


def test_the_title_is_told_in_every_way():
    data = written(tone(440, 0.01), "PCM_24")
    chunks = chunks_of(data)
    description, originator = struct.unpack_from("<256s32s", chunks["bext"])
    expected = "Bässe 🎸. 90 quarter notes a minute"
    assert description.rstrip(b"\0").decode() == expected
    assert originator.rstrip(b"\0") == b"lofi_tf" and len(chunks["bext"]) == 602
    assert not any(chunks["bext"][288 + 32 : 288 + 32 + 26])  # no date, no time; reference 0
    assert struct.unpack_from("<H", chunks["bext"], 346) == (1,)  # the version
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert file.title == "Bässe 🎸" and "bext" in file.extra_info


def test_long_titles_are_cut_between_characters():
    description = chunks_of(written(tone(1, 0.01), "PCM_16", About("ä" * 200)))["bext"][:256]
    assert description.decode() == "ä" * 128


def test_files_that_are_no_loops_say_nothing_of_one():
    assert list(chunks_of(written(tone(1, 0.01), "PCM_16", About()))) == [
        "bext",
        "fmt ",
        "LIST",
        "data",
    ]


@pytest.mark.parametrize("count", [100, 441, 1000])
def test_files_can_be_cut_and_lengthened(count):
    file, samples = io.BytesIO(), tone(440, 0.01, channels=2)
    with WavWriter(file, 44100, 2, "FLOAT") as writer:
        writer.write(samples)
        writer.resize(count)
    chunks_of(file.getvalue())
    found, _ = soundfile.read(io.BytesIO(file.getvalue()))
    expected = np.pad(samples, ((0, 600), (0, 0)))[:count]
    np.testing.assert_array_equal(found, expected)
