"""Whole tracks."""

import secrets
from collections.abc import Sequence

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
