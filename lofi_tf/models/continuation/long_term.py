"""A continuation that recalls: each frame goes on from an earlier place of what was heard.

The lag after which the sound comes again is measured (`periods`), and what was heard that long ago,
over and over, is what the next frame starts from: a loop keeps its beat, a tone its pitch. The
LSTMs say how much of it is trusted and how the levels change, within bounds (`gain_control`). z is
an equaliser: it lifts or lowers bands by a bounded amount, and what the model feeds itself is
without it, so that nothing adds up.
"""

import math
from typing import NamedTuple

import keras
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.continuation.frame_heads import level_of
from lofi_tf.models.continuation.gain_control import bounded_ratio, heard_fall, running
from lofi_tf.models.continuation.long_term_head import FIRST_SHARES, RecallHead
from lofi_tf.models.continuation.model import Continuation
from lofi_tf.models.continuation.periods import repeat_lag
from lofi_tf.models.layers.dense import dense
from lofi_tf.models.layers.lstm import fold
from lofi_tf.models.layers.unroll import unroll

STYLE_DB = 6.0  # what z lifts or lowers a band by at most
LEAST_LAG = 2  # frames
MIDDLE_LEVEL, LEVEL_SPAN = -6.0, 3.0  # log levels that become 0, and 1 away from it


class Memory(NamedTuple):
    """What is kept of what was heard, and of the last frame; each [B, ...].

    Attributes:
        recent: the last samples that were heard, [B, M].
        level, error: log levels of all that was heard, and of its difference to earlier places,
            [B, S] each.
        last, last_error: the last frame without its style, and its difference, [B, S] each.
        said, copied, made: running powers of what the model says, of the earlier places, and of
            what was drawn, [B, S] each.
        lag: samples after which the sound comes again, [B, 1].
        phase: samples into it, [B, 1].
        fall, floor: what the level was heard to fall to in a lag, and has fallen to, [B, 1] each.
    """

    recent: tf.Tensor
    level: tf.Tensor
    error: tf.Tensor
    last: tf.Tensor
    last_error: tf.Tensor
    said: tf.Tensor
    copied: tf.Tensor
    made: tf.Tensor
    lag: tf.Tensor
    phase: tf.Tensor
    fall: tf.Tensor
    floor: tf.Tensor


@keras.saving.register_keras_serializable(package="lofi_tf")
class RecallingContinuation(Continuation):
    """A `Continuation` of lapped frames; the arguments are the same.

    A frame is fed, drawn and judged as coefficients. The last frame of what was heard reaches into
    what follows, of which the earlier place has to stand for the truth. The last of the states is
    the `Memory`, side by side.

    Raises:
        LofiError: another head than `recall`, or a clip of fewer than four frames.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not isinstance(self.decoder.head, RecallHead) or self.num_frames < 4:
            raise LofiError(
                "lapped_frames need a head of kind recall, and a clip of four frames or more. "
                f"Received: {type(self.decoder.head).__name__}, {self.num_frames} frames"
            )
        self.memory_sizes = memory_sizes(self.frames.frame_size, self.num_frames)
        self.context_size = sum(self.memory_sizes)
        self.style = None
        if self.settings.z_size:
            size = self.frames.feature_size
            self.style = dense(self.settings.z_size, size, "style", use_bias=False)

    def encode(
        self, frames: tf.Tensor, lengths: tf.Tensor | None = None, seed: tf.Tensor | None = None
    ) -> tuple[list, tf.Tensor]:
        """Returns the states after frames of samples [B, F, S], and the encoding [B, U]."""
        if lengths is None:
            lengths = tf.fill([tf.shape(frames)[0]], tf.shape(frames)[1])
        coefficients = self.frames.analysis(_after_silence(frames))
        features = self._scaled(self.decoder.head.levels(coefficients))
        heard = tf.transpose(features, [1, 0, 2])
        _, states = self.encoder(heard, lengths=lengths, seed=seed)
        memory = self._memory(frames, coefficients, lengths)
        return [*states, tf.concat(memory, axis=-1)], states[-1][0]

    def last_frame(self, states: list, frames: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Returns the coefficients [B, S] of the last frame, which reaches into what follows."""
        return self._split(states[-1]).last

    def continue_(
        self,
        states: list,
        first: tf.Tensor,
        z: tf.Tensor,
        temperature: tf.Tensor,
        noise: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, list]:
        """Returns the samples of the frames that follow, [B, F, S]; see `Continuation`.

        The frame to go on from, and `first`, are coefficients with their style.
        """
        *lstm, memory = states
        kept, decode = self._split(memory), self.decoder.stepper()

        def step(time, _, states):
            lstm, now = states
            earlier = self._earlier(kept.recent, kept.lag, now.phase)
            levels = self._levels(kept, earlier, now.last, now.last_error)
            hidden, lstm = decode(self._fed(levels), lstm)
            gain, raw = self._gain(z[time]), self.frames.parameters(hidden)
            parameters = self.decoder.head.distribution(raw, earlier, levels, gain)
            now, ratio = self._followed(now, parameters, earlier, gain)
            copied = tf.exp(gain) * ratio * earlier
            drawn = self.decoder.head.sample(parameters, copied, temperature[:, None], noise[time])
            now, plain = self._held(now, drawn * tf.exp(-gain), earlier)
            drawn = tf.exp(gain) * plain
            return drawn, drawn, (lstm, now)

        begin = lstm, kept._replace(recent=kept.recent[:, :0])  # which stays as it is
        frames, last, (lstm, now) = unroll(
            step, first, begin, tf.shape(z)[0], self.frames.frame_size
        )
        sound = self.frames.synthesis(tf.concat([first[:, None], frames], axis=1))
        sound = tf.clip_by_value(sound, -1.0, 1.0)
        return sound, last, [*lstm, tf.concat(now._replace(recent=kept.recent), axis=-1)]

    def _followed(self, now, parameters, earlier, gain):
        """Returns the memory with powers a frame later, and the ratio of a copy to its place.

        Each frame's own level is what the model cannot be sure of: copied frames keep theirs, and
        follow what it says of all frames together.
        """
        mean, log_sigma = tf.unstack(parameters, axis=-1)
        power = self.decoder.head.power
        said = (power(mean) + tf.exp(2.0 * log_sigma)) * tf.exp(-2.0 * gain)
        now = now._replace(said=running(now.said, said), copied=running(now.copied, power(earlier)))
        return now, bounded_ratio(now.said, now.copied, now.floor)[1]

    def _held(self, now, plain, earlier):
        """Returns the memory after a drawn frame [B, S], and the frame at a level within bounds."""
        made = running(now.made, self.decoder.head.power(plain))
        ratio, bounded = bounded_ratio(made, now.copied, now.floor)
        plain = plain * bounded / ratio
        phase = now.phase + self.frames.frame_size
        floor = now.floor * tf.pow(now.fall, phase // now.lag)
        now = now._replace(made=made, floor=floor, phase=tf.math.floormod(phase, now.lag))
        return now._replace(last=plain, last_error=plain - earlier), plain

    def _judged(self, states, z, first, after, lengths, seed, sampling_probability):
        *lstm, memory = states
        kept, gain = self._split(memory), self._gain(z)[:, None]
        truth, earlier = self._both(kept, after)
        plain = truth * tf.exp(-gain)
        last = tf.concat([kept.last[:, None], plain[:, :-1]], axis=1)
        error = tf.concat([kept.last_error[:, None], (plain - earlier)[:, :-1]], axis=1)
        if sampling_probability is None:
            levels = self._levels(kept, earlier, last, error)
            fed = tf.transpose(self._fed(levels), [1, 0, 2])
            outputs, _ = self.decoder(fed, states=lstm, seed=fold(seed, 2))
            raw = self.frames.parameters(tf.transpose(outputs, [1, 0, 2]))
            parameters = self.decoder.head.distribution(raw, earlier, levels, gain)
        else:
            fed = tf.concat([last, error], axis=-1)
            parameters = self._mixed(
                kept, lstm, gain[:, 0], earlier, fed, seed, sampling_probability
            )
        return parameters, truth, lengths - 1

    def _mixed(self, kept, lstm, gain, earlier, fed, seed, sampling_probability):
        """Returns parameters [B, F, S, 2], fed the truth [B, F, 2 S] or, by chance, own frames."""
        size, width = tf.shape(gain)[0], self.frames.frame_size
        key = tf.zeros([2], tf.int32) if seed is None else fold(seed, 3)
        following = tf.concat([fed[:, 1:], fed[:, -1:]], axis=1)
        decode = self.decoder.stepper()

        def step(time, fed, lstm):
            levels = self._levels(kept, earlier[:, time], *tf.split(fed, 2, axis=-1))
            hidden, lstm = decode(self._fed(levels), lstm, fold(seed, time))
            raw = self.frames.parameters(hidden)
            parameters = self.decoder.head.distribution(raw, earlier[:, time], levels, gain)
            uniform = tf.random.stateless_uniform([size, width + 1], fold(key, time))
            drawn = self.decoder.head.sample(
                parameters, earlier[:, time], tf.ones([size, 1]), uniform[:, 1:]
            )
            plain = drawn * tf.exp(-gain)
            own = tf.stop_gradient(tf.concat([plain, plain - earlier[:, time]], axis=-1))
            chosen = tf.where(uniform[:, :1] < sampling_probability, own, following[:, time])
            return tf.reshape(parameters, [size, 2 * width]), chosen, lstm

        found = unroll(step, fed[:, 0], lstm, tf.shape(fed)[1], 2 * width)[0]
        return tf.reshape(found, [size, -1, width, 2])

    def _summarised(self, states, after, lengths):
        """How the levels of what follows differ from those of the earlier places."""
        truth, earlier = self._both(self._split(states[-1]), after)
        levels = self.decoder.head.levels
        difference = levels(truth) - levels(earlier)
        return self.frames.features(difference) / LEVEL_SPAN, lengths - 1

    def _both(self, kept, after):
        """Returns the coefficients of what follows and of its earlier places, [B, F - 1, S]."""
        truth = self.frames.analysis(after)
        begins = tf.range(tf.shape(truth)[1]) * self.frames.frame_size
        phases = tf.cast(begins, tf.float32)[None, :, None] + kept.phase[:, None]
        return truth, self._earlier(kept.recent, kept.lag[:, None], phases)

    def _memory(self, frames, coefficients, lengths):
        width, recent_size = self.frames.frame_size, self.memory_sizes[0]
        samples = lengths * width
        sound = tf.reshape(frames, [tf.shape(frames)[0], -1])
        sound = tf.where(tf.sequence_mask(samples, tf.shape(sound)[1]), sound, 0.0)
        lag = repeat_lag(sound, samples, LEAST_LAG * width, recent_size)
        places = samples[:, None] - recent_size + tf.range(recent_size)[None]
        recent = _taken(sound, places)
        lag = tf.cast(lag, tf.float32)[:, None]
        begin = self._window(recent, lag, tf.zeros_like(lag))[..., :width]
        last = self.frames.transform(tf.concat([recent[:, -width:], begin], axis=-1))
        last_error = last - self._earlier(recent, lag, tf.zeros_like(lag) - width)
        level = self._mean_level(coefficients, lengths, 0.0 * lag - width, last)
        back = tf.range(tf.shape(sound)[1])[None] - tf.cast(lag, tf.int32)
        lagged = tf.reshape(_taken(sound, back), tf.shape(frames))
        errors = coefficients - self.frames.analysis(_after_silence(lagged))
        error = self._mean_level(errors, lengths, lag, last_error)
        power, fall = tf.exp(2.0 * level), heard_fall(sound, samples, tf.cast(lag[:, 0], tf.int32))
        still = recent, level, error, last, last_error, power, power, power
        return Memory(*still, lag, tf.zeros_like(lag), fall, fall)

    def _mean_level(self, frames, lengths, begin, last):
        """Returns the log level of frames [B, F, S] from samples `begin` on, and of the last."""
        steps = tf.range(tf.shape(frames)[1])[None]
        starts = tf.cast((steps - 1) * self.frames.frame_size, tf.float32)
        counts = tf.cast((steps < lengths[:, None]) & (starts >= begin), tf.float32)[..., None]
        power = tf.reduce_sum(counts * self.decoder.head.power(frames), 1)
        mean = (power + self.decoder.head.power(last)) / (tf.reduce_sum(counts, 1) + 1.0)
        return level_of(mean)

    def _earlier(self, recent, lag, phase):
        """Returns the coefficients [..., S] of earlier places, `phase` [..., 1] samples into it."""
        return self.frames.transform(self._window(recent, lag, phase))

    def _window(self, recent, lag, phase):
        """Returns the samples [..., 2 S] from a phase on: those of the last lag, over and over."""
        places = phase + tf.range(2.0 * self.frames.frame_size)
        places = tf.where(places < 0.0, places, tf.math.floormod(places, lag)) - lag
        return _taken(recent, self.memory_sizes[0] + tf.cast(places, tf.int32))

    def _levels(self, kept, earlier, last, error):
        """Returns the log levels that the head takes, [..., 5, S]."""
        levels, shape = self.decoder.head.levels, tf.shape(earlier)
        apart = tf.concat([shape[:1], tf.ones_like(shape[1:-1]), shape[-1:]], axis=0)
        still = [tf.broadcast_to(tf.reshape(one, apart), shape) for one in (kept.level, kept.error)]
        return tf.stack([levels(earlier), levels(last), still[0], levels(error), still[1]], axis=-2)

    def _fed(self, levels):
        bands = self._scaled(levels)  # [..., 5, K]
        return tf.reshape(bands, tf.concat([tf.shape(levels)[:-2], [self._fed_size()]], axis=0))

    def _fed_size(self):
        return len(FIRST_SHARES) * self.frames.feature_size

    def _scaled(self, levels):
        return (self.frames.features(levels) - MIDDLE_LEVEL) / LEVEL_SPAN

    def _gain(self, z):
        """Returns the natural logarithm of what the style multiplies by, [..., S] of z [..., Z]."""
        if self.style is None:
            return tf.zeros([tf.shape(z)[0], self.frames.frame_size])
        most = STYLE_DB / 20.0 * math.log(10.0)
        return self.frames.spread_out(most * tf.tanh(self.style(z)))

    def _split(self, memory):
        kept = Memory(*tf.split(memory, self.memory_sizes, axis=-1))
        able = {
            name: tf.nn.relu(getattr(kept, name)) for name in ("said", "copied", "made", "phase")
        }
        able |= {
            name: tf.clip_by_value(getattr(kept, name), 0.0, 1.0) for name in ("fall", "floor")
        }
        return kept._replace(lag=tf.maximum(kept.lag, 1.0), **able)  # whatever a server is sent


def memory_sizes(frame_size: int, num_frames: int) -> list[int]:
    """Returns the sizes of a `Memory`'s parts, for frames of a size and a clip of so many."""
    return [num_frames // 2 * frame_size, *[frame_size] * 7, 1, 1, 1, 1]


def _after_silence(frames):
    """Returns frames [B, F + 1, S]: the first that is heard comes after one of silence."""
    return tf.pad(frames, [[0, 0], [1, 0], [0, 0]])


def _taken(values, places):
    """Returns values [B, N] at places [B, ...], none beyond the last; before the first it is 0."""
    shape = tf.shape(places)
    flat = tf.reshape(places, [shape[0], -1])
    inside = tf.clip_by_value(flat, 0, tf.shape(values)[1] - 1)
    found = tf.gather(values, inside, axis=1, batch_dims=1)
    return tf.reshape(tf.where(flat >= 0, found, 0.0), shape)
