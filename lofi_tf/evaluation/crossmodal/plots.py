"""Pictures and sounds of an analysis."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from lofi_tf.audio.io import Audio, quantized
from lofi_tf.crossmodal.model import CrossModel
from lofi_tf.data.converters.symbols import Symbol, pitch_of
from lofi_tf.evaluation.crossmodal.analysis import Analysis
from lofi_tf.evaluation.crossmodal.mixtures import Recordings
from lofi_tf.evaluation.crossmodal.report import AudioExample
from lofi_tf.evaluation.crossmodal.score_rows import Task
from lofi_tf.music.chords import SHARP_NAMES
from lofi_tf.plotting.crossmodal import SHOWN, draw_latents, draw_spectra, draw_symbols
from lofi_tf.plotting.figures import new_figure, png_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN_SYSTEMS = ("model", "conv")


def pictures_of(model: CrossModel, analysis: Analysis) -> dict[str, bytes]:
    """Returns PNG files by what they show."""
    figures = {}
    for task in analysis.tasks:
        figures |= _examples(model, analysis, task)
        confusions = {
            (system, label): counts
            for (name, system, label), counts in analysis.confusions.items()
            if name == task.name and system in DRAWN_SYSTEMS
        }
        if confusions:
            title = f"Sound to notes: true classes down, guessed across ({task.name})"
            figures[title] = draw_confusions(confusions)
    first = analysis.tasks[0].name.rsplit(" ", 1)[0]
    task = [task for task in analysis.tasks if task.name.startswith(first)][-1]
    posteriors = {
        "sound": model.encode_sound(task.frames.spectra),
        "notes": model.encode_notes(task.frames.symbols),
    }
    for what, posterior in posteriors.items():
        title = f"Latents of {what}, their two main directions ({task.name})"
        figures[title] = draw_latents(posterior.mean, task.frames.symbols, model.converter)
    return {title: png_of(figure) for title, figure in figures.items()}


def draw_confusions(confusions: Mapping[tuple[str, str], np.ndarray]) -> "Figure":
    """Returns a figure of counts [C, C] by system and label, each row of which sums to 1."""
    systems, labels = (list(dict.fromkeys(names)) for names in zip(*confusions, strict=True))
    inches = (3.2 * len(labels), 3.3 * len(systems))
    figure, grid = new_figure(inches, len(systems), len(labels))
    for (system, label), counts in confusions.items():
        axes = grid[systems.index(system), labels.index(label)]
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_title(f"{system}: {label} (last: silent)", fontsize=8)
        axes.tick_params(labelsize=6)
    return figure


def sounds_of(
    model: CrossModel, recordings: Recordings, count: int, seed: int
) -> list[AudioExample]:
    """Returns sounds of `count` mixtures, all their frames, and of what is made of them."""
    random = np.random.default_rng([seed, 4])
    mixtures = recordings.all_play(1, random)
    if model.converter.can_be_silent:
        mixtures = np.concatenate([mixtures, recordings.single(1)])
    chosen = random.permutation(len(mixtures))[:count]
    return [_sounding(model, recordings, mixtures[row]) for row in chosen]


def _sounding(model: CrossModel, recordings: Recordings, mixture: np.ndarray) -> AudioExample:
    length = recordings.spectra.shape[1]
    rows = np.tile(mixture, (length, 1))
    places = np.tile(np.arange(length)[:, None], (1, len(mixture)))
    frames = recordings.mixed(rows, places)
    heard, read = model.encode_sound(frames.spectra), model.encode_notes(frames.symbols)
    made = {
        "original": frames.spectra,
        "sound to sound": model.sound_of(heard.mean),
        "notes to sound": model.sound_of(read.mean),
    }
    guess = model.layout.decode(model.notes_of(heard.mean[:1])[0])
    truth = model.layout.decode(frames.symbols[0])
    names = model.converter.instruments
    title = f"{described(names, truth)}; heard by the model: {described(names, guess)}"
    wavs = {name: _wav(model.converter.from_outputs(spectra)) for name, spectra in made.items()}
    return AudioExample(title, wavs)


def described(names: tuple[str, ...], symbols: list[Symbol]) -> str:
    """Returns what instruments play in words, such as `piano C4`."""
    played = [(name, one) for name, one in zip(names, symbols, strict=True) if one != Symbol()]
    return ", ".join(f"{name} {_note(symbol)}" for name, symbol in played) or "silence"


def _note(symbol: Symbol) -> str:
    pitch = pitch_of(symbol)
    return "?" if pitch is None else f"{SHARP_NAMES[pitch % 12]}{pitch // 12 - 1}"


def _examples(model: CrossModel, analysis: Analysis, task: Task) -> dict[str, "Figure"]:
    """Returns spectra and symbols of a few frames of a set, and what was made of them."""
    chosen = np.linspace(0, len(task.frames.symbols) - 1, SHOWN).astype(int)
    again, sound, notes = (
        analysis.made[task.name, direction, "model"][chosen]
        for direction in ("again", "sound", "notes")
    )
    sounds = {"sound to sound": again, "notes to sound": sound}
    symbols = task.frames.symbols[chosen]
    return {
        f"Spectra ({task.name})": draw_spectra(task.frames.spectra[chosen], sounds),
        f"Symbols ({task.name})": draw_symbols(symbols, {"sound to notes": notes}, model.converter),
    }


def _wav(audio: Audio) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, quantized(audio.samples), audio.sample_rate, "PCM_16", format="WAV")
    return buffer.getvalue()
