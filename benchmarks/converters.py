"""How long it takes to convert serialized NoteSequences to examples: ours, and Magenta's in turn.

    python -m benchmarks.converters groovae_4bar=groove.tfrecord \
        cat-mel_2bar_small=pop909.tfrecord flat-trio_16bar=js_fakes.tfrecord \
        --drums=groove.tfrecord --magenta=MAGENTA/bin/python

Each in a process of its own, with no cap on the examples of a piece; times are the processor's.
Pieces are taken evenly from the records. With `--drums` pieces for trios get a bass, their lowest
instrument, and the drums of other records. `--magenta` is the Python of an environment with
magenta==2.1.4. Magenta's examples are one-hot already, ours become so in the graph of training.
"""

import argparse
import copy
import itertools
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.stepping.stepper import Stepper
from lofi_tf.data.storage.tfrecord import read_records, record_paths, write_records
from lofi_tf.music.sequence_proto import NoteSequence

SCRIPT = Path(__file__).parent / "stepping" / "converting_in_magenta.py"
BASS_PROGRAM, DRUM_INSTRUMENT = 33, 9


def main() -> None:
    """Prints a table of medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("pairs", nargs="+", metavar="CONFIG=RECORDS")
    parser.add_argument("--pieces", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--drums", help="records of drums, for trios")
    parser.add_argument("--magenta", help="path of the Python of Magenta's environment")
    args = parser.parse_args()
    print("| converter | music | examples | ours ms a piece | examples/s | Magenta ms | times |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for pair in args.pairs:
            config, path = pair.split("=", 1)
            print(
                f"| {config} | {Path(path).stem} | {row(args, config, path, folder)} |", flush=True
            )


def row(args, config: str, path: str, folder: str) -> str:
    """Returns the cells of what was measured of a config and records."""
    pieces = evenly(path, args.pieces)
    if args.drums and "trio" in config:
        pieces = list(map(with_trio, pieces, itertools.cycle(evenly(args.drums, args.pieces))))
    written = str(Path(folder) / "pieces.tfrecord")
    write_records((piece.SerializeToString() for piece in pieces), written)
    commands = [[sys.executable, "-m", "benchmarks.stepping.converting", config, written]]
    if args.magenta:
        commands.append([args.magenta, str(SCRIPT), config, written])
    steppers = [Stepper(command) for command in commands]
    rounds = []
    for _ in range(args.rounds):
        for stepper in steppers:
            stepper.step()
        rounds.append([stepper.cpu for stepper in steppers])
    counts = {stepper.answer for stepper in steppers}
    for stepper in steppers:
        stepper.close()
    ours, *theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
    found, milliseconds = " and ".join(map(str, counts)), ours / len(pieces) * 1e3
    cells = [found, f"{milliseconds:.2f}", f"{max(counts) / ours:.0f}"]
    cells += [f"{their / len(pieces) * 1e3:.1f} | {their / ours:.1f}" for their in theirs]
    return " | ".join(cells if theirs else [*cells, "", ""])


def evenly(path: str, count: int) -> list[NoteSequence]:
    """Returns so many pieces of records, from all over these."""
    records = [record for shard in record_paths(path) for record in read_records(shard)]
    hop = max(1, len(records) // count)
    return [NoteSequence.FromString(record) for record in records[::hop][:count]]


def with_trio(piece: NoteSequence, drums: NoteSequence) -> NoteSequence:
    """Returns a piece whose lowest instrument is a bass, with drums in its tempo to its end."""
    found, pitches = copy.deepcopy(piece), {}
    for note in found.notes:
        pitches.setdefault(note.instrument, []).append(note.pitch)
    lowest = min(pitches, key=lambda instrument: statistics.mean(pitches[instrument]))
    for note in found.notes:
        note.program = BASS_PROGRAM if note.instrument == lowest else 0
    slower = qpm_of(drums) / qpm_of(piece)
    length = 4 * 60.0 / qpm_of(piece) * max(1, round(drums.total_time * qpm_of(drums) / 240.0))
    for begin in range(int(piece.total_time // length) + 1):
        for hit in drums.notes:
            start = begin * length + hit.start_time * slower
            if start < piece.total_time:
                note = found.notes.add(pitch=hit.pitch, velocity=hit.velocity, is_drum=True)
                note.start_time, note.end_time = start, min(start + 0.1, piece.total_time)
                note.instrument = DRUM_INSTRUMENT
    return found


def qpm_of(piece: NoteSequence) -> float:
    """Returns the first tempo of a piece."""
    return piece.tempos[0].qpm if piece.tempos else 120.0


if __name__ == "__main__":
    main()
