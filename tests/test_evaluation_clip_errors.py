"""How far clips are from what is decoded of them, against closed forms."""

import math

import numpy as np
import pytest

from lofi_tf.evaluation.clip_errors import ClipErrors
from lofi_tf.evaluation.reconstructing import Reconstruction


def test_errors_count_valid_steps_alone():
    errors = ClipErrors(floor_db=-100.0)
    clips = np.ones([2, 3, 4], np.float32)
    others = clips.copy()
    others[0, 0, :2] = 0.5  # a frame with errors of 50, 50, 0 and 0 dB
    others[1, 2] = 9.0  # beyond the clip's length
    view = {"targets": clips, "length": np.array([3, 2])}
    errors.add(Reconstruction(view, *[None] * 2, others, *[None] * 3))
    found = errors.scalars()
    assert found["mse"] == pytest.approx(2 * 0.25 / 20)
    assert found["snr_db"] == pytest.approx(10 * math.log10(20 / 0.5))
    assert found["lsd_db"] == pytest.approx(50 * math.sqrt(0.5) / 5)
