"""Decoders: a latent z [B, Z] to a head's parameters [B, T, P], or to outputs [B, T, D].

A decoder drives a core: it feeds it the truth, its own samples or a mixture. Teacher forcing,
scheduled sampling and generation differ in nothing but what the next input is.
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from lofi_tf.models.layers.lstm import fold
from lofi_tf.models.layers.unroll import unroll
from lofi_tf.models.sequence.cores import flat_states
from lofi_tf.models.sequence.heads import filled
from lofi_tf.settings import Amount

ROW_COUNTS = (64, 16, 8, 4)
# Products of 128 rows round like those of fewer where they are not between a thousand values and
# a thousand others (measured); so many rows go a third faster.
MANY_ROWS, MOST_VALUES = 128, 512
# Where values do not fill the processor's vectors, exp and tanh of the last few round in another
# way. States, whose sizes are multiples of four, fill them with four rows, outputs with sixteen.
FILLING_ROWS = 16


class GivenCells(NamedTuple):
    """Numbers of the outputs that are given; see `heads.filled` for which a head may be given.

    Attributes:
        outputs: [B, T, D].
        kept: 1 where a number is as given, else 0, [B, T, D].
        expression_temperature: of velocities and offsets that are drawn, [B].
    """

    outputs: tf.Tensor
    kept: tf.Tensor
    expression_temperature: tf.Tensor


class LSTMDecoder(keras.layers.Layer):
    """Decodes the whole sequence in one go; Magenta's flat decoders.

    Args:
        core: the recurrent part.
        head: what the core's parameters mean.
        end_token: class after which outputs are zeros; None for sequences without an end.
        sampling_temperature: of the samples that it is fed in scheduled sampling; 0 feeds the
            likeliest.

    Attributes:
        row_counts: of how many rows each, the most first, generated at once, all round alike.
    """

    def __init__(
        self,
        core: keras.layers.Layer,
        head: keras.layers.Layer,
        end_token: int | None = None,
        sampling_temperature: Amount = 1.0,
    ):
        super().__init__(name="decoder")
        self.sampling_temperature = sampling_temperature
        self.core, self.head, self.end_token = core, head, end_token
        many = [MANY_ROWS] if core.widest <= MOST_VALUES else []
        self.row_counts = (*many, *ROW_COUNTS)
        self.built = True

    def call(
        self,
        z: tf.Tensor,
        targets: tf.Tensor,
        lengths: tf.Tensor,
        controls: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
        sampling_probability: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the head's parameters [B, T, P], the decoder fed the truth or, by chance, itself.

        Args:
            z: [B, Z].
            targets: [B, T, D]; the first step is fed zeros.
            lengths: valid steps, [B].
            controls: [B, T, C] where the core takes any.
            seed: int32 [2] to draw dropout and samples from; no dropout without it.
            sampling_probability: chance of each example at each step to be fed its own sample
                (scheduled sampling); the truth is always fed where it is None.
        """
        return teacher_forced(
            self.core, self.head, z, shifted(targets), controls, None, seed,
            sampling_probability, self.sampling_temperature,
        )[0]  # fmt: skip

    def generate(
        self,
        z: tf.Tensor,
        length: tf.Tensor,
        temperature: tf.Tensor,
        noise: tf.Tensor,
        controls: tf.Tensor | None = None,
        cells: GivenCells | None = None,
    ) -> tf.Tensor:
        """Returns decoded outputs [B, T, D], each step fed with the last one's output.

        Args:
            z: [B, Z].
            length: steps T.
            temperature: of each row, [B]; 0 takes the likeliest.
            noise: uniform numbers that are drawn by, [B, T, N].
            controls: [B, T, C] where the core takes any.
            cells: numbers that are given, fed and kept; the others are drawn.
        """
        noise = tf.transpose(noise, [1, 0, 2])
        first = tf.zeros([tf.shape(z)[0], self.head.output_size])
        return run_free(
            self.core, self.head, z, first, length, temperature, noise, controls, self.end_token,
            cells,
        )[0]  # fmt: skip

    def play(self, z: tf.Tensor, hits: tf.Tensor, controls: tf.Tensor | None = None) -> tf.Tensor:
        """Returns outputs [B, T, D] whose hits are given; velocities and offsets are decoded there.

        Args:
            z: [B, Z].
            hits: 0 or 1, [B, T, D / 3], for a head of grooves.
            controls: [B, T, C] where the core takes any.
        """
        if not hasattr(self.head, "play"):
            cells, steps = given_hits(hits), tf.shape(hits)[1]
            cold, noise = cells.expression_temperature, no_noise(self.head, tf.shape(z)[0], steps)
            return self.generate(z, steps, cold, noise, controls, cells)
        core_step = self.core.stepper(z)

        def step(time, previous, states):
            parameters, states = core_step(previous, at(controls, time), states)
            output = self.head.play(parameters, hits[:, time])
            return output, output, states

        first = tf.zeros([tf.shape(z)[0], self.head.output_size])
        states = self.core.initial_states(z)
        return unroll(step, first, states, tf.shape(hits)[1], self.head.output_size)[0]


def no_noise(head: keras.layers.Layer, rows: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
    """Returns what a head draws by where nothing is left to chance, [B, T, N]."""
    return tf.zeros([rows, steps, head.noise_size])


def given_hits(hits: tf.Tensor) -> GivenCells:
    """Returns hits [B, T, N] as cells of outputs [B, T, 3 N], of whose others it takes medians."""
    others = [[0, 0], [0, 0], [0, 2 * hits.shape[-1]]]
    kept = tf.pad(tf.ones_like(hits), others)
    return GivenCells(tf.pad(hits, others), kept, tf.zeros(tf.shape(hits)[:1]))


def shifted(targets: tf.Tensor) -> tf.Tensor:
    """Returns the output before each step, zeros before the first, [B, T, D]."""
    return tf.pad(targets[:, :-1], [[0, 0], [1, 0], [0, 0]])


def teacher_forced(
    core: keras.layers.Layer,
    head: keras.layers.Layer,
    z: tf.Tensor,
    previous: tf.Tensor,
    controls: tf.Tensor | None = None,
    lengths: tf.Tensor | None = None,
    seed: tf.Tensor | None = None,
    sampling_probability: tf.Tensor | None = None,
    temperature: float = 1.0,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Runs a core with the truth as previous outputs [B, T, D], or with its own samples by chance.

    Its samples are drawn with the temperature.

    Returns:
        Parameters [B, T, P], the last states [B, F], and what was fed, [B, T, D].
    """
    if sampling_probability is None:
        parameters, final = core(z, previous, controls=controls, lengths=lengths, seed=seed)
        return parameters, final, previous
    drawn = _drawn(core, head, z, previous, controls, seed, sampling_probability, temperature)
    if head.draws_have_gradients or (seed is not None and core.keep_prob < 1.0):
        return drawn
    # Nothing flows back through what was drawn: with it as the truth, all steps run in one go.
    fed = tf.stop_gradient(drawn[2])
    parameters, final = core(z, fed, controls=controls, seed=seed)
    return parameters, final, fed


def _drawn(core, head, z, previous, controls, seed, sampling_probability, temperature):
    """Returns what `teacher_forced` does, step by step, fed the truth or by chance its samples."""
    batch_size, steps = tf.shape(z)[0], tf.shape(previous)[1]
    truth = tf.transpose(tf.pad(previous[:, 1:], [[0, 0], [0, 1], [0, 0]]), [1, 0, 2])
    keys = tf.random.split(tf.zeros([2], tf.int32) if seed is None else fold(seed, -1), 2)
    core_step = core.stepper(z, dropped=seed is not None)

    def step(time, fed, states):
        parameters, states = core_step(fed, at(controls, time), states, fold(seed, time))
        noise = tf.random.stateless_uniform([batch_size, head.noise_size], fold(keys[0], time))
        if getattr(head, "given_hits", False):
            own = head.play(parameters, tf.split(truth[time], 3, axis=-1)[0])
        else:
            own = head.sample(parameters, tf.fill([batch_size], float(temperature)), noise)
        coin = tf.random.stateless_uniform([batch_size, 1], fold(keys[1], time))
        next_fed = tf.where(coin < sampling_probability, own, truth[time])
        return tf.concat([parameters, fed], axis=-1), next_fed, states

    size = head.parameter_size
    emitted, _, states = unroll(
        step, previous[:, 0], core.initial_states(z), steps, size + head.output_size
    )
    return emitted[..., :size], flat_core_states(states), emitted[..., size:]


def run_free(
    core: keras.layers.Layer,
    head: keras.layers.Layer,
    z: tf.Tensor,
    first: tf.Tensor,
    length: tf.Tensor,
    temperature: tf.Tensor,
    noise: tf.Tensor,
    controls: tf.Tensor | None = None,
    end_token: int | None = None,
    cells: GivenCells | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Runs a core on its own outputs.

    Args:
        core: the recurrent part.
        head: what its parameters mean.
        z: [B, Z].
        first: what the first step is fed, [B, D].
        length: steps T.
        temperature: of each row, [B].
        noise: uniform numbers, [T, B, N].
        controls: [B, T, C] where the core takes any.
        end_token: class after which a row's outputs are zeros.
        cells: numbers of the outputs that are given.

    Returns:
        Outputs [B, T, D], the last of them [B, D], and the last states [B, F].
    """
    core_step, size = core.stepper(z), tf.shape(z)[0]
    added = -size % FILLING_ROWS
    temperature = tf.pad(temperature, [[0, added]])
    noise = tf.pad(noise, [[0, 0], [0, added], [0, 0]])
    if cells is not None:
        cells = GivenCells(*(_with_rows(part, added) for part in cells))

    def step(time, previous, state):
        ended, states = state
        parameters, states = core_step(previous, at(controls, time), states)
        parameters = tf.pad(parameters, [[0, added], [0, 0]])
        if cells is None:
            output = head.sample(parameters, temperature, noise[time])
        else:
            now = cells.outputs[:, time], cells.kept[:, time]
            warmth = temperature, cells.expression_temperature
            output = filled(head, parameters, *warmth, noise[time], *now)
        output = tf.ensure_shape(output[:size], first.shape)
        if end_token is not None:
            silent = ended if cells is None else ended & (cells.kept[:size, time] <= 0)
            output = tf.where(silent, 0.0, output)
            ended = ended | (output[:, end_token : end_token + 1] > 0)
        return output, output, (ended, states)

    state = tf.zeros([tf.shape(z)[0], 1], tf.bool), core.initial_states(z)
    outputs, last, (_, states) = unroll(step, first, state, length, head.output_size)
    return outputs, last, flat_core_states(states)


def _with_rows(values: tf.Tensor, added: tf.Tensor) -> tf.Tensor:
    """Returns values [B, ...] and so many rows of zeros."""
    return tf.pad(values, [[0, added], *([[0, 0]] * (values.shape.rank - 1))])


def flat_core_states(states: list) -> tf.Tensor:
    """Returns the states of a core, whole or split, side by side, [B, F]."""
    if isinstance(states[0], tuple):
        return flat_states(states)
    return tf.concat([flat_states(one) for one in states], axis=-1)


def at(controls: tf.Tensor | None, time: tf.Tensor) -> tf.Tensor | None:
    """Returns the controls of one step, [B, C]."""
    return None if controls is None else controls[:, time]
