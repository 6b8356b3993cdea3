"""How near timing and velocities of drums are to those that a drummer played.

The measures are those of Gillick et al. 2019, "Learning to Groove with Inverse Sequence
Transformations": the error of timing in milliseconds at the piece's own tempo and in sixteenth
notes, that of velocities, and how far the distributions of both are from the data's.

They are taken over the hits of the data: the offset and the velocity of an output are read at every
cell that the drummer hit, whatever the output's own hit says, as both are given there too. So a
system that leaves hits out cannot win by playing the easy ones alone; what it leaves out shows in
the precision and recall of hits.
"""

import dataclasses
from collections.abc import Iterable

import numpy as np

from lofi_tf.data.converters.groove import GrooveConverter
from lofi_tf.evaluation.reconstruction import ratio
from lofi_tf.evaluation.tables import Row

OFFSET_BINS, VELOCITY_BINS = 50, 32  # of the histograms
MOST_VELOCITY = 127.0
NOTES = (
    "Over all hits of the data: offset and velocity of an output are read at each of them, "
    "whatever the output's own hit says; `played hits` are those alone that it plays too; `given "
    "the hits`: the decoder is fed the data's hits, and its own velocities and offsets.",
    "timing_ms: mean absolute error at each piece's own tempo; timing_16th2: mean square error in "
    "sixteenth notes; velocity: mean absolute error of 0 to 127; velocity2: mean square error of "
    "0 to 1.",
    f"timing_kl, velocity_kl: KL divergence in nats of the histogram of the data ({OFFSET_BINS} "
    f"bins of a step, {VELOCITY_BINS} of velocities) from that of the output, one added to each "
    "bin. precision, recall, f1: of hits.",
)


@dataclasses.dataclass(frozen=True)
class Groove:
    """Drums on the grid, [N, S, D] each.

    Attributes:
        hits: bool; None where it is not known which are played.
        velocities: 0 to 127.
        offsets: in steps, -0.5 to 0.5.
    """

    hits: np.ndarray | None
    velocities: np.ndarray
    offsets: np.ndarray


def grooves_of(outputs: Iterable[np.ndarray], converter: GrooveConverter) -> Groove:
    """Returns the drums of what a model takes or gives, [T, D] each."""
    hits, velocities, offsets = zip(*map(converter.fields, outputs), strict=True)
    return Groove(
        np.stack(hits) > 0.5,
        np.stack(velocities).astype(np.float32),
        np.stack(offsets).astype(np.float32),
    )


def step_milliseconds(qpm: np.ndarray, steps_per_quarter: int) -> np.ndarray:
    """Returns how long a step is, in ms, at each tempo."""
    return 60_000.0 / np.asarray(qpm, np.float64) / steps_per_quarter


def groove_row(
    name: str,
    data: Groove,
    made: Groove,
    step_ms: np.ndarray,
    steps_per_quarter: int,
    chosen: np.ndarray | None = None,
) -> Row:
    """Returns the measures of one system at chosen cells, bool [N, S, D], or all hits of the data.

    `step_ms` is how long a step is in each example, [N].
    """
    where = data.hits if chosen is None else chosen
    errors = (made.offsets - data.offsets)[where].astype(np.float64)
    sixteenths = errors * 4 / steps_per_quarter
    milliseconds = errors * np.broadcast_to(step_ms[:, None, None], where.shape)[where]
    loudness = (made.velocities - data.velocities)[where].astype(np.float64)
    return {
        "system": name,
        "timing_ms": _mean(np.abs(milliseconds)),
        "timing_16th2": _mean(np.square(sixteenths)),
        "velocity": _mean(np.abs(loudness)),
        "velocity2": _mean(np.square(loudness / MOST_VELOCITY)),
        "timing_kl": divergence(data.offsets[where], made.offsets[where], OFFSET_BINS, (-0.5, 0.5)),
        "velocity_kl": divergence(
            data.velocities[where], made.velocities[where], VELOCITY_BINS, (0, MOST_VELOCITY + 1)
        ),
        **_hit_scores(data.hits, made.hits),
        "hits": int(np.count_nonzero(where)),
    }


def divergence(
    data: np.ndarray, made: np.ndarray, num_bins: int, limits: tuple[float, float]
) -> float:
    """Returns the KL divergence in nats of the data's histogram from another, values [N] each.

    One is added to each bin of both, so that it is finite; values beyond the limits count in the
    outermost bins.
    """
    histograms = []
    for values in (data, made):
        counts, _ = np.histogram(np.clip(values, *limits), num_bins, limits)
        histograms.append((counts + 1) / (counts.sum() + num_bins))
    one, other = histograms
    return float(np.sum(one * np.log(one / other)))


def _hit_scores(true: np.ndarray, played: np.ndarray | None) -> Row:
    if played is None:
        return dict.fromkeys(("precision", "recall", "f1"), float("nan"))
    common = np.count_nonzero(true & played)
    num_true, num_played = np.count_nonzero(true), np.count_nonzero(played)
    return {
        "precision": ratio(common, num_played),
        "recall": ratio(common, num_true),
        "f1": ratio(2 * common, num_true + num_played),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
