"""What a continuation answers, as named tensors; see `named_functions`.

Every shape is fixed but the batch, so that a server can batch requests: a sound is heard a clip of
the model's length at once, and gone on with block by block, states passed from call to call.
"""

import tensorflow as tf

from lofi_tf.models.common.named_functions import NamedFunctions, NoiseSpec
from lofi_tf.models.continuation.model import Continuation
from lofi_tf.models.sequence.cores import flat_states, split_states


class ContinuationInterface(NamedFunctions):
    """The named functions of a continuation.

    `encode` takes `inputs` [B, N, 1], N the samples of a clip, of which each row's first `lengths`
    count; of these the last whole frames are heard, one at least. It answers `states` and the last
    `frame`. `continue` takes these, a temperature and a seed for each row, and with a latent `z`
    [B, F, Z], one for each frame; it answers as many `outputs` [B, N, 1], N = F frames, and the
    `states` and `frame` to go on from.

    Args:
        model: the model.
        config_yaml: answered by `describe`.

    Attributes:
        functions: a concrete function of keyword tensors for `encode`, `continue`, `describe`.
    """

    default = "continue"

    def __init__(self, model: Continuation, config_yaml: str):
        self.model, self.units = model, model.settings.rnn_size
        self.z_size, self.num_frames = model.settings.z_size, model.num_frames
        width = model.frames.frame_size
        clip = {"inputs": [self.num_frames * width, 1], "lengths": []}
        states_size = 2 * sum(self.units) + model.context_size
        onwards = {"states": [states_size], "frame": [width], "temperature": [], "seed": []}
        if self.z_size:
            onwards["z"] = [self.num_frames, self.z_size]
        asked = {"encode": _rows(clip), "continue": _rows(onwards)}
        super().__init__(asked, config_yaml, self.num_frames * width)
        self.draws = {"continue": NoiseSpec(self.num_frames, width)}

    def _encode(self, inputs, lengths):
        width = self.model.frames.frame_size
        valid = tf.maximum(lengths // width, 1)
        places = tf.range(self.steps)[None] + (tf.maximum(lengths, width) % width)[:, None]
        sound = tf.gather(inputs[..., 0], tf.minimum(places, self.steps - 1), batch_dims=1)
        frames = tf.reshape(sound, [-1, self.num_frames, width])
        states, _ = self.model.encode(frames, valid)
        frame = self.model.last_frame(states, frames, valid)
        return {"states": self._flat(states), "frame": frame}

    def _continue(self, states, frame, temperature, noise, z=None):
        if z is None:
            z = tf.zeros([tf.shape(frame)[0], self.num_frames, 0])
        z, noise = (tf.transpose(part, [1, 0, 2]) for part in (z, noise))
        frames, last, after = self.model.continue_(
            self._split(states), frame, z, temperature, noise
        )
        outputs = tf.reshape(frames, [-1, self.steps, 1])
        return {"outputs": outputs, "states": self._flat(after), "frame": last}

    def _flat(self, states):
        """Returns states side by side, and the context after them."""
        if not self.model.context_size:
            return flat_states(states)
        return tf.concat([flat_states(states[:-1]), states[-1]], axis=-1)

    def _split(self, flat):
        size = 2 * sum(self.units)
        context = [flat[:, size:]] if self.model.context_size else []
        return [*split_states(flat[:, :size], self.units), *context]


def _rows(shapes):
    kinds = {"lengths": tf.int32, "seed": tf.int64}
    return {
        name: tf.TensorSpec([None, *shape], kinds.get(name, tf.float32))
        for name, shape in shapes.items()
    }
