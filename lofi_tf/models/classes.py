"""The classes of models: where this is imported, `keras.models.load_model` knows them.

>>> import keras, lofi_tf.models.classes
>>> model = keras.models.load_model("model.keras")
"""

from lofi_tf.models.continuation.gan import ContinuationGAN
from lofi_tf.models.continuation.long_term import RecallingContinuation
from lofi_tf.models.continuation.model import Continuation
from lofi_tf.models.crossmodal.model import AdversarialCrossModal, CrossModal
from lofi_tf.models.sequence.vae import AdversarialVAE, MusicVAE

CLASSES = (
    MusicVAE,
    AdversarialVAE,
    Continuation,
    RecallingContinuation,
    ContinuationGAN,
    CrossModal,
    AdversarialCrossModal,
)
