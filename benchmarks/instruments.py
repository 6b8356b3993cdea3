"""How loud instruments of composed tracks are, and where the power of sounds lies.

    python -m benchmarks.instruments levels
    python -m benchmarks.instruments bands drums.wav loop.mp3 ...

The first plays each part of the tracks in docs/tracks by every instrument of
configs/compose/instruments.yaml, alone, with its room and without a preset's levels: LUFS without
and with the dB of that file, in the mean over the tracks. The second prints, for each file, dB of
its whole power by octave from 60 Hz.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile

from lofi_tf import quiet
from lofi_tf.audio.loudness import Meter
from lofi_tf.audio.render import default_soundfont
from lofi_tf.render.mixing import Mixer
from lofi_tf.render.parts import ROLES, parts_of
from lofi_tf.render.settings import EVERY_PART, load_preset
from lofi_tf.render.soundfont import SoundFont

TRACKS = Path(__file__).resolve().parent.parent / "docs" / "tracks"
EDGES = (20, 60, 120, 250, 500, 1000, 2000, 4000, 8000)  # Hz


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["levels", "bands"])
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    if args.what == "levels":
        print_levels()
    else:
        print(f"{'':32}" + "".join(f"{f'to {edge}':>9}" for edge in EDGES[1:]))
        for file in args.files:
            print(f"{Path(file).name:32.32}" + "".join(f"{level:9.1f}" for level in bands(file)))


def print_levels() -> None:
    """Prints the LUFS of every instrument."""
    with quiet.imports():
        from lofi_tf.compose.composing import compose
        from lofi_tf.compose.instrument_models import Players
        from lofi_tf.compose.plan import PARTS, load_plan
        from lofi_tf.compose.planning import instruments
    players, font, found = Players(), SoundFont(default_soundfont()), defaultdict(list)
    for path in sorted(TRACKS.glob("*.yaml")):
        piece = compose(load_plan(path), players).piece
        for number, part in enumerate(PARTS):
            for program in instruments()[part]:
                found[part, program].append(loudness(font, piece, number, program))
    print(f"{'part':8}{'program':>8}{'LUFS':>8}{'spread':>8}{'with dB':>9}")
    for (part, program), values in found.items():
        mean, spread = np.mean(values), np.ptp(values)
        levelled = mean + instruments()[part][program]
        print(f"{part:8}{program:8}{mean:8.1f}{spread:8.1f}{levelled:9.1f}")


def loudness(font: SoundFont, piece, instrument: int, program: int) -> float:
    """Returns the LUFS of one part of a piece, played by a program."""
    alone = type(piece)()
    alone.instrument_infos.extend(piece.instrument_infos)
    for note in piece.notes:
        if note.instrument == instrument:
            alone.notes.add().CopyFrom(note)
            alone.notes[-1].program = program
    levels = dict.fromkeys((*ROLES, EVERY_PART), 0.0)
    settings = load_preset("tape").replace({"gain_db": levels, "duck_db": levels})
    meter = Meter(settings.sample_rate)
    for stems in Mixer(parts_of(alone, settings.sample_rate), settings, font, None).blocks(32768):
        meter.add(sum(stems[1:], start=stems[0]).T)
    return meter.level()


def bands(file: str) -> list[float]:
    """Returns dB of a sound's power by band, of the whole from 20 Hz on."""
    sound, rate = soundfile.read(file, always_2d=True)
    power = np.abs(np.fft.rfft(sound.mean(axis=1))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / rate)
    whole = power[hz >= EDGES[0]].sum()
    found = [
        power[(hz >= low) & (hz < high)].sum() for low, high in zip(EDGES, EDGES[1:], strict=False)
    ]
    return [10 * np.log10(value / whole) for value in found]


if __name__ == "__main__":
    main()
