"""LSTMs over the frames of clips of sound of one length; see `clip_nets`."""

import keras
import tensorflow as tf

from lofi_tf.models.layers.dense import dense
from lofi_tf.models.layers.lstm import LSTMStack
from lofi_tf.models.sound.clip_nets import SLOPE, near_silence
from lofi_tf.settings import Size


class FrameLSTMEncoder(keras.layers.Layer):
    """LSTMs over the frames of a clip, in time.

    Args:
        steps, depth: of the clips.
        num_layers: LSTM layers.
        output_neurons: units of each.
        frame_size: samples T of a frame; the last is filled up with zeros.
        by_frame: whether the encoding is a linear layer over all frames and what the last layer
            says of each; else it is the last layer's last output, which has to remember all.
        middle_ground: width of that linear layer; without `by_frame` unused here.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        num_layers: Size = 2,
        output_neurons: Size = 100,
        frame_size: Size = 100,
        middle_ground: Size = 100,
        by_frame: bool = False,
    ):
        super().__init__(name="encoder")
        self.output_size, self.frame_size = output_neurons, frame_size
        self.stack = LSTMStack(frame_size * depth, [output_neurons] * num_layers)
        self.wide = None
        if by_frame:
            self.output_size = middle_ground
            self.flat_size = -(-steps // frame_size) * (output_neurons + frame_size * depth)
            self.wide = dense(self.flat_size, middle_ground, "wide")
        self.built = True

    def call(
        self, inputs: tf.Tensor, lengths: tf.Tensor | None = None, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the encoding [B, H] of clips [B, T, C]; `lengths` and `seed` change nothing."""
        frames = to_frames(inputs, self.frame_size)
        outputs, _ = self.stack(tf.transpose(frames, [1, 0, 2]))  # [F, B, U]
        if self.wide is None:
            return outputs[-1]
        heard = tf.concat([frames, tf.transpose(outputs, [1, 0, 2])], axis=-1)
        return self.wide(tf.reshape(heard, [-1, self.flat_size]))


class FrameLSTMGenerator(keras.layers.Layer):
    """LSTMs that are fed z at each frame, then two dense layers a frame.

    Args:
        steps, depth: of the clips.
        z_size: size Z.
        num_layers, output_neurons, frame_size: as of the encoder.
        middle_ground: width of the first dense layer.
        by_frame: whether each frame has a linear layer of its own from z to what the LSTMs and the
            dense layers are fed there, as wide as an LSTM; else all are fed the same z.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        z_size: int,
        num_layers: Size = 2,
        output_neurons: Size = 100,
        frame_size: Size = 100,
        middle_ground: Size = 100,
        by_frame: bool = False,
    ):
        super().__init__(name="net")
        self.steps, self.depth, self.frame_size = steps, depth, frame_size
        self.num_frames, self.width = -(-steps // frame_size), output_neurons
        self.wide = dense(z_size, self.num_frames * self.width, "wide") if by_frame else None
        fed_size = self.width if by_frame else z_size
        self.stack = LSTMStack(fed_size, [output_neurons] * num_layers)
        middle_size = output_neurons + (fed_size if by_frame else 0)
        self.middle = dense(middle_size, middle_ground, "middle")
        self.out = dense(middle_ground, frame_size * depth, "out", near_silence())
        self.built = True

    def call(self, z: tf.Tensor) -> tf.Tensor:
        """Returns clips [B, T, C]."""
        if self.wide is None:
            outputs, _ = self.stack(tf.repeat(z[None], self.num_frames, axis=0))
        else:
            fed = tf.reshape(self.wide(z), [-1, self.num_frames, self.width])
            fed = tf.transpose(fed, [1, 0, 2])  # [F, B, U]
            outputs = tf.concat([fed, self.stack(fed)[0]], axis=-1)
        frames = self.out(tf.nn.leaky_relu(self.middle(outputs), SLOPE))  # [F, B, frame * C]
        clips = tf.reshape(
            tf.transpose(frames, [1, 0, 2]),
            [-1, self.num_frames * self.frame_size, self.depth],
        )
        return clips[:, : self.steps]


def to_frames(clips: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the frames [B, F, size * C] of clips [B, T, C], the last filled up with zeros."""
    steps, depth = clips.shape[1:]
    padded = tf.pad(clips, [[0, 0], [0, -steps % size], [0, 0]])
    return tf.reshape(padded, [-1, -(-steps // size), size * depth])
