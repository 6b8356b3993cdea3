"""Principal components of clips, and the measures that models are held against."""

import math

import numpy as np
import pytest

from lofi_tf.errors import LofiError
from lofi_tf.evaluation.pca_baseline import Errors, fit_pca


def clips(count=40, size=12, rank=3):
    random = np.random.default_rng(0)
    found = random.standard_normal([count, rank]) @ random.standard_normal([rank, size])
    return found.astype(np.float32) + 0.5


def test_as_many_components_as_rank_give_clips_back():
    wanted = clips()
    pca = fit_pca(np.split(wanted, 4), 3)
    np.testing.assert_allclose(pca.reconstruct(wanted), wanted, atol=1e-4)
    np.testing.assert_allclose(pca.components @ pca.components.T, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(pca.mean, wanted.mean(0), atol=1e-5)


def test_fewer_components_leave_the_least_error_that_is_possible():
    wanted = clips(rank=6)
    pca = fit_pca([wanted], 2)
    error = np.square(pca.reconstruct(wanted) - wanted).sum()
    # Eckart and Young: what the other singular values hold.
    left = np.linalg.svd(wanted - wanted.mean(0), compute_uv=False)[2:]
    assert error == pytest.approx(np.square(left).sum(), rel=1e-3)


@pytest.mark.parametrize(("count", "size"), [(0, 12), (13, 12), (2, 1 << 15)])
def test_components_that_do_not_fit_are_refused(count, size):
    with pytest.raises(LofiError, match="principal components do not fit"):
        fit_pca([np.zeros([2, size])], count)
    with pytest.raises(LofiError, match="need clips"):
        fit_pca([], 2)


def test_errors_count_valid_steps_alone():
    errors = Errors(floor_db=-100.0)
    clips = np.ones([2, 3, 4], np.float32)
    others = clips.copy()
    others[0, 0, :2] = 0.5  # a frame with errors of 50, 50, 0 and 0 dB
    others[1, 2] = 9.0  # beyond the clip's length
    errors.add(clips, others, np.array([3, 2]))
    found = errors.scalars()
    assert found["mse"] == pytest.approx(2 * 0.25 / 20)
    assert found["snr_db"] == pytest.approx(10 * math.log10(20 / 0.5))
    assert found["lsd_db"] == pytest.approx(50 * math.sqrt(0.5) / 5)
