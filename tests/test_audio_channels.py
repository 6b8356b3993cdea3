"""Several channels become one, and none is lost where they cancel."""

import numpy as np
import pytest

from lofi_tf.audio.channels import blocks_with_channels, mono, mono_blocks
from tests.recordings import noise, tone


def stereo(left, right):
    return np.concatenate([left, right], axis=1)


@pytest.mark.parametrize("factor", [1.0, 0.5, 0.1, 0.0, -0.5])
def test_channels_are_averaged(factor):
    left = tone(440, 0.1)
    np.testing.assert_allclose(
        mono(stereo(left, factor * left)), (1 + factor) / 2 * left, atol=1e-7
    )


@pytest.mark.parametrize("factor", [-1.0, -0.95])
def test_channels_that_cancel_are_heard(factor):
    left = tone(440, 0.1)
    np.testing.assert_allclose(
        mono(stereo(left, factor * left)), (1 - factor) / 2 * left, atol=1e-7
    )


def test_a_recording_is_mixed_alike_from_begin_to_end():
    # Both channels agree for a short while late in a recording of which one is turned over.
    left = noise(40, rate=1000)
    right = -left
    right[30000:30500] = left[30000:30500]
    blocks = np.split(stereo(left, right), 80)
    quiet = [np.zeros([500, 2], np.float32)] * 3
    found = np.concatenate(list(mono_blocks(quiet + blocks)))[1500:]
    expected = left.copy()
    expected[30000:30500] = 0
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_silence_and_one_channel_stay():
    assert not mono(np.zeros([10, 2], np.float32)).any()
    one = tone(440, 0.1)
    np.testing.assert_array_equal(mono(one), one)
    assert not list(mono_blocks([]))
    (two,) = blocks_with_channels([one], 2)
    np.testing.assert_array_equal(two, one[:, [0, 0]])
