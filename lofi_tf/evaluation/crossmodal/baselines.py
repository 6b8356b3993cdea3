"""What else goes from sound to notes and back, trained on the same notes as the model."""

import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from lofi_tf.evaluation.crossmodal.mixtures import Frames, Recordings
from lofi_tf.models.crossmodal.model import CrossModal
from lofi_tf.progress import tracked

EPOCH_FRAMES, BATCH_SIZE = 4096, 128
PATIENCE = 4  # epochs without a better one on frames of other notes, after which a net is done
LEAST_SIGMA = math.exp(-5.0)


class Net:
    """A network that learns from drawn frames, and keeps its best epoch.

    Args:
        network: what it is.
        loss: `(truth, outputs) -> [B]`.
        pair: `frames -> (inputs, truth)`.
    """

    def __init__(self, network: keras.Model, loss: Callable, pair: Callable):
        self.network, self.pair = network, pair
        self.network.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss)
        self.best, self.weights, self.waited = np.inf, network.get_weights(), 0

    @property
    def done(self) -> bool:
        """Whether it has stopped getting better."""
        return self.waited >= PATIENCE

    def learn(self, frames: Frames, others: Frames) -> None:
        """Learns for an epoch; `others` are frames of notes that are never learned from."""
        self.network.fit(*self.pair(frames), BATCH_SIZE, verbose=0, shuffle=False)
        loss = self.network.evaluate(*self.pair(others), BATCH_SIZE, verbose=0)
        self.waited += 1
        if loss < self.best:
            self.best, self.weights, self.waited = loss, self.network.get_weights(), 0

    def finish(self) -> None:
        """Takes the best epoch's weights."""
        self.network.set_weights(self.weights)

    def answer(self, inputs: np.ndarray) -> np.ndarray:
        """Returns outputs [N, ...]; batches are all of one size, for one graph."""
        padded = np.pad(inputs, [(0, -len(inputs) % BATCH_SIZE), (0, 0)])
        return self.network.predict(padded, BATCH_SIZE, verbose=0)[: len(inputs)]


class Baselines:
    """All networks, with a model's losses of symbols and latent size, and the principal components.

    They learn from the training recordings, for `num_epochs` at most; others, of other notes, end
    that.
    """

    def __init__(
        self,
        model: CrossModal,
        training: Recordings,
        others: Recordings,
        num_epochs: int,
        seed: int,
        show_progress: bool = True,
    ):
        from sklearn.decomposition import PCA  # not with Keras, which would be slower

        random = np.random.default_rng([seed, 1])
        self.model = model
        held = others.drawn(others.as_trained(EPOCH_FRAMES // 4, random), random)
        first = training.training_frames(EPOCH_FRAMES, random)
        size = min(model.signal.dims[0], *first.spectra.shape)
        self.pca = PCA(size, svd_solver="full").fit(first.spectra)
        self.scale = self.pca.transform(first.spectra).std(axis=0) + 1e-6
        keras.utils.set_random_seed(seed)
        bands, depth = first.spectra.shape[1], first.symbols.shape[1]

        def symbol_loss(truth, logits):
            return model.symbol_nats(logits, truth)

        self.nets = {
            "pca_mlp": Net(mlp(size, depth), symbol_loss, self._components),
            "conv": Net(conv_classifier(bands, depth), symbol_loss, lambda f: f),
            "deconv": Net(deconv_synthesiser(depth, bands), "mse", lambda f: f[::-1]),
        }
        epochs = range(num_epochs)
        for _ in tracked(epochs, num_epochs, "epoch", "baselines", show_progress):
            frames = training.training_frames(EPOCH_FRAMES, random)
            for net in self.nets.values():
                if not net.done:
                    net.learn(frames, held)
        for net in self.nets.values():
            net.finish()

    def probabilities(self, name: str, spectra: np.ndarray) -> np.ndarray:
        """Returns the probabilities [N, S] of symbols by `pca_mlp` or `conv`."""
        given = self._scaled(spectra) if name == "pca_mlp" else spectra
        logits = self.nets[name].answer(given)
        return np.asarray(self.model.probabilities(tf.constant(logits)))

    def sound_of(self, symbols: np.ndarray) -> np.ndarray:
        """Returns spectra [N, F] of symbols [N, S] by `deconv`."""
        return self.nets["deconv"].answer(symbols)

    def _components(self, frames: Frames) -> tuple[np.ndarray, np.ndarray]:
        return self._scaled(frames.spectra), frames.symbols

    def _scaled(self, spectra: np.ndarray) -> np.ndarray:
        return (self.pca.transform(spectra) / self.scale).astype(np.float32)


def sigma_of(spectra: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Returns the deviation of each band [F] by which the likelihood of spectra is greatest."""
    return np.maximum(np.sqrt(np.mean(np.square(spectra - means), axis=0)), LEAST_SIGMA)


def mlp(input_size: int, output_size: int) -> keras.Model:
    """Returns a perceptron with two hidden layers."""
    layers = keras.layers
    hidden = [layers.Dense(400, activation="relu"), layers.Dense(400, activation="relu")]
    return keras.Sequential(
        [layers.Input([input_size]), *hidden, layers.Dense(output_size)], name="mlp"
    )


def conv_classifier(num_bands: int, depth: int) -> keras.Model:
    """Returns a network of convolutions along frequency, from spectra to logits of symbols."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input([num_bands]),
            layers.Reshape([num_bands, 1]),
            layers.Conv1D(32, 12, 2, padding="same", activation="relu"),
            layers.MaxPooling1D(2, padding="same"),
            layers.Conv1D(64, 5, padding="same", activation="relu"),
            layers.MaxPooling1D(2, padding="same"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(256, activation="relu"),
            layers.Dense(depth),
        ],
        name="conv_classifier",
    )


def deconv_synthesiser(depth: int, num_bands: int) -> keras.Model:
    """Returns a network of transposed convolutions, from symbols to spectra."""
    layers = keras.layers
    coarse = -(-num_bands // 8)
    surplus = 8 * coarse - num_bands
    return keras.Sequential(
        [
            layers.Input([depth]),
            layers.Dense(256, activation="relu"),
            layers.Dense(coarse * 64, activation="relu"),
            layers.Reshape([coarse, 64]),
            layers.Conv1DTranspose(64, 5, 2, padding="same", activation="relu"),
            layers.Conv1DTranspose(32, 5, 2, padding="same", activation="relu"),
            layers.Conv1DTranspose(1, 12, 2, padding="same"),
            layers.Cropping1D((0, surplus)),
            layers.Flatten(),
        ],
        name="deconv_synthesiser",
    )
