"""What prepare_paired is to do, of its flags: renderings and files of notes, in groups."""

import argparse
import os
import re
from pathlib import Path
from typing import Any

from lofi_tf.audio.io import ENDINGS, is_audio_file
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.pairs.rendered_phrases import (
    PHRASE_SECONDS,
    chord_clips,
    note_clips,
    phrase_clips,
    sequence_of,
)
from lofi_tf.errors import LofiError
from lofi_tf.music.instruments import Instrument, instrument
from lofi_tf.rendering.notes import render_notes
from lofi_tf.rendering.soundfont import default_soundfont
from pipelines.example_reports import Summary
from pipelines.folders import list_files
from pipelines.paired_example_pipeline import (
    CLIPS_A_RENDERING,
    NAMES,
    REFUSED,
    NoteFile,
    Rendering,
    pairs_to_examples,
)
from pipelines.shards_command import Job

PREFIX = "examples"  # what the names of shards and info.json begin with
BYTES_A_CLIP = 100_000  # of sound, by which the number of workers is chosen
_NOTE_SECONDS = 0.1  # that a note sounds on after its last frame


def job_of(args: argparse.Namespace, default_instruments: str) -> Job:
    """Returns the work that the flags describe.

    Raises:
        LofiError: a flag out of range, an unknown instrument, a SoundFont that cannot be played, or
            a folder without notes.
    """
    renders = args.render or not args.input_dir
    asked = (args.instruments or default_instruments).split(",") if renders else []
    players = [instrument(name.strip()) for name in asked]
    files, num_others = _files(args, players) if args.input_dir else ({}, 0)
    names = list(dict.fromkeys([player.name for player in players] + list(files)))
    converter = _converter(args, names)
    component = converter.component
    renderings = _renderings(args, players, converter)
    soundfont = args.soundfont if args.soundfont else None
    if renderings and soundfont:  # so that one that cannot be played shows before workers start
        _, _, program, _, seconds, clips = renderings[0]
        render_notes(sequence_of(clips[:1], program, seconds), args.sample_rate, soundfont)
    octaves = _octaves(args.octaves, files)
    named_files = [(name, path) for name, paths in files.items() for path in paths]
    note_files = [
        NoteFile(number, name, path, octaves.get(name, 0))
        for number, (name, path) in enumerate(named_files, len(renderings))
    ]
    input_dir = os.path.abspath(args.input_dir or "")
    num_items = sum(len(rendering.clips) for rendering in renderings) + len(note_files)
    return Job(
        prefix=Path(args.output_dir) / PREFIX,
        target=args.output_dir,
        inputs=[*renderings, *note_files],
        to_examples=lambda output: pairs_to_examples(component, input_dir, soundfont, output),
        size_bytes=num_items * BYTES_A_CLIP,
        num_items=num_items,
        unit="clip",
        counted={"files": len(note_files), "other_files": num_others},
        names=NAMES,
        info={
            "made_by": "prepare_paired",
            "config": {"name": "paired", "data": {"converter": component}},
            "spectra": {
                "bands": converter.num_bands,
                "frame_seconds": converter.frame_seconds,
                "normalisation": f"1 - dB / {args.floor_db:g}",
            },
            "rendered": _rendered(args, players) if renders else None,
            "octaves": args.octaves,
        },
        lack=_lack,
    )


def _lack(summary: Summary) -> str:
    reasons = summary.reasons(REFUSED) or "no source is in the split file"
    return f"nothing gives an example ({reasons}); nothing was written"


def _renderings(
    args: argparse.Namespace, players: list[Instrument], converter: PairedConverter
) -> list[Rendering]:
    velocities = _numbers("velocities", args.velocities, 1, 127)
    tunings = _numbers("tunings", args.tunings, -100, 100)
    pitches = _range("pitches", args.pitches) if args.pitches else ()
    frames = converter.first_frame + converter.num_frames
    seconds = frames * converter.frame_seconds
    held = seconds + _NOTE_SECONDS
    renderings: list[Rendering] = []
    for player in players:
        notes = note_clips(player, velocities, held, pitches)
        chords = chord_clips(player, velocities, held, args.num_chords, args.seed)
        phrases = phrase_clips(player, velocities, args.num_phrases, args.seed)
        for number, cents in enumerate(tunings):
            alike = [(seconds, notes), (seconds, chords[number :: len(tunings)])]
            alike.append((PHRASE_SECONDS, phrases[number :: len(tunings)]))
            for length, clips in alike:
                for first in range(0, len(clips), CLIPS_A_RENDERING):
                    chosen = clips[first : first + CLIPS_A_RENDERING]
                    kind = (player.name, player.program, cents, length)
                    renderings.append(Rendering(len(renderings), *kind, chosen))
    if players and not renderings:
        raise LofiError(f"--pitches are outside all ranges. Received: {args.pitches}")
    return renderings


def _files(args: argparse.Namespace, players: list[Instrument]) -> tuple[dict, int]:
    """Returns the files of each instrument, and how many others there are."""
    audio_files = list_files(args.input_dir, True, is_audio_file, ENDINGS)
    renamed = dict(pair.split("=", 1) for pair in args.rename.split(",") if "=" in pair)
    wanted = {name.strip() for name in args.instruments.split(",")} if args.instruments else None
    wanted = wanted and wanted | {player.name for player in players}
    files: dict[str, list[str]] = {}
    for _, path in audio_files.files:
        folder = os.path.dirname(path).split(os.sep)[0]
        name = renamed.get(folder, folder)
        if folder and (wanted is None or name in wanted):
            files.setdefault(name, []).append(path)
    if not files:
        raise LofiError(
            f"{args.input_dir} has no sub-folder of an instrument with audio files"
            + (f" among {', '.join(sorted(wanted))}" if wanted else "")
        )
    return files, audio_files.num_others


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


def _converter(args: argparse.Namespace, names: list[str]) -> PairedConverter:
    first, *rest = _range("frames", args.frames)
    options = ("sample_rate", "hop_size", "low_hz", "bins_per_octave", "num_bins", "floor_db")
    return PairedConverter(
        instruments=tuple(names),
        first_frame=first,
        num_frames=1 + len(rest),
        **{name: getattr(args, name) for name in options},
    )


def _rendered(args: argparse.Namespace, players: list[Instrument]) -> dict[str, Any]:
    flags = ("velocities", "tunings", "pitches", "num_chords", "num_phrases", "seed")
    return {
        "instruments": {player.name: player.program for player in players},
        **{name: getattr(args, name) for name in flags},
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
