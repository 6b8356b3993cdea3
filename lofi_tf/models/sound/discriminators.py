"""Discriminators: how real waveforms are, in many places and at several rates, and vectors."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from lofi_tf.models.common.components import build_component
from lofi_tf.models.layers.dense import check_as_many, convolution, dense
from lofi_tf.models.layers.perceptron import Perceptron
from lofi_tf.models.sound.clip_nets import SLOPE
from lofi_tf.settings import Count, Size


class DiscriminatorOutput(NamedTuple):
    """What a discriminator finds in waveforms [B, N].

    Attributes:
        scores: at each rate [B, L]; place l looks at what is around sample l * N / L.
        features: of each layer at each rate, [B, T, C].
    """

    scores: list[tf.Tensor]
    features: list[tf.Tensor]


class MultiScaleDiscriminator(keras.layers.Layer):
    """Strided convolutions over a waveform, over its means of two samples, of four, and so on.

    Follows Kumar et al. 2019, "MelGAN: Generative Adversarial Networks for Conditional Waveform
    Synthesis".

    Args:
        num_scales: rates, each half of the one before.
        channels: of the convolutions at each rate.
        strides: theirs, as many.
        width: samples that a convolution sees.
    """

    def __init__(
        self,
        num_scales: Size = 3,
        channels: Sequence[Size] = (16, 32, 64, 128),
        strides: Sequence[Size] = (4, 4, 4, 1),
        width: Size = 15,
    ):
        super().__init__(name="discriminator")
        check_as_many(strides, channels)
        self.scales = [_scale(channels, strides, width, n) for n in range(num_scales)]
        self.built = True

    def call(self, sounds: tf.Tensor) -> DiscriminatorOutput:
        """Returns the opinion of waveforms [B, N]."""
        values, scores, features = sounds[..., None], [], []
        for *layers, last in self.scales:
            hidden = values
            for layer in layers:
                hidden = tf.nn.leaky_relu(layer(hidden), SLOPE)
                features.append(hidden)
            scores.append(last(hidden)[..., 0])
            values = tf.nn.avg_pool1d(values, 2, 2, "SAME")
        return DiscriminatorOutput(scores, features)


def _scale(channels, strides, width, number) -> list[keras.layers.Layer]:
    layers, size = [], 1
    for place, (out, stride) in enumerate(zip(channels, strides, strict=True)):
        name = f"conv_{number}_{place}"
        layers.append(convolution(size, out, width, stride, name))
        size = out
    return [*layers, convolution(size, 1, 3, name=f"score_{number}")]


class PerceptronDiscriminator(keras.layers.Layer):
    """Dense layers over a whole vector.

    Args:
        adv_dim: units of each layer.
        adv_num: layers.
        input_size: depth of the vectors.
    """

    def __init__(self, adv_dim: Size = 500, adv_num: Count = 2, input_size: int = 1):
        super().__init__(name="discriminator")
        self.hidden = Perceptron(input_size, [adv_dim] * adv_num, "hidden", normalised=False)
        self.score = dense(self.hidden.output_size, 1, "score")
        self.built = True

    def call(self, vectors: tf.Tensor) -> DiscriminatorOutput:
        """Returns the opinion of vectors [B, D]."""
        hidden = self.hidden(vectors)
        return DiscriminatorOutput([self.score(hidden)], [hidden[:, None]])


DISCRIMINATORS = {"multi_scale": MultiScaleDiscriminator, "perceptron": PerceptronDiscriminator}


def build_discriminator(
    settings: Mapping[str, Any] | None, depth: int = 1
) -> keras.layers.Layer | None:
    """Returns what a model is trained against; `depth` is that of vectors. None of no settings."""
    if settings is None:
        return None
    sizes = {"input_size": depth} if settings["kind"] == "perceptron" else {}
    return build_component("discriminator", DISCRIMINATORS, settings, **sizes)
