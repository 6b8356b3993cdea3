"""How far clips of sound are from what is decoded of them."""

import numpy as np

from lofi_tf.evaluation.reconstructing import Reconstruction
from lofi_tf.evaluation.tables import Table


class ClipErrors:
    """How far clips are from others, over the steps that count; batch after batch.

    Spectra are 0 at their `floor_db` and 1 at 0 dB; waveforms have none.
    """

    def __init__(self, floor_db: float | None = None):
        self.floor_db = floor_db
        self.values, self.energy, self.error_energy = 0, 0.0, 0.0
        self.frames, self.distance_db = 0, 0.0

    def add(self, batch: Reconstruction) -> None:
        """Takes in a batch of clips [B, T, D]."""
        clips, others, lengths = batch.view["targets"], batch.free, batch.view["length"]
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

    def table(self) -> Table:
        """Returns one row: the mean square error, and in dB."""
        row = {"decoding": "posterior mean"} | self.scalars()
        return Table.of_rows("Reconstruction", [row])
