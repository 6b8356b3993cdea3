"""Pictures and sounds of an analysis."""

import io

import numpy as np
import soundfile
import tensorflow as tf

from lofi_tf.audio.io import Audio, quantized
from lofi_tf.crossmodal.model import CrossModel
from lofi_tf.data.converters.symbols import Symbol, pitch_of
from lofi_tf.evaluation.crossmodal.analysis import Analysis
from lofi_tf.evaluation.crossmodal.mixtures import Recordings
from lofi_tf.evaluation.crossmodal.report import AudioExample
from lofi_tf.evaluation.crossmodal.scores import Task
from lofi_tf.plotting.crossmodal import SHOWN, latent_array, spectra_array, symbols_array
from lofi_tf.plotting.figures import figure_of, png_of

PITCH_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
DRAWN_SYSTEMS = ("model", "conv")


def pictures_of(model: CrossModel, analysis: Analysis) -> dict[str, bytes]:
    """Returns PNG files by what they show."""
    found = {}
    for task in analysis.tasks:
        found |= _examples(model, analysis, task)
        drawn = [
            (system, label, counts)
            for (name, system, label), counts in analysis.confusions.items()
            if name == task.name and system in DRAWN_SYSTEMS
        ]
        if drawn:
            title = f"Sound to notes: true classes down, guessed across ({task.name})"
            found[title] = confusions_png(drawn)
    first = analysis.tasks[0].name.rsplit(" ", 1)[0]
    task = [task for task in analysis.tasks if task.name.startswith(first)][-1]
    posteriors = {
        "sound": model.encode_sound(task.frames.spectra),
        "notes": model.encode_notes(task.frames.symbols),
    }
    for what, posterior in posteriors.items():
        array = latent_array(posterior.mean, task.frames.symbols, model.converter)
        found[f"Latents of {what}, their two main directions ({task.name})"] = _png(array)
    return found


def confusions_png(drawn: list[tuple[str, str, np.ndarray]]) -> bytes:
    """Returns a picture of counts [C, C] of systems and labels, each row of which sums to 1."""
    systems = list(dict.fromkeys(system for system, _, _ in drawn))
    labels = list(dict.fromkeys(label for _, label, _ in drawn))

    def draw(figure):
        for system, label, counts in drawn:
            place = systems.index(system) * len(labels) + labels.index(label)
            axes = figure.add_subplot(len(systems), len(labels), place + 1)
            shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
            axes.set_title(f"{system}: {label} (last: silent)", fontsize=8)
            axes.tick_params(labelsize=6)

    return png_of(figure_of(draw, (3.2 * len(labels), 3.3 * len(systems))))


def sounds_of(
    model: CrossModel, recordings: Recordings, count: int, seed: int
) -> list[AudioExample]:
    """Returns sounds of mixtures, all their frames, and of what is made of them.

    Args:
        model: that makes them.
        recordings: to mix.
        count: of mixtures.
        seed: by which they are drawn.
    """
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
    return "?" if pitch is None else f"{PITCH_NAMES[pitch % 12]}{pitch // 12 - 1}"


def _examples(model: CrossModel, analysis: Analysis, task: Task) -> dict[str, bytes]:
    """Returns spectra and symbols of a few frames of a set, and what was made of them."""
    chosen = np.linspace(0, len(task.frames.symbols) - 1, SHOWN).astype(int)

    def made(direction, system):
        return analysis.made[task.name, direction, system][chosen]

    spectra = spectra_array(
        task.frames.spectra[chosen],
        {"sound to sound": made("again", "model"), "notes to sound": made("sound", "model")},
    )
    fields, names = model.layout.fields, model.converter.instruments
    symbols = symbols_array(
        task.frames.symbols[chosen],
        {"sound to notes": made("notes", "model")},
        [f"{names[field.instrument]} {field.label}" for field in fields],
        [field.begin for field in fields],
    )
    return {
        f"Spectra ({task.name})": _png(spectra),
        f"Symbols ({task.name})": _png(symbols),
    }


def _png(array: np.ndarray) -> bytes:
    return tf.io.encode_png(array).numpy()


def _wav(audio: Audio) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, quantized(audio.samples), audio.sample_rate, "PCM_16", format="WAV")
    return buffer.getvalue()
