"""A head of grooves with likelihoods: what a drummer does at a step, cell after cell.

A step of D drums is a chain of 3 D cells: all hits, then the velocities, then the offsets of what
is hit, each given those before it. Where nothing is hit there is no velocity and no offset.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.common.losses import Parts, sum_valid
from lofi_tf.models.layers.logistic_mixture import Levels, log_prob, quantile, tempered
from lofi_tf.models.sequence.heads import draw_bits, hit_counts
from lofi_tf.settings import Size

VELOCITIES = Levels(0.0, 1.0, 128)  # those of MIDI
OFFSETS = Levels(-1.0, 1.0, 121)  # of 480 ticks a quarter, 120 a step
FIRST_LOG_SCALE = -2.0


class GrooveMixtureHead(keras.layers.Layer):
    """Hits, velocities and timing offsets of drums as one distribution.

    A NADE (Uria et al. 2016, arXiv 1605.02226) whose biases the core emits: hits are Bernoulli,
    velocities and offsets mixtures of discretised logistics (Salimans et al. 2017, "PixelCNN++").

    Args:
        output_size: depth, three times the number of drums D.
        hidden_size: hidden units H of the NADE.
        num_components: K of each mixture.
    """

    draws_have_gradients = False

    def __init__(self, output_size: int, hidden_size: Size = 64, num_components: Size = 3):
        super().__init__(name="head")
        if output_size % 3:
            raise LofiError(
                "a head of kind groove_mixture needs three numbers a drum. "
                f"Received: a depth of {output_size}"
            )
        self.output_size = self.noise_size = output_size
        self.num_drums, self.hidden_size = output_size // 3, hidden_size
        self.mixture_size = 3 * num_components
        self.parameter_size = hidden_size + self.num_drums * (1 + 2 * self.mixture_size)
        wide, narrow = (keras.initializers.RandomNormal(stddev=std) for std in (0.3, 0.05))
        shape = (self.num_drums, hidden_size)
        self.from_cells = self.add_weight(
            shape=(output_size, hidden_size), initializer=wide, name="from_cells"
        )
        self.to_hits = self.add_weight(shape=shape, initializer=narrow, name="to_hits")
        self.to_velocities, self.to_offsets = (
            self.add_weight(shape=(*shape, self.mixture_size), initializer=narrow, name=name)
            for name in ("to_velocities", "to_offsets")
        )
        self.first_velocity = first_mixture(num_components, 0.2, 1.0)
        self.first_offset = first_mixture(num_components, -0.4, 0.6)
        self.built = True

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns nats of hits, velocities and offsets, [B] each, summed over valid steps."""
        names = ("hits_loss", "velocities_loss", "offsets_loss")
        parts = zip(names, self._nats_by_kind(parameters, targets), strict=True)
        return {name: sum_valid(part, lengths) for name, part in parts}

    def cell_nats(self, parameters: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Returns the nats of each cell given those before it, [B, T, 3 D]."""
        return tf.concat(self._nats_by_kind(parameters, targets), axis=-1)

    def counts(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns numbers of hits over the valid steps, [B]: predicted, true and both."""
        cells = self._cells(targets)
        biases, hidden = self._given_those_before(parameters, cells)
        logits = biases[0] + tf.reduce_sum(hidden[0] * self.to_hits, axis=-1)
        return hit_counts(tf.cast(logits > 0, tf.float32), cells[0], lengths)

    def scalars(self, sums: Parts) -> Parts:
        """Returns nats a step of hits, nats a hit of the others, and the F1 score of hits."""
        per = {"hits_loss": "steps", "velocities_loss": "true_hits", "offsets_loss": "true_hits"}
        means = {name: tf.math.divide_no_nan(sums[name], sums[by]) for name, by in per.items()}
        both = sums["predicted_hits"] + sums["true_hits"]
        return means | {"hits_f1": tf.math.divide_no_nan(2.0 * sums["hits"], both)}

    def sample(self, parameters: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draws an output [B, 3 D].

        Args:
            parameters: [B, P].
            temperature: [B]; at 0 the likelier of hit and no hit, and the medians of the rest.
            noise: uniform in [0, 1), [B, 3 D].
        """
        nothing = tf.zeros_like(noise)
        return self.fill(parameters, temperature, temperature, noise, nothing, nothing)

    def fill(
        self,
        parameters: tf.Tensor,
        temperature: tf.Tensor,
        expression_temperature: tf.Tensor,
        noise: tf.Tensor,
        given: tf.Tensor,
        kept: tf.Tensor,
    ) -> tf.Tensor:
        """Draws the cells of an output [B, 3 D] that are not given.

        Args:
            parameters: [B, P].
            temperature: of hits, [B]; the likelier at 0.
            expression_temperature: of velocities and offsets, [B]; the medians at 0.
            noise: uniform in [0, 1), [B, 3 D].
            given: an output, [B, 3 D].
            kept: 1 where a cell is as given, else 0, [B, 3 D].
        """
        hidden, *biases = self._biases(parameters)
        uniform = tempered(noise, expression_temperature[:, None])
        cells: list[tf.Tensor] = []  # of each kind, [B, D]

        def draw_hit(drum, state):
            logit = biases[0][:, drum] + tf.linalg.matvec(state, tf.gather(self.to_hits, drum))
            return draw_bits(logit[:, None], temperature, noise[:, drum, None])[:, 0], 1.0

        def draw_expression(kind, drum, state):
            weights = tf.gather((self.to_velocities, self.to_offsets)[kind - 1], drum)
            mixture = biases[kind][:, drum] + tf.matmul(state, weights)
            probability = uniform[:, kind * self.num_drums + drum]
            levels = (VELOCITIES, OFFSETS)[kind - 1]
            return quantile(mixture, probability, levels), cells[0][:, drum]

        for kind in range(3):
            draw = functools.partial(draw_expression, kind) if kind else draw_hit
            values, hidden = self._drawn_in_turn(kind, draw, hidden, given, kept)
            cells.append(values)
        return tf.concat(cells, axis=-1)

    def _drawn_in_turn(self, kind, draw, hidden, given, kept):
        """Returns the hits, velocities or offsets of all drums [B, D], and hidden units after them.

        A loop of the graph: written out, it would be most of an export.
        """

        def body(drum, hidden, values):
            cell = kind * self.num_drums + drum
            drawn, hit = draw(drum, tf.tanh(hidden))
            value = tf.where(kept[:, cell] > 0, given[:, cell], drawn) * hit
            hidden += _input(kind, value, hit)[:, None] * tf.gather(self.from_cells, cell)
            return drum + 1, hidden, values + value[:, None] * tf.one_hot(drum, self.num_drums)

        first = 0, hidden, tf.zeros_like(given[:, : self.num_drums])
        _, hidden, values = tf.while_loop(lambda drum, *_: drum < self.num_drums, body, first)
        return values, hidden

    def _nats_by_kind(self, parameters, targets):
        """Returns the nats of hits, velocities and offsets, [B, T, D] each."""
        hits, velocities, offsets = self._cells(targets)
        biases, hidden = self._given_those_before(parameters, (hits, velocities, offsets))
        logits = biases[0] + tf.reduce_sum(hidden[0] * self.to_hits, axis=-1)
        at_hits = (hits, tf.where(hits > 0))
        return (
            tf.nn.sigmoid_cross_entropy_with_logits(hits, logits),
            _nats(velocities, biases[1], hidden[1], self.to_velocities, VELOCITIES, *at_hits),
            _nats(offsets, biases[2], hidden[2], self.to_offsets, OFFSETS, *at_hits),
        )

    def _cells(self, targets):
        """Returns hits, velocities and offsets [..., D], silent cells as zeros."""
        hits, velocities, offsets = tf.split(targets, 3, axis=-1)
        hits = tf.cast(hits > 0.5, tf.float32)
        return hits, VELOCITIES.nearest(velocities) * hits, OFFSETS.nearest(offsets) * hits

    def _biases(self, parameters):
        """Returns what the core emits: of hidden units [..., H], of hits [..., D], of mixtures."""
        wide = self.num_drums * self.mixture_size
        hidden, *parts = tf.split(parameters, [self.hidden_size, self.num_drums, wide, wide], -1)
        shape = tf.concat([tf.shape(parameters)[:-1], [self.num_drums, self.mixture_size]], 0)
        velocities, offsets = (tf.reshape(part, shape) for part in parts[1:])
        return hidden, parts[0], velocities + self.first_velocity, offsets + self.first_offset

    def _given_those_before(self, parameters, cells):
        """Returns biases and hidden units [B, T, D, H] of each kind of cells, given those before.

        Those of velocities and offsets are not activated yet: few are looked at.
        """
        bias, *biases = self._biases(parameters)
        inputs = [_input(kind, values, cells[0]) for kind, values in enumerate(cells)]
        size, depth = self.output_size, self.hidden_size
        before = tf.constant(np.triu(np.ones([size, size], np.float32), 1))  # [cell, of cell]
        weights = tf.reshape(before[..., None] * self.from_cells[:, None], [size, size * depth])
        shares = tf.tensordot(tf.concat(inputs, axis=-1), weights, 1)
        shape = tf.concat([tf.shape(parameters)[:-1], [size, depth]], axis=0)
        hits, *others = tf.split(tf.reshape(shares, shape) + bias[..., None, :], 3, axis=-2)
        return biases, (tf.tanh(hits), *others)


def _nats(
    values: tf.Tensor,
    biases: tf.Tensor,
    hidden: tf.Tensor,
    weights: tf.Tensor,
    levels: Levels,
    hits: tf.Tensor,
    places: tf.Tensor,
) -> tf.Tensor:
    """Returns the negative log likelihood of velocities or offsets [B, T, D], 0 where no hit is.

    Args:
        values: [B, T, D].
        biases: of their mixtures, [B, T, D, 3 K].
        hidden: hidden units before activation, [B, T, D, H].
        weights: of each drum, [D, H, 3 K].
        levels: that values may have.
        hits: [B, T, D].
        places: indices of the hits, [N, 3].
    """
    states = tf.tanh(tf.gather_nd(hidden, places))  # [N, H]
    by_drum = tf.einsum("nh,dhk->ndk", states, weights)
    mixtures = tf.gather(by_drum, places[:, 2], batch_dims=1) + tf.gather_nd(biases, places)
    nats = -log_prob(mixtures, tf.gather_nd(values, places), levels)
    return tf.scatter_nd(places, nats, tf.shape(hits, tf.int64))


def _input(kind: int, values: tf.Tensor, hits: tf.Tensor) -> tf.Tensor:
    """Returns what hidden units are given of hits (0), velocities (1) or offsets (2)."""
    return 2.0 * values - hits if kind == 1 else values


def first_mixture(num_components: int, low: float, high: float) -> np.ndarray:
    """Returns where mixtures begin, [3 K]: equal weights, means from low to high."""
    means = np.linspace(low, high, num_components + 2)[1:-1]
    parts = np.zeros(num_components), means, np.full(num_components, FIRST_LOG_SCALE)
    return np.concatenate(parts).astype(np.float32)
