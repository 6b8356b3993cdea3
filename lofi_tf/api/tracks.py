"""Whole tracks."""

import secrets
from collections.abc import Sequence

from lofi_tf.api.music import Music, music_of
from lofi_tf.composing.arranging import Arranged, arrange
from lofi_tf.composing.compose import Track
from lofi_tf.composing.compose import compose as compose_plan
from lofi_tf.composing.planning import PlanOptions, make_plan


def compose(
    seed: int | None = None,
    *,
    minutes: float = 2.0,
    mood: str | None = None,
    qpm: float | None = None,
    key: str | None = None,
    swing: float | None = None,
    energy: float | None = None,
    density: float | None = None,
    sections: Sequence[tuple[str, int]] | None = None,
    preset: str | None = None,
) -> Track:
    """Returns a whole track, drums, bass, chords and melody, played by the shipped models.

    What is not given is the mood's, or drawn by the seed. `lofi_tf.render` makes it sound,
    `track.write("track.mid")` writes its notes, sections and chords as a MIDI file, and
    `track.piece` is the NoteSequence.

    Args:
        seed: the same seed and values give the same track; without one it is another each time.
        minutes: length, about.
        mood: calm, warm, sad, dreamy or bright.
        qpm: tempo, quarter notes a minute.
        key: such as `C`, `F#m` or `Bb minor`.
        swing: 0.5 is straight, 0.667 triplets.
        energy: of drums, bass and chords, 0 to 1.
        density: of the melody, 0 to 1.
        sections: names and bars, such as `[("intro", 4), ("verse", 8)]`.
        preset: of its sound, as of `render`.

    Raises:
        LofiError: a value that is unknown or out of its range.

    Example:
        >>> track = lofi_tf.compose(1, minutes=0.25, mood="calm")
        >>> track.plan.mood, len(track.piece.notes) > 0
        ('calm', True)
        >>> track.write("track.mid")
    """
    options = PlanOptions(
        minutes=minutes, qpm=qpm, key=key, mood=mood, swing=swing,
        energy=energy, density=density, preset=preset, sections=sections,
    )  # fmt: skip
    return compose_plan(make_plan(secrets.randbelow(2**31) if seed is None else seed, options))


def lofi(
    music: Music,
    mood: str | None = None,
    seed: int | None = None,
    *,
    qpm: float | None = None,
    swing: float | None = None,
    preset: str | None = None,
) -> Arranged:
    """Returns any song as a lo-fi track: its melody kept, drums, bass and chords added if it lacks.

    `lofi_tf.render` makes it sound, `track.write("track.mid")` writes its notes, sections and
    chords as a MIDI file, `track.told` says what was done, and `track.piece` is the NoteSequence.

    Args:
        music: a NoteSequence, or the path of a MIDI, MusicXML or ABC file.
        mood: calm, warm, sad, dreamy or bright; drawn if not given.
        seed: the same seed and values give the same track; without one it is another each time.
        qpm: tempo, quarter notes a minute; the song's, brought down to the mood's, if not given.
        swing: 0.5 is straight, 0.667 triplets; the mood's where the song does not swing.
        preset: of its sound, as of `render`.

    Raises:
        LofiError: music without notes, a file that cannot be read, a value out of its range.

    Example:
        >>> track = lofi_tf.lofi("tune.abc", mood="warm", seed=1)
        >>> track.added
        ('drums', 'bass', 'chords')
        >>> track.write("track.mid")
    """
    wishes = PlanOptions(mood=mood, qpm=qpm, swing=swing, preset=preset)
    chosen = secrets.randbelow(2**31) if seed is None else seed
    return arrange(music_of(music), chosen, wishes)
