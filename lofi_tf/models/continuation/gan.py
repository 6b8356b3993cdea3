"""A continuation that is trained against a discriminator, which hears both sides of the cut."""

import keras
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.common.latent_model import Batch
from lofi_tf.models.continuation.model import Continuation
from lofi_tf.models.layers.lstm import fold
from lofi_tf.models.sound.adversarial import Adversarial, Pair
from lofi_tf.models.sound.mu_law import MuLawHead

QUIET = 1e-6  # energy of a sample, that of -60 dB: what is below is not made louder still


@keras.saving.register_keras_serializable(package="lofi_tf")
class ContinuationGAN(Adversarial, Continuation):
    """A `Continuation` whose own frames, fed by themselves, are to be taken for the true ones.

    After Deep LoFi Beats' `gan.py`: the discriminator judges what was heard and what follows as one
    sound, of any length. The generator's noise is z, of the prior; it still learns likelihood, so
    that it cannot forget what it has heard (Larsen et al. 2016, "Autoencoding beyond pixels using a
    learned similarity metric", where a VAE and a GAN share the generator).

    Raises:
        LofiError: a head that draws classes, through which no gradient goes.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if isinstance(self.decoder.head, MuLawHead):
            raise LofiError(
                "a continuation with a discriminator needs a head whose samples are no classes. "
                "Allowed: gaussian. Received: mu_law"
            )

    def pair_of(self, batch: Batch, outputs: None, seed: tf.Tensor | None) -> Pair:
        """Returns clips beside what the model makes of their begin.

        The cut is that of `losses_of`. What comes before it is the same in both, and is heard but
        not counted. Both are brought to the level at which the true one has an RMS of 1: recordings
        are of all levels, and a discriminator hears nothing in quiet ones.
        """
        before, after, lengths = self.cut(batch["inputs"], seed)
        states, _ = self.encode(before, lengths["before"])
        steps, size, width = self.num_frames - 1, tf.shape(before)[0], self.frames.frame_size
        key = tf.zeros([2], tf.int32) if seed is None else fold(seed, 9)
        z = tf.random.stateless_normal([size, self.settings.z_size], key)
        own, _, _ = self.continue_(
            states,
            self.last_frame(states, before, lengths["before"]),
            tf.repeat(z[None], steps, axis=0),
            tf.zeros([size]),
            tf.zeros([steps, size, width]),
        )
        first = lengths["before"] * width
        span = (first, first + lengths["after"] * width)
        real, fake = self._joined(before, after, lengths), self._joined(before, own, lengths)
        gain = tf.math.rsqrt(tf.reduce_mean(tf.square(real), axis=1, keepdims=True) + QUIET)
        return Pair(gain * real, gain * fake, span)

    def _joined(self, before, after, lengths):
        """Returns waveforms [B, F * frame]: frames before, frames after, and zeros."""
        places, begin = tf.range(self.num_frames)[None], lengths["before"][:, None]
        end = begin + lengths["after"][:, None]
        later = self.num_frames - 1 + places - begin
        source = tf.where(places < begin, places, tf.minimum(later, 2 * self.num_frames - 3))
        frames = tf.gather(tf.concat([before, after], axis=1), source, axis=1, batch_dims=1)
        frames = tf.where((places < end)[..., None], frames, 0.0)
        return tf.reshape(frames, [-1, self.num_frames * self.frames.frame_size])
