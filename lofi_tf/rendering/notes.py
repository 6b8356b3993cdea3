"""Notes to sound with a SoundFont and nothing else: no mix, no effects."""

import functools
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.audio.io import Audio
from lofi_tf.rendering.players import Player
from lofi_tf.rendering.soundfont import SoundFont, default_soundfont
from lofi_tf.rendering.track_events import track_events

HEADROOM = 0.5  # of full scale, which General MIDI's synthesisers leave for chords


def render_notes(sequence: Any, sample_rate: int, soundfont: str | Path | None = None) -> Audio:
    """Returns the sound of a NoteSequence, float32 [n, 2], the last sounds included.

    The same notes give the same sound. The SoundFont (.sf2, .sf3) is `default_soundfont` if none
    is given.

    Raises:
        LofiError: a SoundFont that cannot be read, or no notes.
    """
    font = _font(str(soundfont or default_soundfont()))
    samples = np.zeros([2, 0], np.float32)
    for part in track_events(sequence, sample_rate):
        player, blocks = Player(part, font, sample_rate), []
        while not player.done:
            blocks.append(player.play(sample_rate))
        sound = np.concatenate(blocks, axis=1)
        size = max(samples.shape[1], sound.shape[1])
        samples, sound = (np.pad(x, [(0, 0), (0, size - x.shape[1])]) for x in (samples, sound))
        samples = samples + sound
    return Audio(np.ascontiguousarray(HEADROOM * samples.T), sample_rate)


@functools.lru_cache(maxsize=2)
def _font(path: str) -> SoundFont:
    return SoundFont(path)
