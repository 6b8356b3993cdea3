"""Heads: what the P numbers that a core emits at each step mean.

A head turns parameters [B, T, P] and targets [B, T, D] into losses [B], and draws the next output
[B, D] from parameters [B, P] and uniform noise [B, N]: whoever calls decides how noise is drawn.
`draws_have_gradients` says whether gradients flow back through such outputs. `cell_nats` says what
each number of targets costs, [B, T, D], given those before it; one that has no likelihood costs 0.
What it counts is summed over batches before `scalars` makes metrics of it.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.common.losses import Parts, log_loss, sum_valid, sum_valid_steps
from lofi_tf.models.common.noise import draw_bits, draw_class
from lofi_tf.settings import Amount, Size

LEAST_PROBABILITY = 0.1  # of a hit that is given


class GrooveHead(keras.layers.Layer):
    """Hits, velocities and timing offsets of drums, a third of the depth each.

    Hits are Bernoulli, velocities a sigmoid, offsets a tanh (Gillick et al. 2019, section 4.3;
    Magenta's `GrooveLstmDecoder`).

    Args:
        output_size: depth D, three times the number of drums.
        given_hits: whether scheduled sampling feeds the decoder the hits of the truth with its own
            velocities and offsets, as when it plays hits that are given.
    """

    draws_have_gradients = True

    def __init__(self, output_size: int, given_hits: bool = False, expression_weight: Amount = 1.0):
        super().__init__(name="head")
        self.given_hits, self.expression_weight = given_hits, expression_weight
        self.output_size = self.parameter_size = output_size
        self.noise_size = output_size // 3
        self.built = True

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the parts of the reconstruction loss, [B] each, summed over valid steps."""
        hits, velocities, offsets = tf.split(parameters, 3, axis=-1)
        true_hits, true_velocities, true_offsets = tf.split(targets, 3, axis=-1)
        weight = self.expression_weight
        parts = {
            "hits_loss": log_loss(true_hits, tf.sigmoid(hits)),
            "velocities_loss": weight * tf.square(tf.sigmoid(velocities) - true_velocities),
            "offsets_loss": weight * tf.square(tf.tanh(offsets) - true_offsets),
        }
        return {name: sum_valid(part, lengths) for name, part in parts.items()}

    def counts(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns numbers of hits over the valid steps, [B]: predicted, true and both."""
        predicted = tf.cast(tf.split(parameters, 3, axis=-1)[0] > 0, tf.float32)
        return hit_counts(predicted, tf.split(targets, 3, axis=-1)[0], lengths)

    def scalars(self, sums: Parts) -> Parts:
        """Returns the losses a step, unweighted as Magenta logs them, and the F1 score of hits."""
        weight = self.expression_weight
        weights = {"hits_loss": 1.0, "velocities_loss": weight, "offsets_loss": weight}
        a_step = {
            name: tf.math.divide_no_nan(sums[name], sums["steps"] * weight)
            for name, weight in weights.items()
        }
        found = sums["predicted_hits"] + sums["true_hits"]
        return a_step | {"hits_f1": tf.math.divide_no_nan(2.0 * sums["hits"], found)}

    def sample(self, parameters: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draws an output [B, D].

        Args:
            parameters: [B, P].
            temperature: [B]; hits are Bernoulli of their logits over it, the likelier at 0.
            noise: uniform in [0, 1), [B, N].
        """
        hits, velocities, offsets = tf.split(parameters, 3, axis=-1)
        return tf.concat(
            [draw_bits(hits, temperature, noise), tf.sigmoid(velocities), tf.tanh(offsets)],
            axis=-1,
        )

    def cell_nats(self, parameters: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Returns the nats of hits [B, T, D]: the other losses are no likelihoods."""
        hits, true = (tf.split(part, 3, axis=-1)[0] for part in (parameters, targets))
        nats = tf.nn.sigmoid_cross_entropy_with_logits(true, hits)
        return tf.pad(nats, [[0, 0], [0, 0], [0, 2 * self.noise_size]])

    def fill(
        self,
        parameters: tf.Tensor,
        temperature: tf.Tensor,
        expression_temperature: tf.Tensor,
        noise: tf.Tensor,
        given: tf.Tensor,
        kept: tf.Tensor,
    ) -> tf.Tensor:
        """Draws hits, and plays them; see `filled`. Velocities and offsets have no temperature."""
        drawn = draw_bits(tf.split(parameters, 3, axis=-1)[0], temperature, noise)
        size = self.noise_size
        hits = tf.where(kept[:, :size] > 0, given[:, :size], drawn)
        return tf.where(kept > 0, given, self.play(parameters, hits))

    def play(self, parameters: tf.Tensor, hits: tf.Tensor) -> tf.Tensor:
        """Returns an output [B, D] with given hits, 0 or 1, [B, N].

        Both losses count where nothing is hit too, so that velocities and offsets are what they
        would be at a hit times the probability of one. That factor is taken out, down to
        `LEAST_PROBABILITY`.
        """
        logits, velocities, offsets = tf.split(parameters, 3, axis=-1)
        likely = tf.maximum(tf.sigmoid(logits), LEAST_PROBABILITY)
        velocities = tf.minimum(tf.sigmoid(velocities) / likely, 1.0)
        offsets = tf.clip_by_value(tf.tanh(offsets) / likely, -1.0, 1.0)
        return tf.concat([hits, velocities * hits, offsets * hits], axis=-1)


class MultiCategoricalHead(keras.layers.Layer):
    """One class of each of several sets at each step; outputs are one-hots side by side.

    Follows Magenta's `MultiOutCategoricalLstmDecoder`.

    Args:
        output_size: depth D, the sum of the sizes.
        sizes: classes of each set.
    """

    draws_have_gradients = False

    def __init__(self, output_size: int, sizes: Sequence[Size]):
        super().__init__(name="head")
        if sum(sizes) != output_size:
            raise LofiError(f"head sizes must sum to {output_size}. Received: {list(sizes)}")
        self.sizes = tuple(sizes)
        self.output_size = self.parameter_size = output_size
        self.noise_size = len(self.sizes)
        self.built = True

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the cross entropy of each set, [B], summed over valid steps."""
        return {
            f"cross_entropy/output_{number}": sum_valid_steps(
                tf.nn.softmax_cross_entropy_with_logits(true, logits), lengths
            )
            for number, (logits, true) in enumerate(self._parts(parameters, targets))
        }

    def counts(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns for each set and class the true steps and those predicted right, [B, C]."""
        counts = {"steps": step_counts(parameters, lengths)}
        for number, (logits, true) in enumerate(self._parts(parameters, targets)):
            predicted = tf.argmax(logits, axis=-1)
            right = tf.cast(tf.equal(predicted, tf.argmax(true, axis=-1)), tf.float32)
            counts[f"true_{number}"] = sum_valid_steps(true, lengths)
            counts[f"right_{number}"] = sum_valid_steps(true * right[..., None], lengths)
        return counts

    def scalars(self, sums: Parts) -> Parts:
        """Returns accuracies over steps and over classes, of each set and their mean."""
        metrics = {}
        for number in range(len(self.sizes)):
            right, true = sums[f"right_{number}"], sums[f"true_{number}"]
            present = tf.cast(true > 0, tf.float32)
            by_class = tf.reduce_sum(tf.math.divide_no_nan(right, true))
            metrics[f"accuracy/output_{number}"] = tf.math.divide_no_nan(
                tf.reduce_sum(right), tf.reduce_sum(true)
            )
            metrics[f"mean_per_class_accuracy/output_{number}"] = tf.math.divide_no_nan(
                by_class, tf.reduce_sum(present)
            )
        names = ("accuracy", "mean_per_class_accuracy")
        means = {
            name: tf.add_n([metrics[f"{name}/output_{n}"] for n in range(len(self.sizes))])
            / len(self.sizes)
            for name in names
        }
        return means if len(self.sizes) == 1 else means | metrics

    def sample(self, parameters: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draws an output [B, D]: of each set the class at the noise's place in its distribution.

        Args:
            parameters: [B, P].
            temperature: [B]; logits are divided by it, the likeliest is taken at 0.
            noise: uniform in [0, 1), [B, N].
        """
        drawn = [
            tf.one_hot(draw_class(logits, temperature, noise[:, number]), size)
            for number, (logits, size) in enumerate(
                zip(tf.split(parameters, self.sizes, axis=-1), self.sizes, strict=True)
            )
        ]
        return tf.concat(drawn, axis=-1)

    def cell_nats(self, parameters: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Returns the nats of the true classes, in their places, [B, T, D]."""
        parts = self._parts(parameters, targets)
        return tf.concat([-true * tf.nn.log_softmax(logits) for logits, true in parts], axis=-1)

    def _parts(self, parameters, targets):
        return zip(
            tf.split(parameters, self.sizes, axis=-1),
            tf.split(targets, self.sizes, axis=-1),
            strict=True,
        )


class CategoricalHead(MultiCategoricalHead):
    """One class at each step, as a one-hot; Magenta's `CategoricalLstmDecoder`."""

    def __init__(self, output_size: int):
        super().__init__(output_size, [output_size])


def filled(
    head: keras.layers.Layer,
    parameters: tf.Tensor,
    temperature: tf.Tensor,
    expression_temperature: tf.Tensor,
    noise: tf.Tensor,
    given: tf.Tensor,
    kept: tf.Tensor,
) -> tf.Tensor:
    """Draws the numbers of an output [B, D] that are not given.

    Of bits and of grooves any may be given. Of one-hots it must be all classes of a set, or none.

    Args:
        head: what the parameters mean.
        parameters: [B, P].
        temperature: [B]; of grooves that of hits.
        expression_temperature: of velocities and offsets, where the head knows their
            distributions, [B].
        noise: uniform in [0, 1), [B, N].
        given: an output, [B, D].
        kept: 1 where a number is as given, else 0, [B, D].
    """
    if hasattr(head, "fill"):
        return head.fill(parameters, temperature, expression_temperature, noise, given, kept)
    return tf.where(kept > 0, given, head.sample(parameters, temperature, noise))


def likeliest(head: keras.layers.Layer, parameters: tf.Tensor) -> tf.Tensor:
    """Returns the likeliest output at each step, [B, T, D], of parameters [B, T, P].

    Of heads of sound it is the mean. Bits that depend on each other are taken one by one.
    """
    if hasattr(head, "mean"):
        return head.mean(parameters)
    steps = tf.reshape(parameters, [-1, head.parameter_size])
    count, size = tf.shape(steps)[0], tf.shape(parameters)[1]
    drawn = head.sample(steps, tf.zeros([count]), tf.zeros([count, head.noise_size]))
    return tf.reshape(drawn, [-1, size, head.output_size])


def hit_counts(predicted: tf.Tensor, true: tf.Tensor, lengths: tf.Tensor) -> Parts:
    """Returns numbers of bits [B, T, D] over the valid steps, [B]: predicted, true and both."""
    counts = {"hits": predicted * true, "predicted_hits": predicted, "true_hits": true}
    sums = {name: sum_valid(part, lengths) for name, part in counts.items()}
    return sums | {"steps": step_counts(true, lengths)}


def step_counts(parameters: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Returns the number of valid steps, [B]."""
    return sum_valid_steps(tf.ones(tf.shape(parameters)[:2]), lengths)


HEADS = {
    "groove": GrooveHead,
    "categorical": CategoricalHead,
    "multi_categorical": MultiCategoricalHead,
}
