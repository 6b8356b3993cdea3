"""How long whole commands take, start-up included: by LiteRT, by TensorFlow and Magenta's, in turn.

    python -m benchmarks.whole_commands convert --input_dir=MIDI --magenta=MAGENTA/bin
    python -m benchmarks.whole_commands play --checkpoint_file=MODEL.tar --magenta=MAGENTA/bin

`--magenta` is the folder of commands of an environment with magenta==2.1.4, and MODEL.tar what
`lofi_export --model=groovae_4bar --format=magenta` writes; ours are beside this Python. Seconds are
medians of the wall clock, those of the processor behind them; memory is the most that one process
held.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mido

from lofi_tf.saving.hub import RUNTIMES

GENERATE = "lofi_generate --num_outputs=5"
PLAYING = (
    GENERATE,
    f"{GENERATE} --best_of=16",
    "lofi_generate --mode=humanize --input_midi={folder}/rigid.mid",
    "lofi_compose --minutes=2 --seed=1 --output={folder}/track.mid",
    "lofi_compose --minutes=2 --seed=1 --output={folder}/track.wav",
)

Commands = dict[str, list[str]]  # by who runs them


def main() -> None:
    """Prints a table of medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["convert", "play"])
    parser.add_argument("--input_dir", help="folder to convert")
    parser.add_argument("--num_workers", type=int, help="of ours; as many as it takes if absent")
    parser.add_argument("--checkpoint_file", help="groovae_4bar for Magenta, to play")
    parser.add_argument("--magenta", help="folder of Magenta's commands")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    print(f"{args.what}: seconds (of the processor), MiB; medians of {args.runs} in turn")
    with tempfile.TemporaryDirectory() as folder:
        rows = (converting if args.what == "convert" else playing)(args, Path(folder))
        for name, commands in rows.items():
            runs = [
                {who: measured(command) for who, command in commands.items()}
                for _ in range(args.runs + 1)
            ][1:]  # the first is a warm-up
            cells = []
            for who in commands:
                numbers = zip(*(run[who] for run in runs), strict=True)
                wall, cpu, mib = map(statistics.median, numbers)
                cells.append(f"{who} {wall:.2f} s ({cpu:.2f}) {mib:.0f} MiB")
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


def converting(args, folder: Path) -> dict[str, Commands]:
    """Returns the commands that turn a folder into records."""
    name, given = "convert_dir_to_note_sequences", [f"--input_dir={args.input_dir}", "--recursive"]
    workers = []
    if args.num_workers:
        mode = "multi_processing" if args.num_workers > 1 else "in_memory"
        workers = [f"--direct_running_mode={mode}", f"--direct_num_workers={args.num_workers}"]
    found = {"ours": [ours(name), *given, *workers, f"--output_file={folder / 'ours.tfrecord'}"]}
    if args.magenta:
        output = f"--output_file={folder / 'magenta.tfrecord'}"
        found["Magenta"] = [f"{args.magenta}/{name}", *given, output]
    return {name: found}


def playing(args, folder: Path) -> dict[str, Commands]:
    """Returns the commands that make music, each by every runtime."""
    write_rigid_beat(folder / "rigid.mid")
    rows = {}
    for line in PLAYING:
        name, *given = line.format(folder=folder).split()
        given += [] if name == "lofi_compose" else [f"--output_dir={folder}"]
        rows[line] = {who: [ours(name), *given, f"--runtime={who}"] for who in RUNTIMES}
    if args.magenta:
        given = ["--config=groovae_4bar", f"--checkpoint_file={args.checkpoint_file}"]
        given += ["--mode=sample", "--num_outputs=5", f"--output_dir={folder}"]
        rows[GENERATE]["Magenta"] = [f"{args.magenta}/music_vae_generate", *given]
    return rows


def write_rigid_beat(path: Path, bars: int = 8) -> None:
    """Writes kick, snare and eighths of a closed hi-hat, all alike."""
    track = mido.MidiTrack()
    for eighth in range(8 * bars):
        for pitch in (42, 36 if eighth % 4 == 0 else 38 if eighth % 4 == 2 else 42):
            track.append(mido.Message("note_on", channel=9, note=pitch, velocity=90))
        for number, pitch in enumerate((42, 36, 38)):
            time = 0 if number else 240
            track.append(mido.Message("note_off", channel=9, note=pitch, time=time))
    mido.MidiFile(tracks=[track]).save(path)


def ours(name: str) -> str:
    """Returns the path of a command of ours."""
    return str(Path(sys.executable).parent / name)


def measured(command: list[str]) -> tuple[float, float, float]:
    """Runs a command to its end; returns its seconds, the processor's, and its peak memory."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - start, cpu, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
