"""How good a cross-modal model is on notes that it never learned from, beside simpler systems."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from lofi_tf.crossmodal.model import CrossModel
from lofi_tf.errors import LofiError
from lofi_tf.evaluation.crossmodal import metrics
from lofi_tf.evaluation.crossmodal.baselines import Baselines, sigma_of
from lofi_tf.evaluation.crossmodal.mixtures import Frames, Recordings
from lofi_tf.evaluation.crossmodal.nearest import NearestNoteSampler, nearest_probabilities
from lofi_tf.evaluation.crossmodal.score_rows import (
    Row,
    Sound,
    Task,
    note_rows,
    sound_rows,
    with_best,
)
from lofi_tf.models.common.latent_model import ACTIVE_VARIANCE
from lofi_tf.models.crossmodal.model import LEAST_LOG_SIGMA
from lofi_tf.settings import Count, Settings, Size

BANK_FRAMES = 4096  # training frames that the simpler systems are fitted to
TABLES = (
    "signal_reconstruction", "symbol_to_signal", "symbol_reconstruction", "signal_to_symbol",
    "latents",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class AnalysisSettings(Settings):
    """How much is done.

    Attributes:
        num_passes: how often every held-out note is mixed.
        num_samples: draws of a posterior for a likelihood.
        seed: of mixtures, draws and baselines.
        num_epochs: of the baselines' training, at most; 0 leaves trained ones out.
        show_progress: whether to show it on stderr.
    """

    num_passes: Size = 2
    num_samples: Size = 4
    seed: Count = 0
    num_epochs: Count = 30
    show_progress: bool = True


class Analysis(NamedTuple):
    """What was found.

    Attributes:
        tables: rows by the names of `TABLES`.
        confusions: counts [C, C] by set, system and label, of sound to symbols.
        tasks: what was scored on.
        systems: probabilities [N, S] and spectra [N, F] that were made, by set, direction and
            system.
    """

    tables: Mapping[str, list[Row]]
    confusions: Mapping[tuple[str, str, str], np.ndarray]
    tasks: list[Task]
    made: Mapping[tuple[str, str, str], np.ndarray]


class BaselineSystems:
    """The simpler systems, to be held beside a model, fitted to the training notes.

    Recordings of other notes end their learning.
    """

    def __init__(
        self,
        model: CrossModel,
        training: Recordings,
        others: Recordings,
        settings: AnalysisSettings,
    ):
        random = np.random.default_rng([settings.seed, 2])
        self.bank = training.training_frames(BANK_FRAMES, random)
        self.symbols = training.drawn(training.as_trained(BANK_FRAMES, random), random).symbols
        self.held = others.drawn(others.as_trained(BANK_FRAMES // 4, random), random)
        self.mean = self.bank.spectra.mean(axis=0)
        self.trained = None
        if settings.num_epochs:
            given = (settings.num_epochs, settings.seed, settings.show_progress)
            self.trained = Baselines(model.model, training, others, *given)
        labels = training.converter.labels
        self.book = NearestNoteSampler(training) if {"octave", "pitch"} <= set(labels) else None

    def notes(self, spectra: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the probabilities [N, S] of symbols by name."""
        names = ("pca_mlp", "conv") if self.trained else ()
        found = {name: self.trained.probabilities(name, spectra) for name in names}
        return {**found, "nearest": nearest_probabilities(self.bank, spectra)}

    def sounds(self, frames: Frames) -> dict[str, Sound]:
        """Returns what is made of symbols, by name."""
        makers = {"mean": lambda symbols: np.tile(self.mean, (len(symbols), 1))}
        if self.book:
            makers = {"note_book": self.book.sound_of, **makers}
        if self.trained:
            makers = {"deconv": self.trained.sound_of, **makers}
        return {
            name: self._sound(frames.spectra, make(frames.symbols), make(self.held.symbols))
            for name, make in makers.items()
        }

    def reconstructions(self, spectra: np.ndarray) -> dict[str, Sound]:
        """Returns what is made of spectra, by name."""
        makers = {"mean": lambda given: np.tile(self.mean, (len(given), 1))}
        if self.trained:
            pca = self.trained.pca
            makers = {"pca": lambda given: pca.inverse_transform(pca.transform(given)), **makers}
        return {
            name: self._sound(spectra, make(spectra), make(self.held.spectra))
            for name, make in makers.items()
        }

    def _sound(self, truth: np.ndarray, means: np.ndarray, held_means: np.ndarray) -> Sound:
        sigma = sigma_of(self.held.spectra, held_means)
        return Sound(means, float(metrics.gaussian_log_likelihood(truth, means, sigma).mean()))


def analyse(
    model: CrossModel,
    training: Recordings,
    others: Recordings,
    held_out: Mapping[str, Recordings],
    settings: AnalysisSettings,
    log: Callable[[str], None] = lambda line: None,
) -> Analysis:
    """Returns how good a model is, and the simpler systems on the same frames.

    Args:
        model: the trained model.
        training: recordings that it was trained on; baselines learn from them.
        others: such recordings of other notes, by which the baselines' learning ends.
        held_out: recordings by the name of their set, none of which was trained on.
        settings: how much.
        log: told what is being done.

    Raises:
        LofiError: no training notes of an instrument, or held-out ones that the symbols cannot
            say.
    """
    if training.missing or others.missing:
        names = ", ".join(dict.fromkeys(training.missing + others.missing))
        raise LofiError(f"there are too few training examples of {names}")
    log("Fitting the simpler systems to the training notes.")
    simple = BaselineSystems(model, training, others, settings)
    tasks = [
        task for name, found in held_out.items() for task in _tasks(name, found, simple, settings)
    ]
    tables: dict[str, list[Row]] = {name: [] for name in TABLES}
    confusions, made = {}, {}
    for task in tasks:
        log(f"Scoring {len(task.frames.symbols)} frames: {task.name}.")
        found = _score(model, simple, task, settings)
        for name, rows in found[0].items():
            tables[name] += rows
        made |= found[1]
        confusions |= _confusions(task, found[1])
    return Analysis(tables, confusions, tasks, made)


def _tasks(
    name: str, recordings: Recordings, simple: BaselineSystems, settings: AnalysisSettings
) -> list[Task]:
    """Returns the sets of frames: all instruments at once, where there are several, and each."""
    if not len(recordings):
        raise LofiError(f"{name} has no example of the model's instruments")
    if recordings.missing:
        recordings.check_silence()
    converter, random = recordings.converter, np.random.default_rng([settings.seed, 3])
    labels = [n for n in converter.labels if n != "dynamics" or recordings.dynamics_known]
    training = metrics.notes_of(simple.symbols, converter.layout, converter.label_type == "binary")
    chosen = {}
    if len(converter.instruments) - len(recordings.missing) > 1 or not converter.can_be_silent:
        chosen["mixtures"] = recordings.all_play(settings.num_passes, random)
    if converter.can_be_silent:
        chosen["notes"] = recordings.single(settings.num_passes)
    frequencies = simple.symbols.mean(axis=0)
    return [
        Task(f"{name} {kind}", recordings.drawn(rows, random), converter, labels, training,
             frequencies)
        for kind, rows in chosen.items()
    ]  # fmt: skip


def _score(model: CrossModel, simple: BaselineSystems, task: Task, settings: AnalysisSettings):
    """Returns the rows of each table, and what was made by set, direction and system."""
    spectra, symbols = task.frames
    heard, read = model.encode_sound(spectra), model.encode_notes(symbols)
    log_sigma = np.maximum(np.asarray(model.model.log_sigma), LEAST_LOG_SIGMA)

    def note_nats(posterior):
        draws = [posterior.draw(settings.seed + n) for n in range(settings.num_samples)]
        found = [task.symbol_log_likelihood(model.notes_of(z)).mean() for z in draws]
        return float(np.mean(found))

    def sound(posterior):
        draws = [posterior.draw(settings.seed + n) for n in range(settings.num_samples)]
        given = (spectra, np.exp(log_sigma))
        found = [
            metrics.gaussian_log_likelihood(given[0], model.sound_of(z), given[1]) for z in draws
        ]
        return Sound(model.sound_of(posterior.mean), float(np.mean(found)))

    notes = {"model": model.notes_of(heard.mean), **simple.notes(spectra)}
    sounds = {"model": sound(read), **simple.sounds(task.frames)}
    again = {"model": sound(heard), **simple.reconstructions(spectra)}
    own = {"model": model.notes_of(read.mean)}
    rows = {
        "signal_reconstruction": sound_rows(task, again),
        "symbol_to_signal": sound_rows(task, sounds),
        "symbol_reconstruction": note_rows(task, own, note_nats(read)),
        "signal_to_symbol": note_rows(task, notes, note_nats(heard)),
        "latents": with_best([_latents(model, task)], {}),
    }
    made = {(task.name, "notes", name): value for name, value in notes.items()}
    made |= {(task.name, "sound", name): value.means for name, value in sounds.items()}
    made |= {(task.name, "again", name): value.means for name, value in again.items()}
    return rows, made


def _latents(model: CrossModel, task: Task) -> Row:
    """Returns how much the latents hold: KL divergences in nats a frame, and active units."""
    heard = model.model.signal.encode(tf.constant(task.frames.spectra))
    read = model.model.symbol.encode(tf.constant(task.frames.symbols))
    tied = heard.posteriors[0].kl_divergence(read.posteriors[0])
    active = [
        int(np.count_nonzero(np.var(found.posteriors[0].mean(), axis=0) > ACTIVE_VARIANCE))
        for found in (heard, read)
    ]
    return {
        "set": task.name,
        "frames": len(task.frames.symbols),
        "signal_kl": float(tf.reduce_mean(model.model.signal.kl_nats(heard))),
        "symbol_kl": float(tf.reduce_mean(model.model.symbol.kl_nats(read))),
        "signal_to_symbol_kl": float(tf.reduce_mean(tied)),
        "signal_active_units": active[0],
        "symbol_active_units": active[1],
        "units": model.z_size,
    }


def _confusions(task: Task, made: Mapping) -> dict[tuple[str, str, str], np.ndarray]:
    """Returns the counts of each label, of all instruments together; none of binary labels."""
    if task.binary:
        return {}
    layout, truth, found = task.converter.layout, task.truth, {}
    for (name, direction, system), values in made.items():
        if direction != "notes":
            continue
        guess = metrics.notes_of(values, layout)
        for number, label in enumerate(layout.labels):
            if label in task.labels:
                size = layout.num_classes(label) + layout.zero_extra_class
                pair = (truth.classes[..., number].ravel(), guess.classes[..., number].ravel())
                found[name, system, label] = metrics.confusion(*pair, size)
    return found
