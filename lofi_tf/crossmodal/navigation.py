"""Free navigation: a place in the latent space that a person moves by words."""

from collections.abc import Callable, Iterable

import numpy as np

from lofi_tf.crossmodal.inference import Model
from lofi_tf.crossmodal.latent_paths import through
from lofi_tf.crossmodal.symbol_notes import words_of
from lofi_tf.crossmodal.synthesis import Piece, SynthesisConfig, on_path
from lofi_tf.errors import LofiError

HELP = "up DIM [BY], down DIM [BY], set DIM TO, random, zero, wav [SECONDS], route, help, quit"
STEP = 0.5  # that `up` and `down` go by
_SECONDS, _MOST_SECONDS = 2.0, 60.0  # of a sound that stays
_LEG_SECONDS = 1.0  # from a place to the next on a route


class Navigator:
    """A place in the latent space, and where it has been.

    Args:
        model: that sounds.
        start: [Z], where it begins.
        how: it is played; `random` goes by its seed.

    Attributes:
        z: [Z], where it is.
        visited: all places so far, the present one last.
    """

    def __init__(self, model: Model, start: np.ndarray, how: SynthesisConfig):
        self.model, self.how = model, how
        self.visited = [np.array(start, np.float32)]
        self._draws = 0

    @property
    def z(self) -> np.ndarray:
        """Where it is, [Z]."""
        return self.visited[-1]

    def words(self) -> str:
        """Returns which notes sound here."""
        return words_of(self.model.notes_of(self.z[None])[0], self.model.converter)

    def move(self, words: list[str]) -> None:
        """Goes elsewhere, as `up 3`, `down 3 0.1`, `set 3 1.5`, `random` or `zero` say."""
        name, *values = words
        there = self.z.copy()
        if name == "random":
            self._draws += 1
            there = self.model.sample(self._draws, self.how.seed)[-1]
        elif name == "zero":
            there[:] = 0
        elif name in ("up", "down", "set") and values:
            dim, amount = self._dimension(values[0]), _number(values[1:], STEP)
            before = 0.0 if name == "set" else float(there[dim])
            there[dim] = before + (-amount if name == "down" else amount)
        else:
            raise LofiError(f"say {HELP}. Received: {' '.join(words)!r}")
        self.visited.append(there)

    def held(self, seconds: float = _SECONDS) -> Piece:
        """Returns the sound of this place, held."""
        seconds = min(seconds, _MOST_SECONDS)
        frames = max(2, round(seconds / self.model.converter.frame_seconds))
        return on_path(self.model, np.repeat(self.z[None], frames, axis=0), self.how)

    def route(self) -> Piece:
        """Returns the sound of the way through all places so far."""
        places = np.array([*self.visited, self.z]) if len(self.visited) < 2 else self.visited
        leg = max(1, round(_LEG_SECONDS / self.model.converter.frame_seconds))
        path = through(np.array(places), 1 + leg * (len(places) - 1))
        return on_path(self.model, path, self.how)

    def _dimension(self, word: str) -> int:
        if not word.isdigit() or int(word) >= self.model.z_size:
            raise LofiError(f"dimensions are 0 to {self.model.z_size - 1}. Received: {word!r}")
        return int(word)


def navigate(
    navigator: Navigator,
    lines: Iterable[str],
    say: Callable[[str], None],
    write: Callable[[Piece], None],
) -> None:
    """Follows a person's lines (see `HELP`) to their end, or to `quit`.

    `say` shows the person a line; `write` keeps a sound, where the person asks for it.
    """
    say(f"{navigator.words()}; {HELP}")
    for line in lines:
        words = line.split()
        if words[:1] in (["quit"], ["exit"], ["q"]):
            return
        try:
            _follow(navigator, words, say, write)
        except LofiError as error:
            say(f"error: {error}")


def _follow(navigator: Navigator, words: list[str], say: Callable, write: Callable) -> None:
    if not words or words[0] == "notes":
        say(navigator.words())
    elif words[0] == "help":
        say(HELP)
    elif words[0] == "wav":
        write(navigator.held(_number(words[1:], _SECONDS)))
    elif words[0] == "route":
        write(navigator.route())
    else:
        navigator.move(words)
        say(navigator.words())


def _number(words: list[str], default: float) -> float:
    if not words:
        return default
    try:
        value = float(words[0])
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise LofiError(f"a number is needed. Received: {words[0]!r}")
    return value
