"""What prepare_paired is to do, of its flags: renderings and files of notes, in groups."""

import argparse
import dataclasses
import os
import re
from typing import Any, NamedTuple

from lofi_tf.audio.io import is_audio_file
from lofi_tf.audio.render import default_soundfont, render_midi
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.pairs.rendered_phrases import (
    PHRASE_SECONDS,
    chord_takes,
    note_takes,
    phrase_takes,
    rendered_midi,
)
from lofi_tf.errors import LofiError
from lofi_tf.music.instruments import Instrument, instrument
from pipelines.folders import find_files
from pipelines.paired_pipeline import FILES_A_GROUP, TAKES_A_GROUP, Files, Rendering

BYTES_A_TAKE = 100_000  # of sound, by which the number of workers is chosen
_NOTE_SECONDS = 0.1  # that a note sounds on after its last frame


class Tasks(NamedTuple):
    """The work of a run.

    Attributes:
        component: the converter, all options written out.
        groups: for the workers.
        input_dir: of the files.
        soundfont: an .sf2 file, None for the default.
        rendered: what info.json says of the rendering.
        count: takes and files.
        num_files, num_others: files of notes, and files that are no audio.
        size_bytes: of sound, about.
    """

    component: dict[str, Any]
    groups: list[Rendering | Files]
    input_dir: str
    soundfont: str | None
    rendered: dict[str, Any] | None
    count: int
    num_files: int
    num_others: int
    size_bytes: int


def tasks_of(args: argparse.Namespace, default_instruments: str) -> Tasks:
    """Returns the work that the flags describe.

    Raises:
        LofiError: a flag out of range, an unknown instrument, a SoundFont that cannot be played, or
            a folder without notes.
    """
    renders = args.render or not args.input_dir
    asked = args.instruments or (None if args.input_dir else default_instruments)
    if renders and asked is None:
        asked = default_instruments
    players = [instrument(name.strip()) for name in asked.split(",")] if renders else []
    files, others = _files(args, players) if args.input_dir else ({}, 0)
    names = list(dict.fromkeys([player.name for player in players] + list(files)))
    component = _component(args, names)
    converter = PairedConverter(**{k: v for k, v in component.items() if k != "kind"})
    groups: list = _renderings(args, players, converter)
    soundfont = os.path.expanduser(args.soundfont) if args.soundfont else None
    if renders and soundfont:
        _try(soundfont, groups[0])
    octaves = _octaves(args.octaves, files)
    for name, paths in files.items():
        for first in range(0, len(paths), FILES_A_GROUP):
            chosen = [(name, path) for path in paths[first : first + FILES_A_GROUP]]
            groups.append(Files(len(groups), chosen, octaves.get(name, 0)))
    rendered = sum(len(group.takes) for group in groups if isinstance(group, Rendering))
    num_files = sum(map(len, files.values()))
    return Tasks(
        component,
        groups,
        os.path.abspath(os.path.expanduser(args.input_dir or "")),
        soundfont,
        _rendered(args, players) if renders else None,
        rendered + num_files,
        num_files,
        others,
        (rendered + num_files) * BYTES_A_TAKE,
    )


def _renderings(
    args: argparse.Namespace, players: list[Instrument], converter: PairedConverter
) -> list[Rendering]:
    velocities = _numbers("velocities", args.velocities, 1, 127)
    tunings = _numbers("tunings", args.tunings, -100, 100)
    pitches = _range("pitches", args.pitches) if args.pitches else ()
    frames = converter.first_frame + converter.num_frames
    seconds = frames * converter.frame_seconds
    held = seconds + _NOTE_SECONDS
    groups: list[Rendering] = []
    for player in players:
        notes = note_takes(player, velocities, held, pitches)
        chords = chord_takes(player, velocities, held, args.num_chords, args.seed)
        phrases = phrase_takes(player, velocities, args.num_phrases, args.seed)
        for number, cents in enumerate(tunings):
            alike = [(seconds, notes), (seconds, chords[number :: len(tunings)])]
            alike.append((PHRASE_SECONDS, phrases[number :: len(tunings)]))
            for length, takes in alike:
                for first in range(0, len(takes), TAKES_A_GROUP):
                    chosen = takes[first : first + TAKES_A_GROUP]
                    groups.append(
                        Rendering(len(groups), player.name, player.program, cents, length, chosen)
                    )
    if players and not groups:
        raise LofiError(f"--pitches are outside all ranges. Received: {args.pitches}")
    return groups


def _try(soundfont: str, group: Rendering) -> None:
    """Renders one note, so that a SoundFont that cannot be played is said before workers start."""
    render_midi(rendered_midi(group.takes[:1], group.program, group.seconds), soundfont=soundfont)


def _files(args: argparse.Namespace, players: list[Instrument]) -> tuple[dict, int]:
    """Returns the files of each instrument, and how many others there are."""
    folder = os.path.expanduser(args.input_dir)
    if not os.path.isdir(folder):
        raise LofiError(f"no such folder. Received: --input_dir={args.input_dir}")
    renamed = dict(pair.split("=", 1) for pair in args.rename.split(",") if "=" in pair)
    wanted = {name.strip() for name in args.instruments.split(",")} if args.instruments else None
    wanted = wanted and wanted | {player.name for player in players}
    found = find_files(folder, True, is_audio_file)
    files: dict[str, list[str]] = {}
    for path in found.names:
        inside = os.path.dirname(path).split(os.sep)[0]
        name = renamed.get(inside, inside)
        if inside and (wanted is None or name in wanted):
            files.setdefault(name, []).append(path)
    if not files:
        raise LofiError(
            f"{folder} has no sub-folder of an instrument with audio files"
            + (f" among {', '.join(sorted(wanted))}" if wanted else "")
        )
    return files, found.num_others


def _octaves(text: str, files: dict[str, list[str]]) -> dict[str, int]:
    """Returns by how many octaves the names of some instruments' files are too low."""
    found = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.strip().partition("=")
        if name not in files or not re.fullmatch(r"[+-]?[1-4]", number):
            raise LofiError(
                "--octaves must be such as piano=1, of instruments with files "
                f"({', '.join(files) or 'none'}), -4 to 4. Received: {part!r}"
            )
        found[name] = int(number)
    return found


def _component(args: argparse.Namespace, names: list[str]) -> dict[str, Any]:
    first, *rest = _range("frames", args.frames)
    made = PairedConverter(
        instruments=tuple(names),
        sample_rate=args.sample_rate,
        hop_size=args.hop_size,
        low_hz=args.low_hz,
        bins_per_octave=args.bins_per_octave,
        num_bins=args.num_bins,
        floor_db=args.floor_db,
        first_frame=first,
        num_frames=1 + len(rest),
    )
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(made).items()
    }
    return {"kind": "paired"} | plain


def _rendered(args: argparse.Namespace, players: list[Instrument]) -> dict[str, Any]:
    return {
        "instruments": {player.name: player.program for player in players},
        "velocities": args.velocities,
        "tunings": args.tunings,
        "pitches": args.pitches,
        "num_chords": args.num_chords,
        "num_phrases": args.num_phrases,
        "seed": args.seed,
        "soundfont": os.path.basename(args.soundfont or default_soundfont()),
    }


def _numbers(flag: str, text: str, low: int, high: int) -> list[int]:
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(low <= number <= high for number in found):
        raise LofiError(f"--{flag} must be numbers, {low} to {high}. Received: {text!r}")
    return found


def _range(flag: str, text: str) -> range:
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    found = range(int(match[1]), int(match[2] or match[1]) + 1) if match else range(0)
    if not found:
        raise LofiError(f"--{flag} must be from one to another, such as 10-25. Received: {text!r}")
    return found
