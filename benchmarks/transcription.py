"""How well melodies are transcribed: by a cross-modal model, and by pYIN.

    python -m benchmarks.transcription run_of_a_cross_modal_model

Melodies of 6 s are drawn by seeds that prepare_paired does not use, and rendered with its
SoundFont, one instrument at a time. A note is right where its pitch is and it begins within 50 ms
of the true one; ends are not asked for (mir_eval). `all` lets the model say which instrument plays,
and notes of any of them count; `told` lets only the one that does. pYIN (Mauch and Dixon 2014, by
librosa) says the pitch of each frame, and the same steps make notes of it.
"""

import argparse

import numpy as np

SEEDS = 1000  # of the first melody
VELOCITIES = (44, 70, 96)


def main() -> None:
    """Prints note precision, recall and F1, and frame accuracy, by instrument and method."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--num_melodies", type=int, default=5, help="of each instrument")
    args = parser.parse_args()
    from lofi_tf import quiet

    with quiet.imports():
        from lofi_tf.cross.opening import open_cross
    model = open_cross(args.run)
    print(f"{args.run}, step {model.step}")
    print(f"{'':12}{'':8}{'precision':>10}{'recall':>8}{'F1':>8}{'frames':>8}")
    for name in model.converter.instruments:
        found = [scores_of(model, name, SEEDS + n) for n in range(args.num_melodies)]
        for method in found[0]:
            numbers = np.mean([scores[method] for scores in found], axis=0)
            words = "".join(f"{number:>8.2f}" for number in numbers)
            print(f"{name:12}{method:8}  {words}", flush=True)


def scores_of(model, name: str, seed: int) -> dict[str, list[float]]:
    """Returns precision, recall, F1 and frame accuracy of each method for a melody."""
    from lofi_tf.audio.render import render_midi
    from lofi_tf.cross.listening import listen
    from lofi_tf.cross.transcribing import transcribed
    from lofi_tf.data.instruments import instrument
    from lofi_tf.data.takes import PHRASE_SECONDS, phrase_takes, rendered_midi

    converter, player = model.converter, instrument(name)
    (take,) = phrase_takes(player, VELOCITIES, 1, seed)
    midi = rendered_midi([take], player.program, PHRASE_SECONDS)
    audio = render_midi(midi, converter.sample_rate)
    heard = listen(model, [audio.samples], audio.sample_rate)
    by_pyin = heard._replace(probabilities=pyin_probabilities(audio.samples, converter, name))
    answers = {
        "all": transcribed(heard, converter),
        "told": transcribed(heard, converter, instruments=[name]),
        "pYIN": transcribed(by_pyin, converter, instruments=[name]),
    }
    return {method: score(take.notes, parts, converter) for method, parts in answers.items()}


def pyin_probabilities(samples: np.ndarray, converter, name: str) -> np.ndarray:
    """Returns symbols [T, S] that say the pitch which pYIN finds, for one instrument."""
    import librosa

    from lofi_tf.cross.notes import vector_of

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

    from lofi_tf.data.soundings import roll_of

    found = [note for part in parts for note in part]
    numbers = [0.0, 0.0, 0.0]
    if found:
        numbers = mir_eval.transcription.precision_recall_f1_overlap(
            *_arrays(truth), *_arrays(found), onset_tolerance=0.05, offset_ratio=None
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
