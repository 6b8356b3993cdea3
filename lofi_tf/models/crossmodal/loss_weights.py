"""How the parts of a cross-modal loss are weighed."""

import dataclasses

from lofi_tf.data.converters.options import choice
from lofi_tf.errors import LofiError

REGULARIZATIONS = ("kld", "l2")


@dataclasses.dataclass(frozen=True)
class Ties:
    """How the parts of the loss are weighed; the names are those of the seed.

    Attributes:
        beta_1, beta_2: of the KL divergences of sound and of symbols.
        cross_1: of the divergence of sound's posterior from that of symbols.
        cross_2: of the divergence the other way round.
        regularization_type: `kld`, or `l2`: the squared distance of the posteriors' means, weighed
            by cross_1 + cross_2.
        transfer_1, transfer_2: of the reconstruction of symbols from sound's latents, and of sound
            from those of symbols.
    """

    beta_1: float = 1.0
    beta_2: float = 1.0
    cross_1: float = 10.0
    cross_2: float = 0.0
    regularization_type: str = "kld"
    transfer_1: float = 0.0
    transfer_2: float = 0.0

    def __post_init__(self):
        choice(*REGULARIZATIONS).check("regularization_type", self.regularization_type)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name != "regularization_type" and not value >= 0:
                raise LofiError(f"{field.name} must be 0 or more. Received: {value!r}")
