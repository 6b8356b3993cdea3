"""Continuation: what comes next in a sound, frame by frame, after what came before.

An encoder LSTM hears the frames before, a decoder LSTM goes on from its states. With a latent, z is
drawn between the two and may change on the way (a variational sequence-to-sequence model after
Deep LoFi Beats' plan; Bowman et al. 2016, "Generating Sentences from a Continuous Space").
"""

from collections.abc import Mapping

import keras
import tensorflow as tf

from lofi_tf.config import ContinuationConfig, TrainingConfig
from lofi_tf.errors import LofiError
from lofi_tf.models.common.components import build_component
from lofi_tf.models.common.latent_model import Batch, Draws, LatentModel
from lofi_tf.models.common.latents import GaussianLatent
from lofi_tf.models.common.losses import Parts
from lofi_tf.models.continuation.frame_heads import CosineStudentHead
from lofi_tf.models.continuation.frames import FRAMES
from lofi_tf.models.continuation.long_term_head import RecallHead
from lofi_tf.models.layers.lstm import LSTMStack, fold
from lofi_tf.models.layers.unroll import unroll
from lofi_tf.models.sound.clips import GaussianHead
from lofi_tf.models.sound.discriminators import build_discriminator
from lofi_tf.models.sound.mu_law import MuLawHead

HEADS = {
    "gaussian": GaussianHead,
    "mu_law": MuLawHead,
    "cosine_student": CosineStudentHead,
    "recall": RecallHead,
}


@keras.saving.register_keras_serializable(package="lofi_tf")
class Continuation(LatentModel):
    """Predicts the frames that follow.

    Args:
        model: sizes and components.
        training: loss weights and schedules; `sampling_schedule` mixes the model's own frames in.
        seed, first_step: see `LatentModel`.

    Attributes:
        num_frames: frames F of a training clip.
        context_size: of what is kept of the sound that was heard, beside the states.
    """

    def __init__(
        self,
        model: ContinuationConfig,
        training: TrainingConfig,
        seed: int = 0,
        first_step: int = 0,
    ):
        super().__init__(model, training, seed, first_step, "continuation")
        head = build_component("head", HEADS, model.head, 1)
        hidden_size, values = model.rnn_size[-1], head.parameter_size
        frames = build_component("encoder", FRAMES, model.encoder, hidden_size, values)
        discriminator = build_discriminator(model.discriminator)
        self.frames, self.num_frames = frames, model.max_seq_len // frames.frame_size
        if self.num_frames < 2:
            raise LofiError(
                f"a clip must hold two frames of {frames.frame_size} samples or more. Received: "
                f"{model.max_seq_len} samples"
            )
        if getattr(head, "frame_size", frames.frame_size) != frames.frame_size:
            raise LofiError(
                "encoder and head must have the same frame_size. Received: "
                f"{frames.frame_size} and {head.frame_size}"
            )
        units, feature_size = model.rnn_size, frames.feature_size
        self.encoder = LSTMStack(feature_size, units, model.dropout_keep_prob)
        self.context_size = getattr(head, "context_size", 0)
        self.decoder = LSTMStack(self._fed_size(), units, model.dropout_keep_prob)
        self.decoder.head = head
        self.latent = self.summary = None
        if model.z_size:
            self.summary = LSTMStack(feature_size, units)  # of what comes next
            self.latent = GaussianLatent(2 * units[-1], model.z_size)
        self.discriminator = discriminator
        self.built = True

    def parts_of(self, batch: Batch, draws: Draws) -> tuple[Parts, None]:
        """Returns what `losses_of` does.

        The clip is cut where the seed says, for each example anew: frames before and frames after,
        both of any length from one. Without a seed (evaluation) it is cut in the middle.
        """
        before, after, lengths = self.cut(batch["inputs"], draws.seed)
        states, encoding = self.encode(before, lengths["before"], fold(draws.seed, 1))
        z, mean, kl_nats = self._draw_z(encoding, states, after, lengths["after"], draws.noise)
        first = self.last_frame(states, before, lengths["before"])
        outputs = self._judged(states, z, first, after, lengths["after"], *draws[1:])
        return self.judged(kl_nats, mean, *outputs), None

    def cut(
        self, clips: tf.Tensor, seed: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor, Mapping[str, tf.Tensor]]:
        """Returns the frames before and after, [B, F - 1, frame] each, and their lengths [B].

        Each stands at the start of its row; what follows its length does not count.
        """
        size, total = tf.shape(clips)[0], self.num_frames
        if seed is None:
            start, place = tf.zeros([size], tf.int32), tf.fill([size], total // 2)
            end = tf.fill([size], total)
        else:
            keys = tf.random.split(fold(seed, 7), 3)
            uniform = [tf.random.stateless_uniform([size], key) for key in tf.unstack(keys)]
            place = 1 + tf.cast(uniform[0] * float(total - 1), tf.int32)
            start = tf.cast(uniform[1] * tf.cast(place, tf.float32), tf.int32)
            left = tf.cast(total - place, tf.float32)
            end = place + 1 + tf.cast(uniform[2] * left, tf.int32)
            end = tf.minimum(end, total)
        frames = tf.reshape(
            clips[:, : total * self.frames.frame_size], [size, total, self.frames.frame_size]
        )
        steps = tf.range(total - 1)[None]
        before, after = (
            tf.gather(frames, tf.minimum(steps + first[:, None], total - 1), axis=1, batch_dims=1)
            for first in (start, place)
        )
        return before, after, {"before": place - start, "after": end - place}

    def encode(
        self, frames: tf.Tensor, lengths: tf.Tensor | None = None, seed: tf.Tensor | None = None
    ) -> tuple[list, tf.Tensor]:
        """Returns the states after frames [B, F, frame], and the encoding [B, U].

        Where the head has a context of what was heard, it is the last of the states, and stays,
        whatever the model feeds itself.
        """
        size, steps = tf.shape(frames)[0], tf.shape(frames)[1]
        features = self.frames.features(frames)
        _, states = self.encoder(tf.transpose(features, [1, 0, 2]), lengths=lengths, seed=seed)
        encoding = states[-1][0]
        if self.context_size:
            lengths = tf.fill([size], steps) if lengths is None else lengths
            states = [*states, self.decoder.head.context(frames, lengths)]
        return states, encoding

    def continue_(
        self,
        states: list,
        first: tf.Tensor,
        z: tf.Tensor,
        temperature: tf.Tensor,
        noise: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, list]:
        """Returns the frames that follow, [B, F, frame], each fed with the one before.

        The last of them [B, frame] and the states after it are what going on from there takes.

        Args:
            states: of the encoder, or those after earlier frames.
            first: the last frame before, [B, frame].
            z: at each frame, [F, B, Z].
            temperature: [B]; 0 takes means and likeliest classes.
            noise: uniform numbers, [F, B, frame].
        """
        decode = self.decoder.stepper()

        def step(time, frame, states):
            parameters, states = self._step(decode, frame, z[time], states)
            drawn = self._drawn(parameters, temperature, noise[time])
            return drawn, drawn, states

        return unroll(step, first, states, tf.shape(z)[0], self.frames.frame_size)

    @tf.function(reduce_retracing=True, autograph=False)
    def reconstruct(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the posterior's mean and stddev [B, Z], and clips [B, N, 1] gone on with.

        The first half of each is as it was; from there on the model feeds itself, z being zeros,
        the prior's mean.
        """
        clips, width = batch["inputs"], self.frames.frame_size
        size, half = tf.shape(clips)[0], self.num_frames // 2
        before, _, lengths = self.cut(clips, None)
        states, _ = self.encode(before, lengths["before"])
        steps = self.num_frames - half
        z = tf.zeros([steps, size, self.settings.z_size])
        noise = tf.zeros([steps, size, width])
        first = self.last_frame(states, before, lengths["before"])
        after, _, _ = self.continue_(states, first, z, tf.zeros([size]), noise)
        decoded = tf.concat([clips[:, : half * width], tf.reshape(after, [size, -1, 1])], axis=1)
        decoded = tf.pad(decoded, [[0, 0], [0, tf.shape(clips)[1] - tf.shape(decoded)[1]], [0, 0]])
        return z[0], z[0], decoded

    def last_frame(self, states: list, frames: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Returns what going on is fed first, [B, frame]: the last frame that was heard.

        Args:
            states: after `frames`.
            frames: what was heard, [B, F, frame].
            lengths: frames that count, [B].
        """
        return tf.gather(frames, lengths - 1, axis=1, batch_dims=1)

    def _fed_size(self):
        return self.frames.feature_size + self.settings.z_size + self.context_size

    def _judged(self, states, z, first, after, lengths, seed, sampling_probability):
        """Returns what the head judges: parameters, targets and the lengths of both."""
        shifted = tf.concat([first[:, None], after[:, :-1]], axis=1)
        parameters = self._taught(states, z, shifted, seed, sampling_probability)
        flat = tf.reshape(parameters, [tf.shape(first)[0], -1, self.frames.values])
        targets = tf.reshape(after, [tf.shape(first)[0], -1, 1])
        return flat, targets, lengths * self.frames.frame_size

    def _summarised(self, states, after, lengths):
        """Returns features [B, F, E] of what follows, for the posterior, and their lengths."""
        return self.frames.features(after), lengths

    def _taught(self, states, z, shifted, seed, sampling_probability):
        """Returns parameters [B, F, frame, P], fed the truth or, by chance, own frames."""
        if sampling_probability is None:
            states, context = self._apart(states)
            still = tf.concat([z, context], axis=-1)[:, None]
            repeated = tf.repeat(still, tf.shape(shifted)[1], axis=1)
            inputs = tf.concat([self.frames.features(shifted), repeated], axis=-1)
            outputs, _ = self.decoder(
                tf.transpose(inputs, [1, 0, 2]), states=states, seed=fold(seed, 2)
            )
            context = tf.repeat(context[:, None], tf.shape(shifted)[1], axis=1)
            return self._parameters(tf.transpose(outputs, [1, 0, 2]), shifted, context)
        size = tf.shape(z)[0]
        truth = tf.transpose(tf.concat([shifted[:, 1:], shifted[:, -1:]], axis=1), [1, 0, 2])
        key = tf.zeros([2], tf.int32) if seed is None else fold(seed, 3)
        width = self.frames.frame_size
        emitted, decode = width * self.frames.values, self.decoder.stepper()

        def step(time, frame, states):
            parameters, states = self._step(decode, frame, z, states, fold(seed, time))
            uniform = tf.random.stateless_uniform([size, width + 1], fold(key, time))
            own = tf.stop_gradient(self._drawn(parameters, tf.ones([size]), uniform[:, 1:]))
            coin = uniform[:, :1]
            following = tf.where(coin < sampling_probability, own, truth[time])
            return tf.reshape(parameters, [size, emitted]), following, states

        found = unroll(step, shifted[:, 0], states, tf.shape(shifted)[1], emitted)[0]
        return tf.reshape(found, [size, -1, self.frames.frame_size, self.frames.values])

    def _step(self, decode, frame, z, states, seed=None):
        lstm_states, context = self._apart(states)
        inputs = tf.concat([self.frames.features(frame), z, context], axis=-1)
        hidden, lstm_states = decode(inputs, lstm_states, seed)
        states = [*lstm_states, context] if self.context_size else lstm_states
        return self._parameters(hidden, frame, context), states

    def _apart(self, states):
        """Returns the decoder's states and the context [B, C], which has no size without one."""
        if self.context_size:
            return states[:-1], states[-1]
        return states, tf.zeros([tf.shape(states[0][0])[0], 0])

    def _parameters(self, hidden, frames, context):
        """Returns parameters [..., frame, P] of hidden vectors, the frames before and a context."""
        parameters = self.frames.parameters(hidden)
        if not self.context_size:
            return parameters
        return self.decoder.head.carried(parameters, frames, context)

    def _drawn(self, parameters, temperature, noise):
        """Returns a frame [B, frame] of parameters [B, frame, P] and noise [B, frame]."""
        head, width = self.decoder.head, self.frames.frame_size
        flat = tf.reshape(parameters, [-1, self.frames.values])
        drawn = head.sample(flat, tf.repeat(temperature, width), tf.reshape(noise, [-1, 1]))
        return tf.reshape(drawn, [-1, width])

    def _draw_z(self, encoding, states, after, lengths, noise):
        if self.latent is None:
            size = tf.shape(encoding)[0]
            return tf.zeros([size, 0]), tf.zeros([size, 0]), tf.zeros([size])
        features, lengths = self._summarised(states, after, lengths)
        _, summary = self.summary(tf.transpose(features, [1, 0, 2]), lengths=lengths)
        posterior = self.latent(tf.concat([encoding, summary[-1][0]], axis=-1))
        mean = posterior.mean()
        z = mean + posterior.stddev() * noise
        return z, mean, posterior.kl_divergence(self.latent.prior())
