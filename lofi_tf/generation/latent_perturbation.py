"""Latents near other latents.

A neighbour of a latent m is cos(a) m + sin(a) e, where e is drawn from the prior and a is
amount * pi / 2. At 0 it is m, at 1 a new sample; between them the variance stays that of the two,
because the squares of their weights add to one.
"""

import numpy as np

from lofi_tf.errors import check_range

AMOUNT = 0.3  # of a variation
CHAIN_AMOUNT = 0.2  # of the windows of one piece, which are to stay one music


def neighbours(means: np.ndarray, draws: np.ndarray, amount: float) -> np.ndarray:
    """Returns latents between means and draws of the prior, both [N, Z] or [1, Z].

    Raises:
        LofiError: an amount outside [0, 1].
    """
    check_range("amount", amount, 0, 1)
    angle = amount * np.pi / 2
    return (np.cos(angle) * means + np.sin(angle) * draws).astype(np.float32)
