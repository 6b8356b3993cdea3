import struct
import time

import numpy as np
import pytest
import soundfile

from lofi_tf.audio import io
from lofi_tf.errors import LofiError, NotConvertible
from tests.recordings import KINDS, tone, write


@pytest.mark.parametrize("ending", KINDS)
def test_read_blocks_gives_what_was_written(ending, tmp_path):
    samples = tone(440, 1.5, channels=2)
    path = write(tmp_path / f"a.{ending}", samples)
    info = io.probe(path)
    assert (info.sample_rate, info.channels, info.num_samples) == (44100, 2, len(samples))
    assert info.seconds == 1.5
    blocks = list(io.read_blocks(path, block_size=10000))
    assert max(map(len, blocks)) == 10000
    assert all(block.dtype == np.float32 for block in blocks)
    found = np.concatenate(blocks)
    lossy = ending in ("ogg", "mp3")
    assert found.shape == samples.shape
    assert np.abs(found - samples)[4000:-4000].max() < (0.02 if lossy else 1 / 32768)


def test_kind_is_that_of_the_content(tmp_path):
    path = write(tmp_path / "a.flac", tone(440, 0.1)).rename(tmp_path / "b.wav")
    assert io.probe(path).kind == "FLAC"


def test_a_wav_file_from_a_pipe_is_whole(tmp_path):
    path = write(tmp_path / "a.wav", tone(440, 0.1))
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(data)
    whole = np.concatenate(list(io.read_blocks(path)))
    np.testing.assert_allclose(whole, tone(440, 0.1), atol=1 / 32768)


@pytest.mark.parametrize("promised", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000 - 44, 0xFFFFFFFF])
@pytest.mark.parametrize("last", [b"", b"\x01"])
def test_wav_files_of_unknown_length_are_whole(tmp_path, promised, last):
    data = bytearray(write(tmp_path / "a.wav", tone(440, 0.1)).read_bytes())
    data[4:8] = struct.pack("<I", min(promised + 36, 0xFFFFFFFF))
    data[40:44] = struct.pack("<I", promised)
    (tmp_path / "a.wav").write_bytes(data + last)  # half a sample, where the pipe broke
    found = io.read_audio(tmp_path / "a.wav").samples
    np.testing.assert_allclose(found, tone(440, 0.1), atol=1 / 32768)
    assert io.probe(tmp_path / "a.wav").num_samples == 4410


def test_a_wav_file_of_no_samples_and_other_chunks_stays_empty(tmp_path):
    data = write(tmp_path / "a.wav", np.zeros([0, 1])).read_bytes()
    (tmp_path / "a.wav").write_bytes(data + b"LIST" + struct.pack("<I", 4) + b"INFO")
    with pytest.raises(NotConvertible, match="no samples"):
        io.probe(tmp_path / "a.wav")


def test_a_flac_file_of_unknown_length_is_whole(tmp_path):
    data = bytearray(write(tmp_path / "a.flac", tone(440, 0.5)).read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)  # STREAMINFO: its 36 bits of a total of 0
    (tmp_path / "a.flac").write_bytes(data)
    assert io.probe(tmp_path / "a.flac").num_samples == 22050
    found = io.read_audio(tmp_path / "a.flac").samples
    np.testing.assert_allclose(found, tone(440, 0.5), atol=1 / 32768)


PLAIN_FORMAT = struct.pack("<HHIIHH", 0x55, 1, 44100, 16000, 1, 0)
EXTENSIBLE = struct.pack("<HHIIHHHHIH", 0xFFFE, 1, 44100, 16000, 1, 0, 22, 0, 0, 0x55)
FORMATS = {
    "of MP3": PLAIN_FORMAT + struct.pack("<HHIHHH", 12, 1, 2, 417, 1, 1393),
    "without an extension": PLAIN_FORMAT + bytes(2),
    "extensible": EXTENSIBLE + bytes.fromhex("000000001000800000aa00389b71"),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", [None, 0, 0x7FFFF000, 0xFFFFFFFF])
def test_mp3_in_a_wav_file_is_read(tmp_path, form, size):
    mp3 = write(tmp_path / "a.mp3", tone(440, 0.5)).read_bytes()
    expected = io.read_audio(tmp_path / "a.mp3").samples
    body = b"WAVEfmt " + struct.pack("<I", len(FORMATS[form])) + FORMATS[form]
    body += b"data" + struct.pack("<I", len(mp3) if size is None else size) + mp3
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert io.probe(tmp_path / "a.wav").kind == "MP3"
    np.testing.assert_array_equal(io.read_audio(tmp_path / "a.wav").samples, expected)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_all_streams_of_a_chained_ogg_file_are_read(tmp_path, subtype):
    parts, rate = [tone(hz, 0.5, rate=48000) for hz in (440, 880, 220)], 48000
    data = b""
    for part in parts:
        soundfile.write(tmp_path / "b.ogg", part, rate, subtype, format="OGG")
        data += (tmp_path / "b.ogg").read_bytes()
    (tmp_path / "a.ogg").write_bytes(data)
    assert io.probe(tmp_path / "a.ogg").num_samples == 3 * 24000
    found = np.concatenate(list(io.read_blocks(tmp_path / "a.ogg", 7000)))
    expected = np.concatenate(parts)
    assert found.shape == expected.shape
    error = np.abs(found - expected).reshape(3, -1)[:, 2000:-2000]
    assert error.max() < 0.05


def test_streams_of_two_rates_are_refused(tmp_path):
    data = b""
    for rate in (44100, 22050):
        data += write(tmp_path / "b.ogg", tone(440, 0.2, rate), rate).read_bytes()
    (tmp_path / "a.ogg").write_bytes(data)
    with pytest.raises(NotConvertible, match="22050 Hz with 1, 44100 Hz with 1") as refused:
        io.probe(tmp_path / "a.ogg")
    assert refused.value.rule == "mixed_streams"


@pytest.mark.parametrize(
    ("ending", "harm", "rule"),
    [
        ("wav", lambda data: b"", "empty_file"),
        ("mp3", lambda data: b"no audio at all\n" * 99, "not_audio"),
        ("wav", lambda data: data[:44], "truncated"),
        ("wav", lambda data: data[: len(data) // 2], "truncated"),
        ("aiff", lambda data: data[: len(data) // 2], "truncated"),
        ("flac", lambda data: data[: len(data) // 2], "damaged"),
        ("ogg", lambda data: data[: len(data) // 2], "truncated"),
        ("ogg", lambda data: data[:-1], "truncated"),
        ("mp3", lambda data: data[: len(data) // 2], "truncated"),
        ("mp3", lambda data: data[: len(data) // 2] + bytes(9000) + data[-9000:], "damaged"),
    ],
)
def test_damaged_files_are_refused_by_rule(ending, harm, rule, tmp_path, capfd):
    random = np.random.default_rng(0).uniform(-0.5, 0.5, [3 * 44100, 1])
    path = write(tmp_path / f"a.{ending}", random)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(NotConvertible) as refused:
        list(io.read_blocks(path))
    assert refused.value.rule == rule


def test_files_without_samples_are_refused(tmp_path):
    path = write(tmp_path / "a.wav", np.zeros([0, 1]))
    with pytest.raises(NotConvertible, match="no samples") as refused:
        io.probe(path)
    assert refused.value.rule == "no_samples"


def test_samples_that_are_no_numbers_are_refused(tmp_path):
    samples = tone(440, 1)
    samples[30000] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, 44100, subtype="FLOAT")
    with pytest.raises(NotConvertible, match="Received: nan at 0.68 s") as refused:
        list(io.read_blocks(tmp_path / "a.wav"))
    assert refused.value.rule == "not_finite"


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere.wav"):
        with pytest.raises(NotConvertible) as refused:
            io.probe(path)
        assert refused.value.rule == "unreadable"
    with pytest.raises(NotConvertible, match="it is a folder"):
        io.probe(tmp_path)


@pytest.mark.parametrize(("sample_type", "error"), [("float32", 0), ("int16", 0.5 / 32768)])
def test_write_wav_comes_back(sample_type, error, tmp_path):
    samples = tone(300, 0.2, rate=3000, channels=2)
    io.write_wav(tmp_path / "a.wav", samples, 3000, sample_type)
    audio = io.read_audio(tmp_path / "a.wav")
    assert (audio.sample_rate, audio.name) == (3000, "a.wav")
    assert audio.samples.shape == samples.shape
    assert np.abs(audio.samples - samples).max() <= error


def test_write_wav_writes_the_same_bytes_a_second_later(tmp_path):
    for name in ("a.wav", "b.wav"):
        io.write_wav(tmp_path / name, tone(300, 0.1), 3000)
        time.sleep(1.1 if name == "a.wav" else 0)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_write_wav_refuses_other_types(tmp_path):
    with pytest.raises(LofiError, match="Allowed: int16, float32. Received: 'int8'"):
        io.write_wav(tmp_path / "a.wav", tone(1, 1), 8, "int8")


def test_write_wav_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    io.write_wav(tmp_path / "a.wav", tone(300, 0.1), 3000)
    before = (tmp_path / "a.wav").read_bytes()

    def fail(writer, samples):
        raise OSError("disk full")

    monkeypatch.setattr(io.WavWriter, "write", fail)
    with pytest.raises(OSError, match="disk full"):
        io.write_wav(tmp_path / "a.wav", tone(500, 0.1), 3000)
    assert (tmp_path / "a.wav").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_quantized_is_the_inverse_of_unquantized():
    every = np.arange(-32768, 32768).astype(np.int16)
    np.testing.assert_array_equal(io.quantized(io.unquantized(every)), every)


def test_quantized_takes_the_nearest():
    given = [1.5, 1.0, -1.0, -7.0, 0.4 / 32768, 0.6 / 32768]
    assert io.quantized(np.array(given)).tolist() == [32767, 32767, -32768, -32768, 0, 1]
