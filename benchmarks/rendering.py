"""How fast lofi_render is and what memory it takes, by preset and by length.

    python -m benchmarks.rendering
    python -m benchmarks.rendering --presets=tape --minutes=2,60

The piece has drums, bass, four-note chords twice a bar, and a melody at 80 quarter notes a minute;
about ten voices sound at a time. Each line is one run of the whole command in a process of its own,
with one thread, imports included. `core s` is processor time, the rate is seconds of sound by it;
where nothing else runs on the machine, `wall s` is little more.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUARTER = 60 / 80  # seconds
CHORDS = ((62, 65, 69, 72), (55, 59, 65, 69), (60, 64, 67, 71), (57, 60, 64, 67))
ROOTS = (38, 43, 36, 33)
MELODY = (74, 72, 69, 67, 71, 72, 76, 79)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
COMMAND = "import sys; from lofi_tf.cli.render import main; sys.exit(main(sys.argv[1:]))"


def main() -> None:
    """Renders pieces and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--presets", default="clean,tape,vinyl,cassette,night")
    parser.add_argument("--minutes", default="2")
    parser.add_argument("--folder", help="where the files are made (default: a new one)")
    args = parser.parse_args()
    print(f"{'preset':10}{'sound s':>9}{'core s':>8}{'wall s':>8}{'rate':>7}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for minutes in map(float, args.minutes.split(",")):
            midi, output = Path(folder) / "piece.mid", Path(folder) / "piece.wav"
            write_piece(midi, minutes)
            for preset in args.presets.split(","):
                core, wall, peak = measure([str(midi), str(output), f"--preset={preset}"])
                seconds = sound_seconds(output)
                rate = seconds / core
                print(
                    f"{preset:10}{seconds:9.1f}{core:8.2f}{wall:8.2f}{rate:7.1f}{peak:10.0f}",
                    flush=True,
                )


def write_piece(path: Path, minutes: float) -> None:
    """Writes the piece as a MIDI file."""
    from lofi_tf.music.midi import write_midi
    from lofi_tf.music.sequence_proto import NoteSequence

    sequence = NoteSequence()
    sequence.tempos.add(qpm=80)
    for number, name in enumerate(("Drums", "Bass", "Chords", "Melody")):
        sequence.instrument_infos.add(instrument=number, name=name)
    for bar in range(round(minutes * 60 / (4 * QUARTER))):
        for instrument, program, pitch, velocity, start, length in bar_notes(bar):
            begin = (4 * bar + start) * QUARTER
            sequence.notes.add(
                pitch=pitch,
                velocity=velocity,
                start_time=begin,
                end_time=begin + length * QUARTER,
                instrument=instrument,
                program=program,
                is_drum=instrument == 0,
            )
    write_midi(sequence, path)


def bar_notes(bar: int) -> list[tuple[int, int, int, int, float, float]]:
    """Returns (instrument, program, pitch, velocity, start, length) of a bar, in quarters."""
    notes = [(0, 0, 36, velocity, at, 0.2) for at, velocity in ((0, 110), (1.75, 70), (2.5, 100))]
    notes += [(0, 0, 38, 100, at, 0.2) for at in (1, 3)]
    notes += [(0, 0, 46 if n == 7 else 42, 80 - 20 * (n % 2), n / 2, 0.2) for n in range(8)]
    notes += [(1, 33, ROOTS[bar % 4], 95, 0, 1.5), (1, 33, ROOTS[bar % 4] + 7, 80, 2.5, 1)]
    notes += [(2, 4, pitch, 65, at, 1.8) for pitch in CHORDS[bar % 4] for at in (0, 2.02)]
    notes += [(3, 11, MELODY[(3 * bar + n) % 8], 80, 0.5 + 1.5 * n, 0.9) for n in range(3)]
    return notes


def measure(flags: list[str], command: str = COMMAND) -> tuple[float, float, float]:
    """Returns processor seconds, wall seconds and peak MiB of one run of a command."""
    start = time.monotonic()
    running = subprocess.Popen(
        [sys.executable, "-c", command, *flags],
        env=os.environ | ONE_THREAD,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise RuntimeError(f"the command ended with {running.returncode}")
    wall = time.monotonic() - start
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def sound_seconds(path: Path) -> float:
    """Returns how long a file is."""
    import soundfile

    info = soundfile.info(path)
    return info.frames / info.samplerate


if __name__ == "__main__":
    main()
