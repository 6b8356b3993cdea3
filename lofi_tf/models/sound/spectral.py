"""Sound compared by its magnitude spectra: a distance, and a head that learns by it."""

from collections.abc import Sequence

import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.common.losses import Parts
from lofi_tf.models.sound.sound_head import SoundHead
from lofi_tf.settings import Size

FFT_SIZES = (2048, 1024, 512, 256, 128)
FLOOR = 1e-3  # magnitude of white noise at -60 dB, below which a clip counts as silent


class SpectralHead(SoundHead):
    """Sound as it is, learnt by its spectra: the ear does not hear phases.

    Unlike the other heads it counts what follows a clip's length: that is silence, and z must tell
    where a sound ends.

    Args:
        output_size: channels of the sound, 1.
        sizes: samples of the windows of `spectral_distance`.
    """

    def __init__(self, output_size: int = 1, sizes: Sequence[Size] = FFT_SIZES):
        super().__init__()
        if output_size != 1:
            raise LofiError(f"multi_scale_spectral needs one channel. Received: {output_size}")
        self.output_size = self.parameter_size = output_size
        self.noise_size, self.sizes = 0, tuple(sizes)
        self.built = True

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        """Returns the sound, which the parameters are."""
        return parameters

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the distance of whole clips [B, N, 1], [B]."""
        distance = spectral_distance(targets[..., 0], parameters[..., 0], self.sizes)
        return {"spectral_distance": distance}

    def counts(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the energy of targets and errors, the number of values, and one, [B]."""
        values = {
            "energy": tf.square(targets),
            "error_energy": tf.square(targets - parameters),
            "values": tf.ones_like(targets),
        }
        sums = {name: tf.reduce_sum(value, axis=[1, 2]) for name, value in values.items()}
        return sums | {"clips": tf.ones_like(sums["values"])}

    def scalars(self, sums: Parts) -> Parts:
        """Returns the mean square error, the signal-to-noise ratio in dB and the mean distance."""
        distance = tf.math.divide_no_nan(sums["spectral_distance"], sums["clips"])
        return {**super().scalars(sums), "spectral_distance": distance}


def spectral_distance(
    sounds: tf.Tensor, others: tf.Tensor, sizes: Sequence[Size] = FFT_SIZES
) -> tf.Tensor:
    """Returns how far the magnitude spectra of `others` are from those of `sounds`, [B].

    For each window size: the norm of the difference over the norm of the spectra of `sounds`, and
    the mean absolute difference of the logarithms. The sum of these, as in Caillon & Esling 2021,
    "RAVE", after Engel et al. 2020, "DDSP" and Wang et al. 2019, "Neural Source-Filter Waveform
    Models".

    Args:
        sounds: waveforms [B, N].
        others: as many, as long.
        sizes: samples of the Hann windows, a quarter of which is the hop; longer ones than N are
            left out, but for the shortest.
    """
    fitting = [size for size in sizes if size <= sounds.shape[1]] or [min(sizes)]
    return tf.add_n([_distance(sounds, others, size) for size in fitting])


def _distance(sounds, others, size):
    one, other = magnitudes(sounds, size), magnitudes(others, size)
    norms = [_norm(one - other), _norm(one)]
    logs = tf.abs(tf.math.log(one + FLOOR) - tf.math.log(other + FLOOR))
    return norms[0] / (norms[1] + FLOOR) + tf.reduce_mean(logs, axis=[1, 2])


def magnitudes(sounds: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the magnitude spectra [B, frames, size / 2 + 1] of waveforms [B, N].

    They are scaled so that white noise has its own root mean square in each bin.
    """
    hop, window = size // 4, tf.signal.hann_window(size)
    sounds = tf.pad(sounds, [[0, 0], [size // 2, size // 2 + -sounds.shape[1] % hop]])
    blocks = tf.reshape(sounds, [-1, sounds.shape[1] // hop, hop])
    frames = blocks.shape[1] - 3
    overlapping = tf.concat([blocks[:, n : n + frames] for n in range(4)], axis=-1)
    return _magnitude(_spectra(overlapping * window, size)) / tf.norm(window)


def _spectra(frames, size):
    """Returns `tf.signal.rfft` of frames [B, F, size], with a gradient three times as fast."""

    @tf.custom_gradient
    def transform(frames):
        def gradient(upstream):
            twice = tf.concat([[1.0], tf.fill([size // 2 - 1], 0.5), [1.0]], axis=0)
            return size * tf.signal.irfft(upstream * tf.cast(twice, tf.complex64), [size])

        return tf.signal.rfft(frames), gradient

    return transform(frames)


def _magnitude(spectra):
    """Returns magnitudes whose gradient is finite at zero."""
    return tf.sqrt(tf.square(tf.math.real(spectra)) + tf.square(tf.math.imag(spectra)) + 1e-12)


def _norm(spectra):
    return tf.sqrt(tf.reduce_mean(tf.square(spectra), axis=[1, 2]) + 1e-12)
