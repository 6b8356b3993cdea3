"""The hierarchical decoder: conductors turn z into one embedding a segment, a core decodes each."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.layers.lstm import LSTMStack, fold
from lofi_tf.models.layers.segments import from_segments, segment_lengths, to_segments
from lofi_tf.models.layers.unroll import shaped_like
from lofi_tf.models.sequence.cores import dense_layer, flat_states, initial_state_layer, states_of
from lofi_tf.models.sequence.decoders import ROW_COUNTS, run_free, shifted, teacher_forced
from lofi_tf.settings import Amount, Size


class ConductorSizes(NamedTuple):
    """Sizes of a conductor.

    Attributes:
        units: of each layer.
        embedding_size: of a linear layer that makes its embeddings; None takes its outputs.
    """

    units: tuple[int, ...]
    embedding_size: Size | None = None

    @property
    def output_size(self) -> int:
        """Size of its embeddings."""
        return self.embedding_size or self.units[-1]


def conductor_sizes(
    num_levels: int,
    units: Sequence[int],
    conductor_units: Sequence[Size] | Sequence[Sequence[Size]] | None = None,
    conductor_embedding_size: Size | Sequence[Size] | None = None,
) -> list[ConductorSizes]:
    """Returns the sizes of each conductor, the highest first.

    Args:
        num_levels: number of conductors.
        units: of each layer of a conductor, where `conductor_units` does not say.
        conductor_units: see `HierarchicalDecoder`.
        conductor_embedding_size: see `HierarchicalDecoder`.

    Raises:
        LofiError: lists that do not say something of each conductor.
    """
    units = conductor_units or units
    if not isinstance(units[0], Sequence):
        units = [units] * num_levels
    embeddings = conductor_embedding_size
    if not isinstance(embeddings, Sequence):
        embeddings = [embeddings] * num_levels
    if {len(units), len(embeddings)} != {num_levels}:
        raise LofiError(
            f"conductor_units and conductor_embedding_size must say something of {num_levels} "
            f"conductors. Received: {conductor_units}, {conductor_embedding_size}"
        )
    return [ConductorSizes(tuple(u), e) for u, e in zip(units, embeddings, strict=True)]


class HierarchicalDecoder(keras.layers.Layer):
    """Conductors above a core; Magenta's `HierarchicalLstmDecoder` in its three modes.

    A conductor's input is zeros (`disable_autoregression`), the last states of the level below
    beside its own embedding (the default), or the level below's outputs encoded again
    (`encoder` given). Where no conductor listens to the level below, the segments do not depend
    on each other once the conductors have run, and in training they run as one batch.

    Args:
        core: decodes a segment; its z is the last conductor's output.
        head: what the core's parameters mean.
        units: size of each layer of each conductor.
        z_size: size Z of the latent.
        level_lengths: steps of each conductor, the highest first, then the steps of a segment.
        disable_autoregression: whether conductors do not listen; or the levels that do not.
        keep_prob: share of each layer's inputs kept in training.
        residual: whether layers have residual connections.
        end_token: class after which a segment's outputs are zeros.
        encoder: hierarchical encoder that encodes outputs again.
        sampling_temperature: see `LSTMDecoder`.
        conductor_units: size of each layer of each conductor, or a list for each of them, where
            it is not `units`.
        conductor_embedding_size: size of a linear layer that makes a conductor's embeddings, or a
            list for each of them; None takes its outputs.

    Attributes:
        row_counts: see `LSTMDecoder`.
    """

    row_counts = ROW_COUNTS

    def __init__(
        self,
        core: keras.layers.Layer,
        head: keras.layers.Layer,
        units: Sequence[int],
        z_size: int,
        level_lengths: Sequence[Size],
        disable_autoregression: bool | Sequence[int] = False,
        keep_prob: float = 1.0,
        residual: bool = False,
        end_token: int | None = None,
        encoder: keras.layers.Layer | None = None,
        sampling_temperature: Amount = 1.0,
        conductor_units: Sequence[Size] | Sequence[Sequence[Size]] | None = None,
        conductor_embedding_size: Size | Sequence[Size] | None = None,
    ):
        super().__init__(name="decoder")
        self.sampling_temperature = sampling_temperature
        self.core, self.head, self.end_token = core, head, end_token
        self.encoder = encoder
        self.level_lengths = tuple(level_lengths)
        self.num_segments = math.prod(self.level_lengths[:-1])
        self.deaf = _deaf_levels(disable_autoregression, len(self.level_lengths) - 1)
        self.sizes = conductor_sizes(
            len(self.level_lengths) - 1, units, conductor_units, conductor_embedding_size
        )
        self.conductors, self.initials, self.embeddings = [], [], []
        size = z_size
        for level, (units, embedding_size) in enumerate(self.sizes):
            self.initials.append(initial_state_layer(size, units))
            inputs = 1 if level in self.deaf else self._feedback_size(level) + size
            self.conductors.append(LSTMStack(inputs, units, keep_prob, residual))
            self.embeddings.append(dense_layer(units[-1], embedding_size))
            size = self.sizes[level].output_size
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
        """Returns the head's parameters [B, T, P]; see `LSTMDecoder.call`.

        `lengths` may be those of each segment, [B, S].
        """
        if len(self.deaf) == len(self.conductors) and self.encoder is None:
            return self._teach_together(z, targets, controls, seed, sampling_probability)
        return self._teach_in_turn(z, targets, lengths, controls, seed, sampling_probability)

    def generate(
        self,
        z: tf.Tensor,
        length: tf.Tensor,
        temperature: tf.Tensor,
        noise: tf.Tensor,
        controls: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns decoded outputs [B, T, D]; `length` is always the whole T.

        A segment's first input is the last output of the segment before.
        """
        steps = self.level_lengths[-1]
        noise = tf.transpose(noise, [1, 0, 2])

        def segment(embedding, index, last, _):
            start = index * steps
            part = None if controls is None else controls[:, start : start + steps]
            outputs, last, final = run_free(
                self.core, self.head, embedding, last, steps, temperature,
                noise[start : start + steps], part, self.end_token,
            )  # fmt: skip
            if self.encoder is not None:
                final = self.encoder.levels[0](outputs, lengths=_lengths_of(outputs))
            return outputs, final, last

        first = tf.zeros([tf.shape(z)[0], self.head.output_size])
        return self._descend(0, z, 0, first, segment, None, self.head.output_size)[0]

    def _teach_together(self, z, targets, controls, seed, probability):
        """All segments as one batch [B * S, ...]."""
        embedding = z
        for level, (conductor, initial) in enumerate(
            zip(self.conductors, self.initials, strict=True)
        ):
            steps = self.level_lengths[level]
            zeros = tf.zeros([steps, tf.shape(embedding)[0], 1])
            states = states_of(conductor, initial, embedding)
            outputs, _ = conductor(zeros, states=states, seed=fold(seed, level))  # [L, N, U]
            outputs = self._embedding(level, outputs)
            embedding = tf.reshape(tf.transpose(outputs, [1, 0, 2]), [-1, outputs.shape[-1]])
        segments = [
            None if values is None else to_segments(values, self.num_segments)
            for values in (shifted(targets), controls)
        ]
        parameters, _, _ = teacher_forced(
            self.core, self.head, embedding, *segments, None, fold(seed, -1), probability,
            self.sampling_temperature,
        )  # fmt: skip
        return from_segments(parameters, targets.shape[1])

    def _teach_in_turn(self, z, targets, lengths, controls, seed, probability):
        """Segment after segment, since conductors listen to what came of the last one."""
        steps = self.level_lengths[-1]
        lengths = segment_lengths(lengths, self.num_segments, steps)
        previous = shifted(targets)

        def segment(embedding, index, last, seed):
            start = index * steps
            part = slice(start, start + steps)
            own_lengths = lengths[:, index]
            parameters, final, fed = teacher_forced(
                self.core, self.head, embedding, previous[:, part],
                None if controls is None else controls[:, part], own_lengths, seed, probability,
                self.sampling_temperature,
            )  # fmt: skip
            if self.encoder is not None:
                samples = _samples_of(fed, targets[:, part], own_lengths)
                final = self.encoder.levels[0](samples, lengths=own_lengths)
            return parameters, final, last

        nothing = tf.zeros([tf.shape(z)[0], 0])
        return self._descend(0, z, 0, nothing, segment, seed, self.head.parameter_size)[0]

    def _descend(self, level, embedding, index, last, segment, seed, size):
        """Runs a conductor and all below it, which emits steps of a size E.

        Returns what was emitted [B, T', E], what the level above hears, and the last output.
        """
        if level == len(self.conductors):
            return segment(embedding, index, last, seed)
        conductor, steps = self.conductors[level], self.level_lengths[level]
        batch_size = tf.shape(embedding)[0]
        heard_size = self._feedback_size(level)
        conductor_step = conductor.stepper(dropped=seed is not None)

        def body(n, states, heard, last, emitted, all_heard):
            before = [states, heard, last]
            inputs = tf.concat([heard, embedding], axis=-1)
            if level in self.deaf:
                inputs = tf.zeros([batch_size, 1])
            own_seed = fold(fold(seed, level), n)
            output, states = conductor_step(inputs, states, own_seed)
            output = self._embedding(level, output)
            piece, heard, last = self._descend(
                level + 1, output, index * steps + n, last, segment, fold(own_seed, -1), size
            )
            states, heard, last = shaped_like([states, heard, last], before)
            return n + 1, states, heard, last, emitted.write(n, piece), all_heard.write(n, heard)

        piece_steps = math.prod(self.level_lengths[level + 1 :])
        arrays = [
            tf.TensorArray(tf.float32, steps, element_shape=[embedding.shape[0], *sizes])
            for sizes in ([piece_steps, size], [heard_size])
        ]
        states = states_of(conductor, self.initials[level], embedding)
        heard = tf.zeros([batch_size, heard_size])
        _, states, _, last, emitted, all_heard = tf.while_loop(
            lambda n, *_: n < steps, body, (0, states, heard, last, *arrays)
        )
        pieces = tf.transpose(emitted.stack(), [1, 0, 2, 3])  # [B, L, T'', E]
        pieces = tf.reshape(pieces, [-1, steps * piece_steps, size])
        return pieces, self._heard_above(level, states, all_heard), last

    def _heard_above(self, level, states, all_heard):
        if self.encoder is None:
            return flat_states(states)
        encoded = tf.transpose(all_heard.stack(), [1, 0, 2])  # [B, L, H]
        full = tf.fill([tf.shape(encoded)[0]], self.level_lengths[level])
        return self.encoder.levels[len(self.conductors) - level](encoded, lengths=full)

    def _embedding(self, level, outputs):
        layer = self.embeddings[level]
        return outputs if layer is None else layer(outputs)

    def _feedback_size(self, level) -> int:
        if self.encoder is not None:
            return self.encoder.output_size
        last = level == len(self.level_lengths) - 2
        return self.core.state_size if last else 2 * sum(self.sizes[level + 1].units)


def _deaf_levels(disable_autoregression, num_levels: int) -> frozenset[int]:
    if isinstance(disable_autoregression, bool):
        return frozenset(range(num_levels) if disable_autoregression else ())
    deaf = frozenset(disable_autoregression)
    if not deaf <= set(range(num_levels)):
        raise LofiError(
            f"disable_autoregression must be true, false or a list of levels from 0 to "
            f"{num_levels - 1}. Received: {sorted(deaf)}"
        )
    return deaf


def _samples_of(fed, targets, lengths):
    """Returns what a segment gave as far as it is known: what was fed after it, and its last."""
    samples = tf.pad(fed[:, 1:], [[0, 0], [0, 1], [0, 0]])
    last = tf.one_hot(lengths - 1, tf.shape(fed)[1])[:, :, None]  # [B, L, 1]
    return samples * (1.0 - last) + targets * last


def _lengths_of(outputs):
    """Returns the steps of each row before it ended in zeros, [B]."""
    return tf.reduce_sum(tf.cast(tf.reduce_any(outputs != 0, axis=-1), tf.int32), axis=-1)
