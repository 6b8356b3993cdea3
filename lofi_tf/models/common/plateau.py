"""A learning rate that falls where evaluations no longer improve; its state is saved with a run."""

import tensorflow as tf

THRESHOLD = 1e-4  # share of the best loss by which a better one must be lower


class Plateau(tf.Module):
    """Scales the learning rate down after evaluations that are no better; follows PyTorch.

    As `torch.optim.lr_scheduler.ReduceLROnPlateau` with its defaults: with a patience of 3, three
    evaluations in turn without improvement are let pass, the fourth scales the rate.

    Args:
        factor: by which the rate is multiplied, in (0, 1).
        patience: evaluations without improvement that change nothing.
    """

    def __init__(self, factor: float, patience: int):
        super().__init__()
        self.factor, self.patience = factor, patience
        self.scale = tf.Variable(1.0, trainable=False, name="scale")
        self.best = tf.Variable(float("inf"), trainable=False, dtype=tf.float64, name="best")
        self.num_worse = tf.Variable(0, trainable=False, dtype=tf.int64, name="num_worse")
        self.last_step = tf.Variable(0, trainable=False, dtype=tf.int64, name="last_step")

    @classmethod
    def of(cls, factor: float, patience: int) -> "Plateau | None":
        """Returns a plateau; None where the factor changes nothing."""
        return cls(factor, patience) if factor < 1 else None

    def update(self, step: int, loss: float) -> bool:
        """Takes in the loss of an evaluation; returns whether the rate falls.

        An evaluation of a step that it has heard of already counts for nothing.
        """
        if step <= int(self.last_step):
            return False
        self.last_step.assign(step)
        if loss < float(self.best) * (1.0 - THRESHOLD):
            self.best.assign(loss)
            self.num_worse.assign(0)
            return False
        self.num_worse.assign_add(1)
        if int(self.num_worse) <= self.patience:
            return False
        self.num_worse.assign(0)
        self.scale.assign(self.scale * self.factor)
        return True
