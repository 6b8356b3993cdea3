"""Measures of spectra and of symbols: numpy in, numbers out."""

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from lofi_tf.data.converters.symbols import SymbolLayout

LEAST_PROBABILITY = 1e-6


class Notes(NamedTuple):
    """Symbols as numbers: the class of each label, [N, I, L], and who sounds, bool [N, I]."""

    classes: np.ndarray
    sounds: np.ndarray


def itakura_saito(power: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Returns the Itakura-Saito divergence [N] of power spectra [N, F], a mean over bands.

    d(p | q) = p / q - log(p / q) - 1, both above 0; 0 only where they are equal, and the same
    whatever the common scale (Itakura & Saito 1968, "Analysis synthesis telephony based on the
    maximum likelihood method"; Fevotte, Bertin & Durrieu 2009, "Nonnegative matrix factorization
    with the Itakura-Saito divergence").
    """
    ratio = np.asarray(power, np.float64) / np.asarray(estimate, np.float64)
    return np.mean(ratio - np.log(ratio) - 1, axis=-1)


def powers(spectra: np.ndarray, floor_db: float) -> np.ndarray:
    """Returns the powers of spectra as models see them, 0 for `floor_db` and 1 for 0 dB.

    What is below the floor counts as the floor.
    """
    return 10 ** ((1 - np.maximum(np.asarray(spectra, np.float64), 0)) * floor_db / 10)


def gaussian_log_likelihood(
    spectra: np.ndarray, means: np.ndarray, sigma: np.ndarray
) -> np.ndarray:
    """Returns log p [N], in nats, of spectra [N, F] by their means and a deviation a band [F]."""
    errors = np.square((spectra - means) / sigma)
    return -np.sum(0.5 * errors + np.log(sigma) + 0.5 * math.log(2 * math.pi), axis=-1)


def symbol_log_likelihood(
    probabilities: np.ndarray, symbols: np.ndarray, layout: SymbolLayout, labels, binary: bool
) -> np.ndarray:
    """Returns log p [N], in nats, of symbols [N, S], 0 or 1, by the probabilities of their classes.

    What is below 1e-6 counts as 1e-6. Of the layout the named labels count; `binary` classes are
    independent of each other.
    """
    counted = np.zeros(layout.depth)
    for field in layout.fields:
        counted[field.begin : field.begin + field.size] = field.label in labels
    given = np.clip(probabilities, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY * binary)
    found = symbols * np.log(given)
    if binary:
        found = found + (1 - symbols) * np.log1p(-given)
    return np.sum(found * counted, axis=-1)


def notes_of(symbols: np.ndarray, layout: SymbolLayout, binary: bool = False) -> Notes:
    """Returns symbols, or the probabilities of their classes [N, S], as numbers.

    A class is the likeliest of a label; with `binary`, it is the set of those above a half, as a
    sum of powers of two.
    """
    shape = (len(symbols), layout.num_instruments, len(layout.labels))
    classes, sounds = np.zeros(shape, np.int64), np.zeros(shape, bool)
    for field in layout.fields:
        values = np.asarray(symbols)[:, field.begin : field.begin + field.size]
        place = (slice(None), field.instrument, layout.labels.index(field.label))
        silence = layout.num_classes(field.label)
        if binary:
            played = values[:, :silence] > 0.5
            classes[place] = played @ (2 ** np.arange(silence))
            sounds[place] = played.any(axis=1)
        else:
            classes[place] = values.argmax(axis=1)
            sounds[place] = (classes[place] != silence) & (values.max(axis=1) > 0)
    votes = sounds.sum(axis=2) * 2
    return Notes(classes, votes > len(layout.labels))


class Accuracies(NamedTuple):
    """Shares of what is right, of the instruments that sound.

    Attributes:
        labels: of each label, [L].
        together: of all labels of an instrument at once.
        permuted: of `together`, whichever instrument it was ascribed to.
        presence: of all instruments, whether each sounds or not.
    """

    labels: np.ndarray
    together: float
    permuted: float
    presence: float


def accuracies(truth: Notes, guess: Notes, counted: list[int]) -> Accuracies:
    """Returns how much of a guess is right; NaN where nothing sounds.

    `counted` are the numbers of the labels that count for `together` and `permuted`.
    """
    right = truth.classes == guess.classes
    sounds = truth.sounds
    together = right[..., counted].all(axis=-1)
    matched = permuted_matches(truth.classes[..., counted], guess.classes[..., counted], sounds)
    total = sounds.sum()
    if not total:
        return Accuracies(np.full(right.shape[-1], np.nan), np.nan, np.nan, np.nan)
    return Accuracies(
        right[sounds].mean(axis=0),
        float(together[sounds].mean()),
        float(matched.sum() / total),
        float((truth.sounds == guess.sounds).mean()),
    )


def permuted_matches(truth: np.ndarray, guess: np.ndarray, sounds: np.ndarray) -> np.ndarray:
    """Returns how many instruments are wholly right, [N], under the best assignment of them.

    Classes are [N, I, L], guessed ones in any order of instruments; those count that sound, [N, I].
    """
    same = (truth[:, :, None] == guess[:, None]).all(axis=-1) & sounds[:, :, None]  # [N, I, I]
    found = np.zeros(len(truth), np.int64)
    for number, matches in enumerate(same):
        rows, columns = linear_sum_assignment(matches, maximize=True)
        found[number] = matches[rows, columns].sum()
    return found


def majority(training: Notes, num_examples: int, counted: list[int]) -> list[Notes]:
    """Returns two guesses for each of N examples by the training labels' distribution alone.

    Of the instruments that sound: first the likeliest class of each label, then the likeliest of
    all labels that count (their numbers) at once. Of presence: the likelier of both.
    """
    single, joint = (np.zeros(training.classes.shape[1:], np.int64) for _ in range(2))
    present = training.sounds.mean(axis=0) >= 0.5
    for number in range(len(single)):
        played = training.classes[training.sounds[:, number], number]
        if not len(played):
            continue
        for label in range(played.shape[1]):
            single[number, label] = np.bincount(played[:, label]).argmax()
        rows, counts = np.unique(played[:, counted], axis=0, return_counts=True)
        joint[number, counted] = rows[counts.argmax()]
    sounds = np.broadcast_to(present, (num_examples, len(present)))
    return [
        Notes(np.broadcast_to(found, (num_examples, *found.shape)), sounds)
        for found in (single, joint)
    ]


def uniform(layout: SymbolLayout, counted: list[int], binary: bool) -> tuple[np.ndarray, float]:
    """Returns how often a guess among all classes but silence is right: of labels, and together."""
    sizes = [layout.num_classes(label) for label in layout.labels]
    chances = np.array([0.5**size if binary else 1 / size for size in sizes])
    return chances, float(np.prod(chances[counted]))


def confusion(truth: np.ndarray, guess: np.ndarray, num_classes: int) -> np.ndarray:
    """Returns counts [C, C] of true classes (rows) and guessed ones (columns), int [N] each."""
    counts = np.zeros([num_classes, num_classes], np.int64)
    np.add.at(counts, (truth, guess), 1)
    return counts


class Retrieval(NamedTuple):
    """The share of made spectra whose nearest true one has their symbols; that of blind ones."""

    accuracy: float
    chance: float


def retrieval(made: np.ndarray, true: np.ndarray, symbols: np.ndarray) -> Retrieval:
    """Returns how often the true spectrum nearest to a made one, [N, F], has its symbols [N, S]."""
    square = np.square(true).sum(axis=1)
    nearest = (square - 2 * made @ true.T).argmin(axis=1)
    _, kinds = np.unique(symbols, axis=0, return_inverse=True)
    kinds = kinds.reshape(-1)
    shares = np.bincount(kinds) / len(kinds)
    return Retrieval(float((kinds[nearest] == kinds).mean()), float(shares[kinds].mean()))
