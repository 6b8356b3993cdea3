"""How many taps of simple patterns a model answers: that have a hit within a sixteenth.

python -m benchmarks.taps groove_tap2drum groovae_2bar_tap_fixed_velocity
"""

import argparse

import numpy as np

import lofi_tf
from lofi_tf.music.sequence_proto import NoteSequence

BARS, QPM, SEEDS = 4, 100.0, range(10)
STEP = 15.0 / QPM  # seconds
PATTERNS = {  # sixteenths of a bar, and how late all of them are
    "four on the floor": ((0, 4, 8, 12), 0.0),
    "sparse": ((0, 8), 0.0),
    "one a bar": ((0,), 0.0),
    "offbeat": ((2, 6, 10, 14), 0.0),
    "son clave, half a bar": ((0, 3, 6, 10, 12), 0.0),
    "late": ((0, 4, 8, 12), 0.4),
    "eighths": (tuple(range(0, 16, 2)), 0.0),
    "sixteenths": (tuple(range(16)), 0.0),
    "dotted": ((0, 3, 6, 9, 12, 15), 0.0),
}


def main() -> None:
    """Prints a table: a row a pattern, a column a model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    names = parser.parse_args().models
    models = [lofi_tf.load_model(name) for name in names]
    print(f"{'pattern':>24} " + " ".join(f"{name:>32}" for name in names))
    for pattern, (steps, late) in PATTERNS.items():
        taps = tapped(steps, late)
        shares = [
            np.mean([answered(taps, model.tap2drum(taps, seed=seed)) for seed in SEEDS])
            for model in models
        ]
        print(f"{pattern:>24} " + " ".join(f"{share:>32.3f}" for share in shares))


def tapped(steps: tuple[int, ...], late: float) -> NoteSequence:
    """Returns a rhythm of taps, so many sixteenths late."""
    taps = NoteSequence()
    taps.tempos.add(qpm=QPM)
    for bar in range(BARS):
        for step in steps:
            start = (16 * bar + step + late) * STEP
            taps.notes.add(pitch=60, velocity=90, start_time=start, end_time=start + 0.05)
    taps.total_time = BARS * 16 * STEP
    return taps


def answered(taps: NoteSequence, beat: NoteSequence) -> float:
    """Returns the share of taps with a hit no more than a sixteenth away."""
    hits = np.array([note.start_time for note in beat.notes] or [np.inf])
    near = [np.abs(hits - tap.start_time).min() <= STEP for tap in taps.notes]
    return float(np.mean(near))


if __name__ == "__main__":
    main()
