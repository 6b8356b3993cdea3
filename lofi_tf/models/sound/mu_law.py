"""Sound as classes: mu-law companding and a categorical head for single samples."""

import math

import tensorflow as tf

from lofi_tf.models.common.losses import Parts, sum_valid_steps
from lofi_tf.models.common.noise import draw_class
from lofi_tf.models.sound.sound_head import SoundHead
from lofi_tf.settings import Size


class MuLawHead(SoundHead):
    """Samples as one of the classes of their mu-law code (ITU-T G.711; WaveNet, section 2.2).

    Args:
        output_size: depth of a sample, 1.
        classes: levels of the code.
    """

    def __init__(self, output_size: int = 1, classes: Size = 256):
        super().__init__()
        self.output_size, self.noise_size = output_size, output_size
        self.parameter_size = self.classes = classes
        self.built = True

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the cross entropy in nats, [B], of logits [B, N, P] and samples [B, N, 1]."""
        codes = mu_law_encode(targets[..., 0], self.classes)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(codes, parameters)
        return {"cross_entropy": sum_valid_steps(nats, lengths)}

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        levels = mu_law_decode(tf.range(self.classes), self.classes)
        return tf.linalg.matvec(tf.nn.softmax(parameters), levels)[..., None]

    def sample(self, parameters: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draws samples [B, 1] of logits [B, P]; the likeliest class at temperature 0."""
        return mu_law_decode(draw_class(parameters, temperature, noise[:, 0]), self.classes)[
            :, None
        ]


def mu_law_encode(samples: tf.Tensor, classes: Size = 256) -> tf.Tensor:
    """Returns the codes, int32 in [0, classes), of samples in [-1, 1]."""
    mu = classes - 1.0
    squeezed = tf.sign(samples) * tf.math.log1p(mu * tf.abs(samples)) / math.log1p(mu)
    return tf.clip_by_value(
        tf.cast(tf.round((squeezed + 1.0) * 0.5 * mu), tf.int32), 0, classes - 1
    )


def mu_law_decode(codes: tf.Tensor, classes: Size = 256) -> tf.Tensor:
    """Returns the samples of codes."""
    mu = classes - 1.0
    squeezed = 2.0 * tf.cast(codes, tf.float32) / mu - 1.0
    return tf.sign(squeezed) * tf.math.expm1(tf.abs(squeezed) * math.log1p(mu)) / mu
