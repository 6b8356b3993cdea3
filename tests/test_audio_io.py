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
