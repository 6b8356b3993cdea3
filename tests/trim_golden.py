"""Writes the part of Magenta's answers that ships: `python -m tests.trim_golden <from> <to>`.

Both folders hold `inputs/` and `tensors/<config>.npz`, as `converter_parity` says. Every file's
answer in mode `eval` is kept for some input files, that in mode `infer`, which these converters do
not distinguish, for the first alone.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np

MELODY_2BAR = ("band0.mid", "band1.mid", "score0.mxl", "score2.mxl", "score3.mxl")
MELODY_16BAR = ("band4.mid", "band0.mid", "score0.mxl", "score2.mxl")
DRUMS = (
    "band0.mid",
    "band1.mid",
    "band3.mid",
    "drummer1_eval_session_6_hiphop-groove6_87_beat_4-4.mid",
    "drummer1_session1_91_neworleans-funk_84_fill_4-4.mid",
    "drummer1_session2_111_rock-prog_110_beat_5-4.mid",
)
KEPT = {
    "cat-mel_2bar_small": MELODY_2BAR,
    "cat-mel_2bar_big": MELODY_2BAR,
    "cat-mel_2bar_med_chords": ("band0_chords.pb", "band1_chords.pb", "score0.mxl", "score2.mxl"),
    "flat-mel_16bar": MELODY_16BAR,
    "hierdec-mel_16bar": MELODY_16BAR,
    "hier-mel_16bar": MELODY_16BAR,
    "cat-drums_2bar_small": DRUMS,
    "cat-drums_2bar_big": DRUMS,
    "nade-drums_2bar_reduced": DRUMS,
    "nade-drums_2bar_full": DRUMS,
    "hier-multiperf_vel_1bar_med": ("band3.mid", "band1.mid", "band0.mid"),
    "hier-multiperf_vel_1bar_big": ("band0.mid", "band3.mid"),
    "hier-multiperf_vel_1bar_med_chords": ("band0_chords.pb", "band1_chords.pb"),
    "hier-multiperf_vel_1bar_big_chords": ("band1_chords.pb", "band0_chords.pb"),
    "flat-trio_16bar": ("band4.mid", "band0.mid"),
    "hierdec-trio_16bar": ("band0.mid", "band4.mid"),
    "hier-trio_16bar": ("band0.mid", "band4.mid"),
}


def main(argv: list[str] | None = None) -> int:
    """Copies what is kept; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="folder of all answers")
    parser.add_argument("target", type=Path, help="folder to write into")
    args = parser.parse_args(argv)
    for config, names in KEPT.items():
        _trim(args.source / "tensors", args.target / "tensors", config, names)
        for name in names:
            path = next((args.source / "inputs").rglob(name))
            copy = args.target / path.relative_to(args.source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return 0


def _trim(source: Path, target: Path, config: str, names: tuple[str, ...]) -> None:
    kept = {("eval", name) for name in names} | {("infer", names[0])}
    with np.load(source / f"{config}.npz") as answers:
        chosen = {key: answers[key] for key in answers if tuple(key.split("|")[:2]) in kept}
    target.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target / f"{config}.npz", **chosen)


if __name__ == "__main__":
    raise SystemExit(main())
