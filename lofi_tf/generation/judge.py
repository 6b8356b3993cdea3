"""How much more often drummers play a beat than a model does: what `--best_of` draws by.

A logistic regression tells beats of the data from others by their features; its log odds are the
logarithm of the ratio of both densities. Of several draws one is chosen with a chance in proportion
to its ratio (importance resampling, as in Azadi et al. 2019, "Discriminator Rejection Sampling"):
what is rare in the data stays as rare, what a model plays too often is left out. A judge of one
model was learned beside that model's own beats and lies with it; that of any other knows beats that
were patched together of several. `saved_models/recipes/judge.py` makes both.
"""

import dataclasses
from pathlib import Path

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.errors import LofiError
from lofi_tf.files import atomic_write
from lofi_tf.music.beat_features import hit_features, play_features
from lofi_tf.music.beats import Beats
from lofi_tf.music.drum_classes import DRUM_NAMES
from lofi_tf.music.quantize import STEPS_PER_BAR
from lofi_tf.saving.hub import beside

FILE = "judge.npz"
OF_ANY_BEAT = Path(__file__).with_name("judge_of_any_beat.npz")
WINDOW_BARS = 4  # seen at once
FARTHEST = 8.0  # standard deviations that a feature may be away


@dataclasses.dataclass(frozen=True)
class Judge:
    """Log odds, linear in F features, at each of K temperatures.

    Attributes:
        features: names, F of them.
        means, scales: by which features are standardised, [F].
        temperatures: of the beats that it was learned beside, [K].
        weights: [K, F].
        biases: [K].
    """

    features: tuple[str, ...]
    means: np.ndarray
    scales: np.ndarray
    temperatures: np.ndarray
    weights: np.ndarray
    biases: np.ndarray

    def log_ratios(self, beats: Beats, temperature: float) -> np.ndarray:
        """Returns the log of how much more often drummers play beats than the model, [N].

        Of beats longer than four bars it is the mean over windows of four.

        Args:
            beats: N of them.
            temperature: that they were drawn at; the nearest that is known counts.
        """
        nearest = int(np.abs(self.temperatures - temperature).argmin())
        last, found = max(0, beats.num_bars - WINDOW_BARS), []
        for first in {*range(0, last + 1, WINDOW_BARS), last}:
            window = beats.bars(np.arange(first, min(first + WINDOW_BARS, beats.num_bars)))
            rows = standardised(features_of(window, self.features), self.means, self.scales)
            found.append(rows @ self.weights[nearest] + self.biases[nearest])
        return np.mean(found, axis=0)


def judge_of(backend: Backend) -> Judge:
    """Returns the judge that lies with a model, or that of any beat."""
    own = beside(backend.folder, FILE) if backend.folder else None
    return load_judge(own if own is not None and own.is_file() else OF_ANY_BEAT)


def features_of(beats: Beats, names: tuple[str, ...] | None = None) -> np.ndarray:
    """Returns features of beats by their names, or all of them, [N, F]."""
    found = dict(hit_features(beats))
    if names is None or not set(names) <= set(found):
        found |= play_features(beats)
    return np.stack([found[name] for name in names or found], axis=1)


def standardised(rows: np.ndarray, means: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Returns features [N, F] in standard deviations from their means."""
    return np.clip((rows - means) / scales, -FARTHEST, FARTHEST)


def save_judge(judge: Judge, path: Path) -> None:
    """Writes a judge to a file, which appears only when whole."""
    arrays = {name: np.asarray(value) for name, value in vars(judge).items()}
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)


def load_judge(path: Path) -> Judge:
    """Returns the judge of a file.

    Raises:
        LofiError: no judge, or one of features that are not known.
    """
    try:
        with np.load(path) as stored:
            arrays = {field.name: stored[field.name] for field in dataclasses.fields(Judge)}
    except (OSError, ValueError, KeyError) as error:
        raise LofiError(f"{path} is no judge of beats: make it again") from error
    judge = Judge(tuple(arrays.pop("features").tolist()), **arrays)
    nothing = np.zeros([1, 1, STEPS_PER_BAR, len(DRUM_NAMES)])
    try:
        features_of(Beats(nothing > 0, nothing, nothing), judge.features)
    except KeyError as error:
        raise LofiError(f"{path} judges by {error}, which is not known: make it again") from error
    return judge
