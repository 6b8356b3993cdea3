"""Rows of an analysis's tables: what each system scores on the same frames."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.evaluation.crossmodal import metrics
from lofi_tf.evaluation.crossmodal.metrics import Notes
from lofi_tf.evaluation.crossmodal.mixtures import Frames

Row = dict[str, Any]

# Whether more of a measure is better.
NOTE_MEASURES = ("log_likelihood", "octave", "pitch", "dynamics", "all", "permuted", "presence")
SOUND_MEASURES = {"log_likelihood": True, "mse": False, "is_median": False, "is_mean": False}


class Task(NamedTuple):
    """Frames to score on.

    Attributes:
        name: of the set.
        frames: its frames.
        converter: the model's.
        labels: those that count.
        training: the notes of frames such as the model is trained on.
        frequencies: of the classes in those, [S].
    """

    name: str
    frames: Frames
    converter: PairedConverter
    labels: Sequence[str]
    training: Notes
    frequencies: np.ndarray

    @property
    def binary(self) -> bool:
        """Whether classes are independent of each other."""
        return self.converter.label_type == "binary"

    @property
    def counted(self) -> list[int]:
        """The numbers of the labels that count."""
        return [self.converter.layout.labels.index(label) for label in self.labels]

    @property
    def truth(self) -> Notes:
        """What sounds."""
        return metrics.notes_of(self.frames.symbols, self.converter.layout, self.binary)

    def symbol_log_likelihood(self, probabilities: np.ndarray) -> np.ndarray:
        """Returns log p [N] of the frames' symbols."""
        layout = self.converter.layout
        return metrics.symbol_log_likelihood(
            probabilities, self.frames.symbols, layout, self.labels, self.binary
        )


def note_rows(task: Task, systems: Mapping[str, np.ndarray], model_nats: float) -> list[Row]:
    """Returns a row for each system that gives symbols, and for both chances.

    Systems are probabilities [N, S] by name, the first the model's, whose log likelihood over draws
    of its latents is `model_nats`.
    """
    truth, layout, counted = task.truth, task.converter.layout, task.counted
    single, joint = metrics.majority(task.training, len(truth.classes), counted)
    blind = metrics.accuracies(truth, joint, counted)
    by_label = metrics.accuracies(truth, single, counted).labels
    labels, together = metrics.uniform(layout, counted, task.binary)
    chance = max(blind.together, together)
    rows = []
    for number, (name, probabilities) in enumerate(systems.items()):
        guess = metrics.notes_of(probabilities, layout, task.binary)
        found = metrics.accuracies(truth, guess, counted)
        nats = task.symbol_log_likelihood(probabilities).mean() if number else model_nats
        rows.append(_note_row(task, name, nats, found, chance))
    frequent = task.symbol_log_likelihood(task.frequencies[None]).mean()
    rows.append(_note_row(task, "majority", frequent, blind._replace(labels=by_label), chance))
    sizes = [np.full(f.size, 0.5 if task.binary else 1 / f.size) for f in layout.fields]
    even = task.symbol_log_likelihood(np.concatenate(sizes)[None]).mean()
    # Of a guess at all labels of all instruments, the best assignment is no simple number.
    blank = metrics.Accuracies(labels, together, np.nan, 0.5)
    rows.append(_note_row(task, "uniform", even, blank, chance))
    return with_best(rows, dict.fromkeys(NOTE_MEASURES, True))


def _note_row(task, name, nats, found: metrics.Accuracies, chance: float) -> Row:
    by_label = dict(zip(task.converter.layout.labels, found.labels, strict=True))
    return {
        "set": task.name,
        "system": name,
        "frames": len(task.frames.symbols),
        "log_likelihood": float(nats),
        **{
            label: float(value) if label in task.labels else np.nan
            for label, value in by_label.items()
        },
        "all": found.together,
        "permuted": found.permuted,
        "presence": found.presence,
        "chance": chance,
        "factor": found.together / chance if chance else np.nan,
    }


class Sound(NamedTuple):
    """What a system makes of frames: mean spectra [N, F], and the log likelihood, nats a frame."""

    means: np.ndarray
    log_likelihood: float


def sound_rows(task: Task, systems: Mapping[str, Sound]) -> list[Row]:
    """Returns a row for each system that gives spectra."""
    floor_db, truth = task.converter.floor_db, task.frames.spectra
    true_powers, rows = metrics.powers(truth, floor_db), []
    for name, sound in systems.items():
        divergence = metrics.itakura_saito(true_powers, metrics.powers(sound.means, floor_db))
        found = metrics.retrieval(sound.means, truth, task.frames.symbols)
        rows.append(
            {
                "set": task.name,
                "system": name,
                "frames": len(truth),
                "log_likelihood": sound.log_likelihood,
                "mse": float(np.mean(np.square(sound.means - truth))),
                "is_median": float(np.median(divergence)),
                "is_mean": float(np.mean(divergence)),
                "retrieval": found.accuracy,
                "chance": found.chance,
                "factor": found.accuracy / found.chance,
            }
        )
    return with_best(rows, {**SOUND_MEASURES, "retrieval": True})


def with_best(rows: list[Row], more_is_better: Mapping[str, bool]) -> list[Row]:
    """Returns rows with a column `best`: the measures by which no other row is better."""
    winners: dict[int, list[str]] = {number: [] for number in range(len(rows))}
    for measure, more in more_is_better.items():
        values = [row.get(measure, np.nan) for row in rows]
        known = [value for value in values if not np.isnan(value)]
        if known:
            top = max(known) if more else min(known)
            for number, value in enumerate(values):
                winners[number] += [measure] * (value == top)
    return [{**row, "best": " ".join(winners[number])} for number, row in enumerate(rows)]
