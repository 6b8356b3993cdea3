r"""Where in a phrase fills and crashes fall: in a model's long beats, and in long performances.

    python -m benchmarks.phrases --model=groove_4bar --examples_path=groove_genres.tfrecord

Of each bar of a phrase of eight, over beats of 16 bars: the share with toms in its second half, and
that with a crash on its first step. Performances are those of 16 bars and more.
"""

import argparse

import numpy as np

from lofi_tf import quiet
from lofi_tf.data.storage.note_sequences import read_note_sequences
from lofi_tf.errors import NotConvertible
from lofi_tf.music.beats import CRASH, TOMS

BARS, PHRASE, STEPS = 16, 8, 16


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="groove_4bar")
    parser.add_argument("--examples_path", required=True)
    parser.add_argument("--num_outputs", type=int, default=200)
    args = parser.parse_args()
    from lofi_tf import load_model
    from lofi_tf.music.beats import beats_of

    model = load_model(args.model)
    long = model.sample(args.num_outputs, seed=0, length_bars=BARS)
    rows = {"performances": performed(model.converter, args.examples_path)}
    rows[model.name] = shares(beats_of(long, BARS).hits)
    print("| | " + " | ".join(f"bar {bar + 1}" for bar in range(PHRASE)) + " |")
    for name, parts in rows.items():
        for what, values in parts.items():
            print(f"| {name}, {what} | " + " | ".join(f"{value:.3f}" for value in values) + " |")


def performed(converter, path: str) -> dict[str, np.ndarray]:
    """Returns the shares in performances, each in stretches of 16 bars from its first."""
    stretches = []
    for sequence in read_note_sequences(path):
        try:
            hits = np.asarray(converter.to_grid(sequence).hits) > 0
        except NotConvertible:
            continue
        size = BARS * STEPS
        whole = range(0, len(hits) - size + 1, size)
        stretches += [hits[at : at + size].reshape(BARS, STEPS, -1) for at in whole]
    return shares(np.array(stretches))


def shares(hits: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the shares by bar of the phrase, [8], of hits [N, 16, 16, 9]."""
    toms = hits[:, :, STEPS // 2 :, TOMS].any((2, 3))
    crashes = hits[:, :, 0, CRASH]
    folded = (part.reshape(len(hits), -1, PHRASE).mean((0, 1)) for part in (toms, crashes))
    return dict(zip(("toms", "crashes"), folded, strict=True))


if __name__ == "__main__":
    with quiet.imports():
        import lofi_tf.backends.open  # noqa: F401
    main()
