"""How much of held-out music survives encoding and decoding, and what the latent holds of it.

The accuracies are those of Roberts et al. 2018, "A Hierarchical Latent Vector Model for Learning
Long-Term Structure in Music", table 2: the share of steps that are right, the decoder fed with the
truth (teacher-forced) or with its own outputs (free-running).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from lofi_tf.config import Config
from lofi_tf.data.converters.output_tracks import OutputTrack
from lofi_tf.evaluation.reconstructing import Reconstruction, valid_rows
from lofi_tf.evaluation.tables import Row, Table
from lofi_tf.models.common.latent_model import ACTIVE_VARIANCE

TEACHER_FORCED, FREE_RUNNING, COMMONEST = "teacher-forced", "free-running", "commonest step"
UNLIKELY = ("groove", "multi_scale_spectral")  # heads whose losses are no likelihoods
NOTES = (
    "z is the posterior's mean; the likeliest output is taken at each step (temperature 0).",
    "accuracy: share of steps that are right, of drums those right in all drums; cells: share of "
    "single drums at single steps; precision, recall, f1: of drum hits; onsets: share of the "
    "data's note onsets whose step is right.",
    "commonest step: the step that is commonest in the training data, at every step.",
)


class Accuracies:
    """What is right in the tracks of a model's music, batch after batch.

    `commonest` has of each track the symbol [K] that always stands in `COMMONEST`.
    """

    def __init__(
        self, tracks: Sequence[OutputTrack], commonest: Sequence[np.ndarray] | None = None
    ):
        self.tracks, self.commonest = tracks, commonest
        self.sums: dict[tuple[str, str], Counter] = {}

    def add(self, found: Reconstruction) -> None:
        """Takes in a batch."""
        targets = found.view["targets"]
        valid = valid_rows(found.view)
        for number, track in enumerate(self.tracks):
            truth = track.symbols(targets)
            inside = valid[:, :: track.rows_a_step]
            systems = {FREE_RUNNING: track.symbols(found.free)}
            if found.taught is not None:
                systems = {TEACHER_FORCED: track.symbols(found.taught)} | systems
            if self.commonest is not None:
                systems[COMMONEST] = np.broadcast_to(self.commonest[number], truth.shape)
            for name, symbols in systems.items():
                sums = self.sums.setdefault((track.name, name), Counter())
                sums.update(counts(track, truth, symbols, inside))

    def table(self) -> Table:
        """Returns a row for each track and way of decoding."""
        rows = [{"track": ", ".join(key)} | scalars(sums) for key, sums in self.sums.items()]
        notes = NOTES if self.commonest is not None else NOTES[:-1]
        return Table.of_rows("Reconstruction", rows, notes).without_unknown_columns()


def counts(
    track: OutputTrack, truth: np.ndarray, symbols: np.ndarray, valid: np.ndarray
) -> dict[str, int]:
    """Returns how many steps, cells, hits and onsets there are, and are right.

    Symbols and the truth are [B, S, K]; the steps that are valid, [B, S], count.
    """
    right = (truth == symbols).all(-1)
    found = {"steps": valid, "right": right & valid}
    if track.num_drums:
        true, played = (track.hits(part) & valid[..., None] for part in (truth, symbols))
        found["cells"] = np.broadcast_to(valid[..., None], true.shape)
        found["cells_right"] = (true == played) & valid[..., None]
        found |= {"true_hits": true, "played_hits": played, "common_hits": true & played}
    if track.pitches:
        onsets = track.onsets(truth) & valid
        found |= {"onsets": onsets, "onsets_right": onsets & right}
    return {name: int(np.count_nonzero(where)) for name, where in found.items()}


def scalars(sums: Mapping[str, int]) -> Row:
    """Returns the shares of what `counts` counted; NaN where there is nothing to share."""
    both = sums.get("true_hits", 0) + sums.get("played_hits", 0)
    return {
        "accuracy": ratio(sums["right"], sums["steps"]),
        "onsets": ratio(sums.get("onsets_right", 0), sums.get("onsets", 0)),
        "cells": ratio(sums.get("cells_right", 0), sums.get("cells", 0)),
        "precision": ratio(sums.get("common_hits", 0), sums.get("played_hits", 0)),
        "recall": ratio(sums.get("common_hits", 0), sums.get("true_hits", 0)),
        "f1": ratio(2 * sums.get("common_hits", 0), both),
        "steps": sums["steps"],
    }


def commonest_symbols(
    tracks: Sequence[OutputTrack], views: Iterable[Mapping[str, np.ndarray]]
) -> list[np.ndarray]:
    """Returns the symbol [K] of each track that is the commonest in examples."""
    seen: list[Counter] = [Counter() for _ in tracks]
    for view in views:
        valid = valid_rows(view)
        for track, counter in zip(tracks, seen, strict=True):
            symbols = track.symbols(view["targets"])[valid[:, :: track.rows_a_step]]
            rows, times = np.unique(symbols, axis=0, return_counts=True)
            counter.update(dict(zip(map(tuple, rows.tolist()), times.tolist(), strict=True)))
    return [np.array(counter.most_common(1)[0][0]) for counter in seen]


class Latents:
    """What posteriors cost and hold, and the loss of the reconstruction, batch after batch."""

    def __init__(self, config: Config):
        self.config = config
        self.means: list[np.ndarray] = []
        self.kl: list[np.ndarray] = []
        self.losses: list[np.ndarray] = []
        self.steps = 0

    def add(self, found: Reconstruction) -> None:
        """Takes in a batch."""
        self.means.append(found.mean)
        self.kl.append(kl_nats(found.mean, found.stddev))
        self.steps += int(np.sum(found.view["length"]))
        if found.loss is not None:
            self.losses.append(found.loss)

    def table(self) -> Table:
        """Returns one row: loss, KL divergence and ELBO of an example, and active units."""
        kl = float(np.concatenate(self.kl).mean())
        count = sum(map(len, self.kl))
        loss = float(np.concatenate(self.losses).mean()) if self.losses else np.nan
        likely = self.config.model.head["kind"] not in UNLIKELY
        elbo = -(loss + kl) if likely else np.nan
        row = {
            "model": self.config.name,
            "reconstruction_nats" if likely else "reconstruction_loss": loss,
            "kl_nats": kl,
            "kl_bits": kl / np.log(2),
            "elbo_nats": elbo,
            "elbo_nats_a_step": elbo * count / self.steps,
            "active_units": active_units(np.concatenate(self.means)),
            "units": self.config.model.z_size,
            "examples": count,
        }
        return Table.of_rows("Latent", [row], self._notes(likely)).without_unknown_columns()

    def _notes(self, likely: bool) -> list[str]:
        found = [
            "KL divergence of the posterior from the prior, whole (nothing is free), the mean over "
            "examples; a unit is active where its posterior means vary by more than "
            f"{ACTIVE_VARIANCE:g}."
        ]
        if not self.losses:
            return [*found, "This export knows no `score`: export the model again for the loss."]
        found += ["The loss is that of one z drawn of the posterior, the decoder fed the truth."]
        if not likely:
            found += ["The loss is no likelihood with this head, so that there is no ELBO."]
        return found


def kl_nats(mean: np.ndarray, stddev: np.ndarray) -> np.ndarray:
    """Returns the KL divergence [B] of diagonal Gaussians [B, Z] from the standard normal."""
    mean, stddev = mean.astype(np.float64), stddev.astype(np.float64)
    terms = np.square(mean) + np.square(stddev) - 1 - 2 * np.log(stddev)
    return 0.5 * terms.sum(-1)


def active_units(means: np.ndarray) -> int:
    """Returns how many units of posterior means [N, Z] vary (Burda et al. 2016)."""
    return int(np.count_nonzero(means.astype(np.float64).var(axis=0) > ACTIVE_VARIANCE))


def ratio(part: float, whole: float) -> float:
    """Returns a share, NaN of nothing."""
    return part / whole if whole else float("nan")
