"""Adam in one operation a variable."""

import keras
import tensorflow as tf


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, its update as TensorFlow's one operation in place of a dozen.

    Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization". Variables, arguments and numbers
    are those of `keras.optimizers.Adam` (up to rounding); `amsgrad` is not there. Gradients are of
    the whole batch already, in every replica of a strategy: Keras would add up what the replicas
    bring, but a bound of the gradients' norm is one of the whole batch's.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars):
        return grads_and_vars

    def update_step(
        self,
        gradient: tf.Tensor,
        variable: tf.Variable | keras.Variable,
        learning_rate: tf.Tensor,
    ) -> None:
        """Changes a variable and its moments once."""
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )


def _handle(variable: tf.Variable | keras.Variable) -> tf.Tensor:
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
