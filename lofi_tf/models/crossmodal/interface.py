"""What a model of sound and notes answers, as named tensors; see `named_functions`.

A row is a frame: a spectrum as the model sees it (0 is the converter's `floor_db`, 1 is 0 dB), or
the symbols of all instruments (`data/symbols.py`). Nothing is drawn but by `sample`.
"""

import tensorflow as tf

from lofi_tf.models.common.named_functions import NamedFunctions, by_chunks
from lofi_tf.models.common.noise import row_normal, row_seeds
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

    def _transcribe(self, spectra):
        def rows(spectra):
            posterior = self.model.signal.encode(spectra).posteriors[0]
            probabilities = self._probabilities(posterior.mean())
            return {**_moments(posterior), "probabilities": probabilities}

        return by_chunks(rows, {"spectra": spectra})

    def _synthesize(self, symbols):
        def rows(symbols):
            posterior = self.model.symbol.encode(symbols).posteriors[0]
            return {**_moments(posterior), "spectra": self.model.signal.decode(posterior.mean())}

        return by_chunks(rows, {"symbols": symbols})

    def _decode(self, z):
        return by_chunks(self._both, {"z": z})

    def _sample(self, seed):
        def rows(seed):
            z = self.model.signal.lowest(row_normal(row_seeds(seed), sum(self.model.signal.dims)))
            return {"z": z, **self._both(z)}

        return by_chunks(rows, {"seed": seed})

    def _both(self, z):
        return {"spectra": self.model.signal.decode(z), "probabilities": self._probabilities(z)}

    def _probabilities(self, z):
        return self.model.probabilities(self.model.symbol.decode(z))


def _moments(posterior):
    return {"mean": posterior.mean(), "stddev": posterior.stddev()}
