"""How well melodies and recorded notes are transcribed: by a cross-modal model, and by pYIN.

    python -m benchmarks.transcription my_pair
    python -m benchmarks.transcription my_pair --notes=recordings/piano --octaves=1

Melodies of 6 s are drawn by seeds that prepare_paired does not use, and rendered with its
SoundFont, one instrument at a time. A note is right where its pitch is and it begins within 50 ms
of the true one; ends are not asked for (mir_eval).

Recorded notes lie in a folder that has an instrument's name, their pitches in the files' names;
`--octaves` says by how many octaves these are too low. Of each file the first 3 s from the onset
are heard, after a quarter of a second of silence. `pitch` is the share of files whose longest note
has the right pitch, `class` of those where it is right but for octaves, `begin` of those with a
right note within 50 ms of the onset; `extra` are the other notes, a file.

`all` lets the model say which instrument plays, and notes of any of them count; `told` lets only
the one that does. pYIN (Mauch and Dixon 2014, by librosa) says the pitch of each frame, and the
same steps make notes of it.
"""

import argparse
from pathlib import Path

import numpy as np

SEEDS = 1000  # of the first melody
VELOCITIES = (44, 70, 96)
LEAD_SECONDS, HEARD_SECONDS = 0.25, 3.0  # before a recorded note, and of it
NEAR_SECONDS = 0.05


def main() -> None:
    """Prints how often notes are right, by instrument and method."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--num_melodies", type=int, default=5, help="of each instrument")
    parser.add_argument("--notes", type=Path, help="a folder of recorded notes, instead")
    parser.add_argument("--octaves", type=int, default=0, help="by which names are too low")
    args = parser.parse_args()
    from lofi_tf import quiet

    with quiet.imports():
        from lofi_tf.crossmodal.model import open_cross
    model = open_cross(args.run)
    print(f"{args.run}, step {model.step}")
    if args.notes:
        paths = sorted(path for path in args.notes.iterdir() if path.is_file())
        found = [recorded_scores(model, args.notes.name, path, args.octaves) for path in paths]
        show(args.notes.name, ("pitch", "class", "begin", "extra"), found)
        return
    for name in model.converter.instruments:
        found = [melody_scores(model, name, SEEDS + number) for number in range(args.num_melodies)]
        show(name, ("precision", "recall", "F1", "frames"), found)


def show(name: str, columns: tuple[str, ...], found: list[dict[str, list[float]]]) -> None:
    """Prints the means of each method's scores."""
    print(f"{name:12}{len(found):<8}" + "".join(f"{column:>10}" for column in columns))
    for method in found[0]:
        numbers = np.mean([scores[method] for scores in found], axis=0)
        print(f"{method:20}" + "".join(f"{number:>10.2f}" for number in numbers), flush=True)


def melody_scores(model, name: str, seed: int) -> dict[str, list[float]]:
    """Returns precision, recall, F1 and frame accuracy of each method for a melody."""
    from lofi_tf.audio.render import render_midi
    from lofi_tf.data.pairs.rendered_phrases import PHRASE_SECONDS, phrase_takes, rendered_midi
    from lofi_tf.music.instruments import instrument

    converter, player = model.converter, instrument(name)
    (take,) = phrase_takes(player, VELOCITIES, 1, seed)
    midi = rendered_midi([take], player.program, PHRASE_SECONDS)
    audio = render_midi(midi, converter.sample_rate)
    answers = answers_of(model, name, audio.samples)
    return {method: score(take.notes, parts, converter) for method, parts in answers.items()}


def recorded_scores(model, name: str, path: Path, octaves: int) -> dict[str, list[float]]:
    """Returns what is right of a recorded note by each method: see the top of this file."""
    from lofi_tf.audio.clips import resampled, with_channels
    from lofi_tf.audio.io import read_audio
    from lofi_tf.data.pairs.note_files import ONSET_DB, pitch_and_velocity

    rate, audio = model.converter.sample_rate, read_audio(path)
    samples = resampled(with_channels(audio.samples, 1), audio.sample_rate, rate)
    level = np.abs(samples[:, 0])
    onset = np.flatnonzero(level > level.max() * 10 ** (ONSET_DB / 20))[0]
    heard = samples[onset : onset + round(HEARD_SECONDS * rate)]
    heard = np.pad(heard, [(round(LEAD_SECONDS * rate), 0), (0, 0)])
    pitch = pitch_and_velocity(path.name)[0] + 12 * octaves
    found = {}
    for method, parts in answers_of(model, name, heard).items():
        notes = [note for part in parts for note in part]
        longest = max(notes, key=lambda note: note.end - note.start, default=None)
        near = [
            note.pitch == pitch and abs(note.start - LEAD_SECONDS) <= NEAR_SECONDS for note in notes
        ]
        found[method] = [
            float(longest is not None and longest.pitch == pitch),
            float(longest is not None and (longest.pitch - pitch) % 12 == 0),
            float(any(near)),
            float(len(notes) - any(note.pitch == pitch for note in notes)),
        ]
    return found


def answers_of(model, name: str, samples: np.ndarray) -> dict[str, list]:
    """Returns the notes that each method finds in samples [n, channels] at the model's rate."""
    from lofi_tf.crossmodal.inference import listen
    from lofi_tf.crossmodal.transcription import transcribed

    converter = model.converter
    heard = listen(model, [samples], converter.sample_rate)
    by_pyin = heard._replace(probabilities=pyin_probabilities(samples, converter, name))
    return {
        "all": transcribed(heard, converter),
        "told": transcribed(heard, converter, instruments=[name]),
        "pYIN": transcribed(by_pyin, converter, instruments=[name]),
    }


def pyin_probabilities(samples: np.ndarray, converter, name: str) -> np.ndarray:
    """Returns symbols [T, S] that say the pitch which pYIN finds, for one instrument."""
    import librosa

    from lofi_tf.crossmodal.notes import vector_of

    f0_hz, voiced, _ = librosa.pyin(
        samples.mean(axis=1), fmin=30.0, fmax=4200.0, sr=converter.sample_rate,
        frame_length=4096, hop_length=converter.hop_size,
    )  # fmt: skip
    pitches = np.rint(69 + 12 * np.log2(np.nan_to_num(f0_hz, nan=440.0) / 440)).astype(int)
    place, rows = converter.instruments.index(name), []
    for pitch, sounds in zip(pitches, voiced, strict=True):
        chords = [()] * len(converter.instruments)
        chords[place] = ((int(np.clip(pitch, 12, 119)), 64),) if sounds else ()
        rows.append(vector_of(chords, converter))
    return np.array(rows)


def score(truth, parts, converter) -> list[float]:
    """Returns precision, recall, F1 of notes and the share of frames with the right pitches."""
    import mir_eval

    from lofi_tf.data.converters.note_events import roll_of

    found = [note for part in parts for note in part]
    numbers = [0.0, 0.0, 0.0]
    if found:
        numbers = mir_eval.transcription.precision_recall_f1_overlap(
            *_arrays(truth), *_arrays(found), onset_tolerance=NEAR_SECONDS, offset_ratio=None
        )[:3]
    times = np.arange(0, max(note.end for note in truth), converter.frame_seconds)
    rolls = [roll_of(notes, times) > 0 for notes in (truth, found)]
    return [*numbers, float((rolls[0] == rolls[1]).all(axis=1).mean())]


def _arrays(notes) -> tuple[np.ndarray, np.ndarray]:
    """Returns what mir_eval takes: intervals [N, 2] in seconds and pitches [N] in Hz."""
    intervals = np.array([(note.start, note.end) for note in notes])
    return intervals, 440 * 2 ** ((np.array([note.pitch for note in notes]) - 69) / 12)


if __name__ == "__main__":
    main()
