"""What LiteRT lacks, made of what it has: held against closed forms in float64."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.models.layers.litert_operations import (
    acos,
    asinh,
    for_litert,
    fourier_between,
    self_products,
    softplus,
)

DRAWS = np.random.default_rng(0)


def test_softplus_is_finite_and_right_to_six_digits():
    values = np.concatenate([np.linspace(-80, 200, 1000), [-1e4, -17.5, -16.7, 0.0, 88.8, 1e4]])
    with for_litert():
        found = softplus(tf.constant(values, tf.float32)).numpy()
    np.testing.assert_allclose(found, np.logaddexp(0.0, values), rtol=1e-5, atol=1e-40)


def test_asinh_and_acos_are_those_of_numpy():
    values = np.concatenate([np.linspace(-1, 1, 1001), [-1e-7, 1e-7, 0.9999999]])
    with for_litert():
        angles, sizes = (f(tf.constant(values, tf.float32)).numpy() for f in (acos, asinh))
        wide = asinh(tf.constant(1000 * values, tf.float32)).numpy()
    np.testing.assert_allclose(angles, np.arccos(values.astype(np.float32)), atol=1e-6)
    np.testing.assert_allclose(sizes, np.arcsinh(values), atol=1e-6)
    np.testing.assert_allclose(wide, np.arcsinh(1000 * values), atol=2e-6)


@pytest.mark.parametrize("size", [1, 7, 12, 400])
@pytest.mark.parametrize("outer", [(), (2, 3)])
def test_fourier_between_rotations_is_that_of_numpy(size, outer):
    values, before, after = (
        (DRAWS.normal(size=[*shape, size, 2]) @ [1, 1j]).astype(np.complex64)
        for shape in (outer, (), ())
    )
    with for_litert():
        real, imaginary = fourier_between(values.real, values.imag, before, after)
    found = real.numpy() + 1j * imaginary.numpy()
    expected = np.fft.fft(values * before) * after
    np.testing.assert_allclose(found, expected, atol=1e-5 * size)


@pytest.mark.parametrize("most", [0, 5, 30])
def test_self_products_are_those_of_what_overlaps(most):
    values = DRAWS.normal(size=[2, 20]).astype(np.float32)
    with for_litert():
        found = self_products(tf.constant(values), most).numpy()
    later = [np.pad(values, [[0, 0], [0, lag]])[:, lag:] for lag in range(most + 1)]
    expected = np.stack([np.sum(values * one, axis=1) for one in later], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-4)
