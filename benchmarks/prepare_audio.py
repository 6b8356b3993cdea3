"""Seconds and peak memory of prepare_audio on long recordings, of each of its processes.

    python -m benchmarks.prepare_audio --hours=1

It makes recordings of 44.1 kHz stereo (noise and a gliding tone, so that no clip is silent or
equal to another), a short one too, and runs the command on each alone, and on both long ones by two
worker processes.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

RATE = 44100
PAUSE_SECONDS = 0.05
FLAGS = ["--sample_rate=16000,8000,3000", "--clip_seconds=10", "--log=ERROR"]
PROCESSES = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
ALONE = ["--direct_running_mode=in_memory"]


def main() -> None:
    """Makes the recordings, measures every run and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--folder", help="where the recordings are made (default: a new one)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        print(f"{'recording':22}{'flags':28}{'s':>7}  peak MiB of each process", flush=True)
        for title, files, flags in _runs(args.hours):
            input_dir = Path(folder) / "in"
            input_dir.mkdir()
            for name, hours in files.items():
                write_recording(input_dir / name, hours, seed=len(name))
            seconds, peaks = measure(input_dir, Path(folder) / "out", flags)
            shown = _title(flags)
            peaks = ", ".join(f"{peak:.0f}" for peak in peaks)
            print(f"{title:22}{shown:28}{seconds:7.1f}  {peaks}", flush=True)
            for name in files:
                (input_dir / name).unlink()
            input_dir.rmdir()


def _title(flags: list[str]) -> str:
    return {ALONE[0]: "", PROCESSES[0]: "two workers"}.get(flags[0], flags[0].lstrip("-"))


def _runs(hours: float):
    """Yields a title, {file: hours} and flags of each run."""
    for ending in ("wav", "flac"):
        yield f"10 s {ending}", {f"a.{ending}": 10 / 3600}, ALONE
        yield f"{hours:g} h {ending}", {f"a.{ending}": hours}, ALONE
        yield f"{hours:g} h {ending}", {f"a.{ending}": hours}, ["--normalize_loudness", *ALONE]
    yield f"{hours:g} h wav, {hours:g} h flac", {"a.wav": hours, "ab.flac": hours}, PROCESSES


def write_recording(path: Path, hours: float, seed: int) -> None:
    """Writes a recording of 16 bits, second by second."""
    import numpy as np
    import soundfile

    random, phase = np.random.default_rng(seed), 0.0
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        for second in range(round(hours * 3600)):
            tone_hz = 200 + second % 1000
            phases = phase + 2 * np.pi * tone_hz * np.arange(RATE) / RATE
            phase = (phase + 2 * np.pi * tone_hz) % (2 * np.pi)
            noise = 0.05 * random.standard_normal([RATE, 2], np.float32)
            file.write(0.3 * np.sin(phases)[:, None] + noise)


def measure(input_dir: Path, output_dir: Path, flags: list[str]) -> tuple[float, list[float]]:
    """Returns seconds of one run of the command, and the peak MiB of each process, largest first.

    A process's peak is the kernel's (VmHWM), read every 50 ms.
    """
    command = [sys.executable, "-m", "pipelines.prepare_audio"]
    command += [f"--input_dir={input_dir}", f"--output_dir={output_dir}", *FLAGS, *flags]
    start = time.monotonic()
    running = subprocess.Popen(command)
    peaks: dict[int, float] = {}
    while running.poll() is None:
        for process in _tree(running.pid):
            peaks[process.pid] = max(peaks.get(process.pid, 0.0), _peak_mib(process.pid))
        time.sleep(PAUSE_SECONDS)
    if running.returncode:
        raise SystemExit(f"prepare_audio ended with {running.returncode}")
    return time.monotonic() - start, sorted(peaks.values(), reverse=True)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _peak_mib(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0]) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
