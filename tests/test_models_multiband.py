"""The filter bank, networks over its bands, and the distance of spectra."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.layers.pqmf import PQMF
from lofi_tf.models.sound.multiband import FrameLatent, MultibandEncoder, MultibandGenerator
from lofi_tf.models.sound.spectral import SpectralHead, magnitudes, spectral_distance

TINY = {"num_bands": 4, "strides": [2, 2], "channels": [4, 6], "dilations": [1, 2]}


def noise(size: int, seed: int = 0) -> tf.Tensor:
    return tf.random.stateless_normal([2, size], [seed, 1])


def decibels(ratio: float) -> float:
    return 10 * np.log10(ratio)


@pytest.mark.parametrize("num_bands", [4, 8, 16])
def test_synthesis_gives_back_what_was_analysed(num_bands):
    bank, sounds = PQMF(num_bands), noise(4096)
    bands = bank.analysis(sounds)
    assert bands.shape == (2, 4096 // num_bands, num_bands)
    inside = slice(16 * num_bands, -16 * num_bands)  # beyond the ends there is nothing to add up
    sounds, back = sounds.numpy()[:, inside], bank.synthesis(bands).numpy()[:, inside]
    errors = back - sounds
    assert decibels(np.sum(sounds**2) / np.sum(errors**2)) > 60
    energy = tf.reduce_sum(tf.square(bands)) / tf.reduce_sum(tf.square(noise(4096)))
    np.testing.assert_allclose(energy, 1.0, rtol=0.01)


@pytest.mark.parametrize("band", [0, 3, 7])
def test_a_sine_lands_in_its_band(band):
    cycles = (band + 0.5) / 16  # a sample; the middle of the band, of half the rate
    sine = np.sin(2 * np.pi * cycles * np.arange(4096))[None].astype(np.float32)
    energy = np.sum(np.square(PQMF(8).analysis(sine)[0, 20:-20]), axis=0)
    others = np.delete(energy, band)
    assert decibels(energy[band] / max(others)) > 60


def test_magnitudes_of_white_noise_are_its_own():
    for size in (64, 256):
        found = magnitudes(0.3 * noise(20000), size)[:, 8:-8, 2:-2]
        np.testing.assert_allclose(np.sqrt(np.mean(np.square(found))), 0.3, rtol=0.03)


def test_spectral_distance_is_zero_for_equals_alone():
    sounds = noise(1000)
    sizes = (128, 64)
    assert np.abs(spectral_distance(sounds, sounds, sizes)).max() < 1e-3
    assert np.abs(spectral_distance(sounds, -sounds, sizes)).max() < 1e-3  # phases do not count
    near = spectral_distance(sounds, 1.1 * sounds, sizes).numpy()
    far = spectral_distance(sounds, noise(1000, 5), sizes).numpy()
    assert (near > 0.1).all()
    assert (far > near).all()
    # Half as loud: half the norm, and log 2, at each of two sizes.
    halved = spectral_distance(sounds, 0.5 * sounds, sizes)
    np.testing.assert_allclose(halved, [2 * (0.5 + np.log(2))] * 2, rtol=0.01)


def test_gradient_of_spectra_is_that_of_their_differences():
    sounds, way = noise(300), noise(300, 7)
    weights = tf.random.stateless_normal([2, 20, 33], [4, 2])  # quadratic: differences are exact

    def value(sounds):
        return tf.reduce_sum(tf.square(magnitudes(sounds, 64)) * weights)

    with tf.GradientTape() as tape:
        tape.watch(sounds)
        found = value(sounds)
    slope = tf.reduce_sum(tape.gradient(found, sounds) * way)
    differences = (value(sounds + 0.5 * way) - value(sounds - 0.5 * way)) / 1.0
    np.testing.assert_allclose(slope, differences, rtol=1e-3)


def test_head_counts_the_silence_after_a_clip():
    head, clips = SpectralHead(sizes=(64,)), noise(256)[..., None] * 0.1
    silent = tf.concat([clips[:, :128], tf.zeros([2, 128, 1])], axis=1)
    lengths = tf.constant([128, 128])
    assert (head.losses(clips, silent, lengths)["spectral_distance"].numpy() > 0.5).all()
    parts = head.losses(silent, silent, lengths) | head.counts(silent, silent, lengths)
    sums = {name: tf.reduce_sum(value) for name, value in parts.items()}
    found = head.scalars(sums)
    assert abs(float(found["spectral_distance"])) < 1e-3
    assert float(found["mse"]) == 0


@pytest.mark.parametrize("steps", [64, 100])
def test_networks_keep_the_length_and_z_goes_along_in_time(steps):
    encoder = MultibandEncoder(steps, 1, **TINY)
    frames = -(-steps // 16)
    assert encoder.num_frames == frames
    latent = FrameLatent(encoder.output_size, 3 * frames, frames)
    z = latent(encoder(noise(steps)[..., None])).mean()
    assert z.shape == (2, 3 * frames)
    assert MultibandGenerator(steps, 1, 3 * frames, **TINY)(z).shape == (2, steps, 1)


def test_numbers_of_a_frame_are_heard_around_it():
    generator = MultibandGenerator(1600, 1, 300, **TINY)
    for variable in generator.trainable_variables:
        if len(variable.shape) > 1:
            variable.assign(
                0.3 * tf.random.stateless_normal(variable.shape, [len(variable.path), 2])
            )
    z = noise(300)
    other = tf.concat([z[:, :150], z[:, 150:153] + 3.0, z[:, 153:]], axis=1)  # frame 50
    change = np.abs(generator(other) - generator(z))[0, :, 0]
    assert change[800:816].max() > 1e-4
    assert change[:500].max() == 0
    assert change[1100:].max() == 0


def test_latent_numbers_must_fit_the_frames():
    with pytest.raises(LofiError, match="multiple of the 4 frames"):
        FrameLatent(24, 10, 4)
    with pytest.raises(LofiError, match="one channel"):
        MultibandEncoder(64, 2, **TINY)
    with pytest.raises(LofiError, match="as many"):
        MultibandEncoder(64, 1, strides=[2], channels=[4, 6])
