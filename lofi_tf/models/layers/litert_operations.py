"""Functions that LiteRT lacks, or gets wrong where numbers are large: there, made of what it has.

What is traced for TensorFlow stays TensorFlow's, to the bit.
"""

import contextlib
import contextvars
import math
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

Pair = tuple[tf.Tensor, tf.Tensor]  # real and imaginary parts

_FOR_LITERT = contextvars.ContextVar("for_litert", default=False)


@contextlib.contextmanager
def for_litert() -> Iterator[None]:
    """What is traced inside is made of operations that LiteRT has."""
    token = _FOR_LITERT.set(True)
    try:
        yield
    finally:
        _FOR_LITERT.reset(token)


def is_for_litert() -> bool:
    """Says whether what is traced now is for LiteRT."""
    return _FOR_LITERT.get()


def softplus(values: tf.Tensor) -> tf.Tensor:
    """Returns log(1 + exp(x)); LiteRT's own is infinite above 88, and 0 below -17."""
    if not is_for_litert():
        return tf.nn.softplus(values)
    small = tf.exp(-tf.abs(values))
    share = small / (2.0 + small)  # log(1 + t) = 2 artanh(t / (2 + t)), whose series is short
    series = tf.zeros_like(share)
    for power in range(17, 0, -2):
        series = series * tf.square(share) + 1.0 / power
    return tf.maximum(values, 0.0) + 2.0 * share * series


def asinh(values: tf.Tensor) -> tf.Tensor:
    """Returns the inverse hyperbolic sine."""
    if not is_for_litert():
        return tf.asinh(values)
    size = tf.abs(values)
    return tf.sign(values) * tf.math.log(size + tf.sqrt(tf.square(size) + 1.0))


def acos(values: tf.Tensor) -> tf.Tensor:
    """Returns the angles of cosines in [-1, 1]."""
    if not is_for_litert():
        return tf.acos(values)
    return tf.atan2(tf.sqrt((1.0 - values) * (1.0 + values)), values)


def self_products(values: tf.Tensor, most: int) -> tf.Tensor:
    """Returns the products of rows [B, N] with themselves, 0 to `most` later, [B, most + 1].

    LiteRT knows the Fourier transforms of real numbers in powers of two, and no way back: the power
    of a spectrum is even, so that transforming it again is the way back.
    """
    if not is_for_litert():
        padded = [2 * tf.maximum(tf.shape(values)[1], most + 1)]
        spectrum = tf.signal.rfft(values, padded)
        return tf.signal.irfft(spectrum * tf.math.conj(spectrum), padded)[:, : most + 1]
    size = 1 << (values.shape[1] + most).bit_length()
    spectrum = tf.signal.rfft(values, [size])
    power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    whole = tf.concat([power, tf.reverse(power[:, 1:-1], [1])], axis=1)
    return tf.math.real(tf.signal.rfft(whole, [size]))[:, : most + 1] / size


def fourier_between(
    real: tf.Tensor, imaginary: tf.Tensor, before: np.ndarray, after: np.ndarray
) -> Pair:
    """Returns the Fourier transform of complex numbers, [..., N] each, between two rotations.

    LiteRT has none, so that it is two products, of the factors of N (Cooley & Tukey 1965).

    Args:
        real: parts of the numbers.
        imaginary: the same.
        before: what they are multiplied by, complex64 [N].
        after: what the transform is multiplied by, the same.
    """
    if not is_for_litert():
        found = tf.signal.fft(tf.complex(real, imaginary) * before) * after
        return tf.math.real(found), tf.math.imag(found)
    size, outer = real.shape[-1], tf.shape(real)
    rows = max(number for number in range(1, math.isqrt(size) + 1) if size % number == 0)
    columns = size // rows
    pair = _rotated((real, imaginary), before)
    pair = tuple(tf.reshape(part, [-1, rows, columns]) for part in pair)
    pair = _product(tf.matmul, _waves(rows, rows, rows), pair)
    pair = _rotated(pair, _waves(rows, columns, size))
    pair = _product(
        lambda wave, part: tf.tensordot(part, wave, axes=1), _waves(columns, columns, columns), pair
    )
    turned = np.arange(size).reshape(rows, columns).T.ravel()
    pair = tuple(tf.gather(tf.reshape(part, outer), turned, axis=-1) for part in pair)
    return _rotated(pair, after)


def _waves(rows: int, columns: int, period: int) -> np.ndarray:
    """Returns a turn backwards of the product of row and column for each period, [R, C]."""
    return np.exp(-2j * math.pi / period * np.outer(np.arange(rows), np.arange(columns)))


def _rotated(pair: Pair, by: np.ndarray) -> Pair:
    """Returns complex numbers times others, each with each."""
    (real, imaginary), (cosine, sine) = pair, _parts(by)
    return real * cosine - imaginary * sine, real * sine + imaginary * cosine


def _product(times: Callable[..., tf.Tensor], matrix: np.ndarray, pair: Pair) -> Pair:
    """Returns the product of a matrix and complex numbers, by that of real ones."""
    both = [[times(one, part) for one in _parts(matrix)] for part in pair]
    return both[0][0] - both[1][1], both[0][1] + both[1][0]


def _parts(values: np.ndarray) -> Pair:
    return tf.constant(values.real, tf.float32), tf.constant(values.imag, tf.float32)
