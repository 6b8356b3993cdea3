"""What a model of sound and notes answers, as named tensors; see `named_functions`.

A row is a frame: a spectrum as the model sees it (0 is the converter's `floor_db`, 1 is 0 dB), or
the symbols of all instruments (`data/symbols.py`). Nothing is drawn but by `sample`.
"""

import tensorflow as tf

from lofi_tf.models.common.named_functions import NamedFunctions, NoiseSpec
from lofi_tf.models.crossmodal.model import CrossModal


class CrossInterface(NamedFunctions):
    """The named functions of a model of sound and notes.

    `transcribe` takes `spectra` [B, F] and answers the posterior, `mean` and `stddev` [B, Z], and
    the `probabilities` [B, S] of symbols at its mean. `synthesize` takes `symbols` [B, S] and
    answers the posterior and the `spectra` [B, F] at its mean. `decode` takes `z` [B, Z] to both,
    and `sample` a `seed` for each row to z, drawn of the prior, and both.

    Args:
        model: the model.
        config_yaml: answered by `describe`.

    Attributes:
        functions: a concrete function of keyword tensors for `transcribe`,
            `synthesize`, `decode`, `sample`, `describe`.
    """

    default = "transcribe"

    def __init__(self, model: CrossModal, config_yaml: str):
        self.model = model
        asked = {
            "transcribe": {"spectra": tf.TensorSpec([None, model.signal.out.units])},
            "synthesize": {"symbols": tf.TensorSpec([None, model.layout.depth])},
            "decode": {"z": tf.TensorSpec([None, model.signal.dims[0]])},
            "sample": {"seed": tf.TensorSpec([None], tf.int64)},
        }
        super().__init__(asked, config_yaml, steps=1)
        self.draws = {"sample": NoiseSpec(None, sum(model.signal.dims))}

    def _transcribe(self, spectra):
        posterior = self.model.signal.encode(spectra).posteriors[0]
        return {**_moments(posterior), "probabilities": self._probabilities(posterior.mean())}

    def _synthesize(self, symbols):
        posterior = self.model.symbol.encode(symbols).posteriors[0]
        return {**_moments(posterior), "spectra": self.model.signal.decode(posterior.mean())}

    def _sample(self, noise):
        z = self.model.signal.lowest(noise)
        return {"z": z, **self._decode(z)}

    def _decode(self, z):
        return {"spectra": self.model.signal.decode(z), "probabilities": self._probabilities(z)}

    def _probabilities(self, z):
        return self.model.probabilities(self.model.symbol.decode(z))


def _moments(posterior):
    return {"mean": posterior.mean(), "stddev": posterior.stddev()}
