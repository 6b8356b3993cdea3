"""What a model draws from its prior beside the music of the data, as tables."""

from collections.abc import Callable

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.storage.examples import Examples
from lofi_tf.evaluation.distributions import likeness, overlap
from lofi_tf.evaluation.excerpts import Measured, all_codes, of_examples, of_samples
from lofi_tf.evaluation.held_out import some_of
from lofi_tf.evaluation.memorization import nearest_tables
from lofi_tf.evaluation.tables import Table
from lofi_tf.generation.decoding import GenerationConfig
from lofi_tf.music.chords import SHARP_NAMES
from lofi_tf.music.drum_classes import DRUM_NAMES, REDUCED, class_table

MOST_NOTES = 20_000  # whose velocities and times are laid over each other
_DRUMS = class_table(REDUCED, nearest=True)


def sample_tables(
    backend: Backend,
    held_out: Examples,
    training: Examples | None,
    num_samples: int,
    how: GenerationConfig,
    log: Callable[[str], None] = lambda text: None,
) -> list[Table]:
    """Returns what a model's samples are like, beside excerpts that it never learned from.

    As many excerpts of the held-out and of the training music are drawn as there are samples. None
    of these, or a model of sound, makes no tables; without training music copies have none.
    """
    of_notes = backend.converter.medium == "notes"
    if not num_samples or not len(held_out) or not of_notes:
        return []
    log(f"Drawing {num_samples} samples.")
    samples = of_samples(backend, num_samples, how, held_out)
    log("Measuring them, and the data.")
    data = of_examples(backend, some_of(held_out, num_samples, how.seed))
    learned = None
    if training is not None and len(training):
        learned = of_examples(backend, some_of(training, num_samples, how.seed))
    tables = [feature_table(samples, data, learned), *_note_tables(samples, data)]
    if learned is not None:
        log(f"Looking for the nearest of {len(training)} training examples.")
        sets = {"samples": samples.codes, "held-out": data.codes}
        tables += nearest_tables(sets, all_codes(backend, training), training.sources)
    return tables


def feature_table(samples: Measured, data: Measured, learned: Measured | None) -> Table:
    """Returns features of excerpts, and how alike samples and data are by each."""
    rows = []
    for name, values in data.features.items():
        others = samples.features[name]
        if _tells_nothing(values, others):
            continue
        row = {"feature": name}
        for title, found in (("held-out", values), ("samples", others)):
            mean, spread = (np.nan, np.nan) if found.ndim > 1 else _mean_and_spread(found)
            row |= {f"{title} mean": mean, f"{title} sd": spread}
        row |= _alike(values, others)
        if learned is not None:
            real = _alike(values, learned.features[name])
            row |= {f"training {measure}": real[measure] for measure in ("overlap", "OA")}
        rows.append(row)
    notes = [
        f"{len(samples)} samples, {len(data)} held-out excerpts. overlap: the area under both "
        "densities of the feature, 1 where they are the same. OA and KLD: overlapped area and "
        "divergence (nats) of the distances within the held-out excerpts and of those from them to "
        "the samples (Yang and Lerch 2020). training: the same of the music that the model learned "
        "from, which is what real music reaches."
    ]
    return Table.of_rows("Samples and data", rows, notes)


def _alike(values: np.ndarray, others: np.ndarray) -> dict[str, float]:
    """Returns how alike two sets are by a feature, [N] or [N, K]; overlaps are of numbers alone."""
    plain = [part[~np.isnan(part)] for part in (values, others) if part.ndim == 1]
    found = likeness(values, others)
    return {
        "overlap": overlap(*plain) if plain else np.nan,
        "OA": found.overlap,
        "KLD": found.divergence,
    }


def _note_tables(samples: Measured, data: Measured) -> list[Table]:
    """Returns tables of all notes: pitch classes, and drums by class."""
    drums = [one.notes[:, 3] != 0 for one in (data, samples)]
    found = []
    if not drums[0].all():
        found.append(_pitch_table(data.notes[~drums[0]], samples.notes[~drums[1]]))
    if drums[0].any():
        found.append(_drum_table(samples, data))
    return found


def _pitch_table(data: np.ndarray, samples: np.ndarray) -> Table:
    shares = [_shares(notes[:, 0].astype(int) % 12, 12) for notes in (data, samples)]
    rows = [list(row) for row in zip(SHARP_NAMES, *shares, strict=True)]
    common = float(np.minimum(*shares).sum())
    notes = [f"Shares of all notes; the two have {common:.3f} in common (1 is the same)."]
    return Table("Pitch classes", ["pitch class", "held-out", "samples"], rows, notes)


def _drum_table(samples: Measured, data: Measured) -> Table:
    """Returns hits by drum, and, where they vary, their velocities and times."""
    sets = {"held-out": data, "samples": samples}
    drums = {name: one.notes[one.notes[:, 3] != 0] for name, one in sets.items()}
    classes = {name: _DRUMS[notes[:, 0].astype(int)] for name, notes in drums.items()}
    expressive = np.ptp(drums["held-out"][:, 1]) > 0
    rows = []
    for number, drum in [*enumerate(DRUM_NAMES), (None, "all")]:
        own = {
            name: notes if number is None else notes[classes[name] == number]
            for name, notes in drums.items()
        }
        row = {"drum": drum}
        row |= {f"{name} hits a bar": len(own[name]) / sets[name].num_bars for name in own}
        for column, what in ((1, "velocity"), (2, "late")) if expressive else ():
            row |= {f"{name} {what}": _mean_and_spread(own[name][:, column])[0] for name in own}
            row[f"{what} overlap"] = overlap(*(some[:MOST_NOTES, column] for some in own.values()))
        rows.append(row)
    notes = ["late: mean delay of the hits against the grid, in sixteenths."] if expressive else []
    return Table.of_rows("Drums", rows, notes)


def _tells_nothing(values: np.ndarray, others: np.ndarray) -> bool:
    """Says whether a feature is not known of either set, or one same number in both."""
    known = np.concatenate([part[~np.isnan(part)] for part in (values, others)])
    return not len(known) or np.ptp(known) == 0


def _mean_and_spread(values: np.ndarray) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    return (float(known.mean()), float(known.std())) if len(known) else (np.nan, np.nan)


def _shares(classes: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(classes, minlength=size) / max(len(classes), 1)
