"""Modes by name, as people give them a whole song and their wishes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lofi_tf.backends.base import Backend
from lofi_tf.errors import unknown_name
from lofi_tf.generation.continuation import continue_
from lofi_tf.generation.decoding import GenerationConfig
from lofi_tf.generation.grooves import add_hihats, groove_transfer, humanize, tap2drum
from lofi_tf.generation.infilling import infill
from lofi_tf.generation.sampling import reconstruct
from lofi_tf.generation.song_changes import Changed, change_song, how_of_stretch
from lofi_tf.generation.song_stretches import longest_stretch
from lofi_tf.generation.variations import vary
from lofi_tf.music.song import Song

VERBS: dict[str, Callable[..., list[Any]]] = {
    "humanize": humanize,
    "groove_transfer": groove_transfer,
    "infill": infill,
    "add_hihats": add_hihats,
    "continue_": continue_,
    "reconstruct": reconstruct,
    "vary": vary,
    "tap2drum": tap2drum,
}


def changed_song(
    backend: Backend,
    mode: str,
    songs: Sequence[Song],
    num_outputs: int,
    how: GenerationConfig,
    options: Mapping[str, Any],
    **wishes: Any,
) -> Changed:
    """Returns songs in which a mode has changed a part.

    Args:
        backend: the model.
        mode: a name of `VERBS`.
        songs: the last is the one of which a part is changed.
        num_outputs: how many come out.
        how: temperature, seed; a tempo that the song is to begin with.
        options: of the mode's function.
        wishes: of `change_song`: `track`, `bars`, `length_bars`, `chords`.

    Raises:
        LofiError: no such mode or part, or nothing that the model takes, and why.

    Example:
        >>> from lofi_tf.music.files import read_song
        >>> how = generation.GenerationConfig(seed=1)
        >>> beat = read_song("beat.mid")
        >>> len(generation.changed_song(backend, "vary", [beat], 2, how, {"amount": 0.2}).songs)
        2
    """
    if mode not in VERBS:
        raise unknown_name("mode", mode, VERBS)
    *others, song = songs
    before = [longest_stretch(backend, mode, other) for other in others]

    def change(piece: Any, number: int, **more: Any) -> list[Any]:
        its = how_of_stretch(how, number)
        return VERBS[mode](backend, *before, piece, num_outputs, its, **options, **more)

    song = song if how.qpm is None else song.at_tempo(how.qpm)
    return change_song(backend, mode, song, change, **wishes)
