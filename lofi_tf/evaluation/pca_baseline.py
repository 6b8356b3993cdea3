"""Principal components of clips: what a linear autoencoder of the same latent size can do at best.

A model of clips that is no better on held-out recordings has learned nothing that needed a network.
"""

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np
import scipy.linalg

from lofi_tf.errors import LofiError

MOST_VALUES = 1 << 14  # of a clip: the covariance then takes 2 GiB


@dataclasses.dataclass(frozen=True)
class PCA:
    """Principal components.

    Attributes:
        mean: of the clips, [D].
        components: orthonormal, those of the greatest variance first, [K, D].
    """

    mean: np.ndarray
    components: np.ndarray

    def reconstruct(self, clips: np.ndarray) -> np.ndarray:
        """Returns the nearest clips [N, D] that the mean and the components give."""
        return self.mean + (clips - self.mean) @ self.components.T @ self.components


def fit_pca(batches: Iterable[np.ndarray], num_components: int) -> PCA:
    """Returns the principal components of clips.

    Only their sums and the sums of their products are kept, [D] and [D, D] in float64: memory
    depends on the length of a clip, not on the number of clips.

    Args:
        batches: of clips, [B, D] each.
        num_components: K, from 1 to D.

    Raises:
        LofiError: no clips, clips of more than 16384 values, or more components than values.
    """
    count, total, products = 0, 0.0, None
    for batch in batches:
        size = batch.shape[1]
        if not 1 <= num_components <= size or size > MOST_VALUES:
            raise LofiError(
                f"principal components do not fit. Allowed: 1 to {size} of clips of at most "
                f"{MOST_VALUES} values. Received: {num_components} of {size}"
            )
        batch = np.asarray(batch, np.float32)
        if products is None:
            products = np.zeros([size, size])
        products += batch.T @ batch
        total, count = total + batch.sum(0, dtype=np.float64), count + len(batch)
    if not count:
        raise LofiError("principal components need clips. Received: none")
    mean = total / count
    covariance = products / count - np.outer(mean, mean)
    last = len(mean) - 1
    kept = [last - num_components + 1, last]
    _, vectors = scipy.linalg.eigh(covariance, subset_by_index=kept, overwrite_a=True)
    return PCA(mean.astype(np.float32), vectors.T[::-1].astype(np.float32))


class Errors:
    """How far clips are from others, over the steps that count; batch after batch.

    Args:
        floor_db: of spectra, whose values are 0 at this level and 1 at 0 dB; None of waveforms.
    """

    def __init__(self, floor_db: float | None = None):
        self.floor_db = floor_db
        self.values, self.energy, self.error_energy = 0, 0.0, 0.0
        self.frames, self.distance_db = 0, 0.0

    def add(self, clips: np.ndarray, others: np.ndarray, lengths: np.ndarray) -> None:
        """Takes in clips and what stands for them, both [B, T, D], and their lengths [B]."""
        counts = np.arange(clips.shape[1]) < lengths[:, None]  # [B, T]
        clips, errors = clips[counts].astype(np.float64), (others - clips)[counts]
        self.values += clips.size
        self.energy += np.square(clips).sum()
        self.error_energy += np.square(errors, dtype=np.float64).sum()
        if self.floor_db is not None:
            self.frames += len(errors)
            root = np.sqrt(np.square(errors, dtype=np.float64).mean(-1))
            self.distance_db += -self.floor_db * root.sum()

    def scalars(self) -> dict[str, float]:
        """Returns `mse`, `snr_db` and, of spectra, `lsd_db`.

        `lsd_db` is the log-spectral distance: the root of the mean square difference of a frame's
        bins in dB, its mean over the frames (Gray and Markel 1976).
        """
        ratio = self.energy / max(self.error_energy, 1e-30)
        found = {"mse": self.error_energy / self.values, "snr_db": 10 * np.log10(max(ratio, 1e-30))}
        if self.floor_db is not None:
            found["lsd_db"] = self.distance_db / self.frames
        return {name: float(value) for name, value in found.items()}


def flat(batches: Iterable[dict[str, np.ndarray]]) -> Iterator[np.ndarray]:
    """Yields the clips of a model's batches as [B, T * D]."""
    for batch in batches:
        clips = np.asarray(batch["targets"])
        yield clips.reshape(len(clips), -1)
