import numpy as np
import pytest

from lofi_tf.audio.channels import with_channels
from lofi_tf.audio.clips import Cut, clips_of, resampled
from lofi_tf.errors import NotConvertible
from tests.recordings import blocks_of, clicks, noise, tone

RATES = (16000, 8000, 3000)


@pytest.mark.parametrize("source_rate", [44100, 48000, 22050, 16000, 96000])
def test_a_sine_stays_that_sine_at_every_rate(source_rate):
    cut = Cut(RATES, clip_seconds=0.5, hop_seconds=0.25)
    found = list(clips_of(blocks_of(tone(440, 3, source_rate)), source_rate, cut))
    assert len(found) == 11
    for clip in found[1:-1]:  # the filter rings where the sine begins and ends
        for rate, samples in clip.samples.items():
            seconds = 0.25 * clip.number + np.arange(rate // 2) / rate
            expected = 0.5 * np.sin(2 * np.pi * 440 * seconds)
            assert np.abs(samples[:, 0] - expected).max() < 1e-3


def test_what_a_rate_cannot_hold_is_filtered_out():
    found = resampled(tone(2000, 2), 44100, 3000)
    assert np.abs(found[300:-300]).max() < 1e-5  # -94 dB of 0.5


@pytest.mark.parametrize("source_rate", [44100, 48000, 11025])
def test_a_click_sits_at_its_time_at_every_rate(source_rate):
    times = [0.31, 1.234, 2.9]
    cut = Cut(RATES, clip_seconds=1.0, hop_seconds=1.0)
    found = list(clips_of(blocks_of(clicks(times, 3, source_rate)), source_rate, cut))
    for time, clip in zip(times, found, strict=True):
        for rate, samples in clip.samples.items():
            place = np.abs(samples[:, 0]).argmax()
            assert abs(place - round((time - clip.number) * rate)) <= 1


@pytest.mark.parametrize(
    ("num_samples", "clip_seconds", "hop_seconds", "expected"),
    [
        (44100, 1, 1, 1),
        (44099, 1, 1, 0),
        (44100 * 10, 2, 2, 5),
        (44100 * 10, 2, 0.5, 17),  # 0, 0.5, ..., 8
        (44100 * 10, 2, 3, 3),  # 0, 3, 6
        (44100 * 10 - 1, 2, 2, 4),
        (44100, 0.1, 0.1, 10),  # though 10 * 0.1 is no exact number
        (132300, 0.3, 0.1, 28),  # 0, 0.1, ..., 2.7
        (44100 * 600, 10, 60, 10),
    ],
)
def test_clips_are_as_many_as_fit(num_samples, clip_seconds, hop_seconds, expected):
    cut = Cut((3000,), clip_seconds, hop_seconds)
    blocks = blocks_of(np.zeros([num_samples, 1], np.float32), 65536)
    if not expected:
        with pytest.raises(NotConvertible, match="Received: 1.000 s") as refused:
            list(clips_of(blocks, 44100, cut))
        assert refused.value.rule == "too_short"
        return
    found = list(clips_of(blocks, 44100, cut))
    assert [clip.number for clip in found] == list(range(expected))
    assert {clip.samples[3000].shape for clip in found} == {(round(clip_seconds * 3000), 1)}


@pytest.mark.parametrize("size", [1, 7, 29995])
def test_clips_have_any_size(size):
    cut = Cut((3000,), size / 3000, size / 3000)
    samples = noise(3 * size / 3000, 3000)
    found = [clip.samples[3000] for clip in clips_of(blocks_of(samples, 999), 3000, cut)]
    np.testing.assert_array_equal(np.concatenate(found), samples)
    assert len(found) == 3


@pytest.mark.parametrize("hop_seconds", [0.1, 0.37, 1.0])
def test_clips_do_not_depend_on_the_blocks(hop_seconds):
    cut = Cut(RATES, 0.37, hop_seconds, channels=2)
    samples = np.repeat(noise(2.5, 44100), 2, 1)
    found = [list(clips_of(blocks_of(samples, size), 44100, cut)) for size in (501, 200000)]
    assert len(found[0]) == len(found[1]) > 2
    for one, other in zip(*found, strict=True):
        for rate in RATES:
            np.testing.assert_array_equal(one.samples[rate], other.samples[rate])


def test_pad_last_keeps_the_rest():
    cut = Cut((16000, 3000), 1, 1, pad_last=True)
    samples = noise(2.25)
    found = list(clips_of(blocks_of(samples), 16000, cut))
    assert [clip.lengths for clip in found] == [{16000: 16000, 3000: 3000}] * 2 + [
        {16000: 4000, 3000: 750}
    ]
    np.testing.assert_array_equal(found[2].samples[16000][:4000], samples[32000:])
    assert not found[2].samples[16000][4000:].any()
    assert not found[2].samples[3000][750:].any()


@pytest.mark.parametrize(
    ("seconds", "hop_seconds", "expected"),
    [
        (0.4, 1.0, [0.4]),  # shorter than a clip
        (2.0, 1.0, [1.0, 1.0]),  # nothing is left
        (1.5, 0.5, [1.0, 1.0]),  # what is left is in the clip before
        (1.75, 0.5, [1.0, 1.0, 0.75]),
        (1.5, 2.0, [1.0]),  # what is left lies before the next clip's begin
    ],
)
def test_pad_last_repeats_nothing(seconds, hop_seconds, expected):
    cut = Cut((16000,), 1, hop_seconds, pad_last=True)
    found = clips_of(blocks_of(noise(seconds)), 16000, cut)
    assert [clip.lengths[16000] / 16000 for clip in found] == expected


def test_with_channels():
    stereo = np.array([[0.5, -0.1], [0.2, 0.4]], np.float32)
    np.testing.assert_allclose(with_channels(stereo, 1), [[0.2], [0.3]], rtol=1e-6)
    np.testing.assert_array_equal(with_channels(stereo, 2), stereo)
    np.testing.assert_array_equal(with_channels(stereo[:, :1], 2), stereo[:, [0, 0]])
    with pytest.raises(NotConvertible, match="Received: 6"):
        with_channels(np.zeros([9, 6]), 2)
