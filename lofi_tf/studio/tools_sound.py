"""Tools of sound: going on with a recording, and writing down what it plays."""

import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lofi_tf.audio.io import Audio, read_audio, write_wav
from lofi_tf.backends.open import can_litert
from lofi_tf.errors import LofiError
from lofi_tf.files import write_file
from lofi_tf.generation import GenerationConfig
from lofi_tf.generation.sound_continuation import continue_sound
from lofi_tf.studio.jobs import Stopped
from lofi_tf.studio.models import Models
from lofi_tf.studio.tool import Made, Options, Run, Tool, option, temperature
from lofi_tf.studio.tools_new import ShortText

CONTINUATION = "continuation_lstm"
POLL_SECONDS = 0.1


class ContinueSoundOptions(Options):
    """Of `continue_sound`."""

    seconds: float = option(4.0, "Seconds", "of new sound", least=0.1, most=60, step=0.5)
    temperature: float | None = temperature()
    num_outputs: int = option(1, "How many", "clips to make at once", least=1, most=8, step=1)


class TranscribeOptions(Options):
    """Of `transcribe`."""

    instruments: ShortText | None = option(None, "Instruments", "that play, such as piano,flute")


def _continue(run: Run) -> list[Made]:
    how = run.how(CONTINUATION)
    wanted = run.options.num_outputs, how, run.options.seconds
    export, source = run.models.exports[CONTINUATION], run.sources[0].sound
    with tempfile.TemporaryDirectory() as folder:
        if can_litert(export):
            continued(run.models[CONTINUATION], source, *wanted, Path(folder))
        else:  # it needs TensorFlow, which a process of its own gives back
            _beside(_continued_of, (str(export), str(source), *wanted, folder), run)
        files = sorted(Path(folder).glob("*.wav"))
        used = run.options.model_dump(exclude_none=True)
        return [Made(path.read_bytes(), "sound", CONTINUATION, used) for path in files]


def continued(
    backend: Any,
    source: Any,
    num_outputs: int,
    how: GenerationConfig,
    seconds: float,
    folder: Path,
) -> None:
    """Writes what follows a sound into a folder, as `lofi_generate --mode=continue` writes it."""
    sounds: list[Audio] = continue_sound(backend, read_audio(source), num_outputs, how, seconds)
    for number, sound in enumerate(sounds):
        write_wav(folder / f"{number:03d}.wav", sound.samples, sound.sample_rate)


def _continued_of(
    export: str, source: str, num_outputs: int, how: GenerationConfig, seconds: float, folder: str
) -> None:
    from lofi_tf.backends.open import open_backend

    continued(open_backend(export), source, num_outputs, how, seconds, Path(folder))


def _transcribe(run: Run) -> list[Made]:
    model = _listener(run.models)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notes.mid"
        names = tuple(n.strip() for n in (run.options.instruments or "").split(",") if n.strip())
        given = str(run.models.exports[model]), str(run.sources[0].sound), names, str(path)
        _beside(_transcribed_of, given, run)
        used = run.options.model_dump(exclude_none=True)
        return [Made(path.read_bytes(), None, model, used)]


def _transcribed_of(export: str, source: str, names: tuple[str, ...], path: str) -> None:
    from lofi_tf.api.music import write_midi
    from lofi_tf.api.opening import load_model

    write_midi(load_model(export).transcribe(source, names), path)  # type: ignore[union-attr]


def _beside(work: Callable[..., None], given: tuple[Any, ...], run: Run) -> None:
    """Does work in a process of its own, which is ended where the job is stopped.

    Raises:
        LofiError: what the work raises.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "error"
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_told, args=(work, given, str(told)), daemon=True)
        process.start()
        try:
            while process.is_alive():
                process.join(POLL_SECONDS)
                run.tell(0, 1, "listening")
        except Stopped:
            process.terminate()
            process.join()
            raise
        if process.exitcode:
            message = told.read_text(encoding="utf-8") if told.exists() else "it ended suddenly"
            raise LofiError(message)


def _told(work: Callable[..., None], given: tuple[Any, ...], told: str) -> None:
    """Does work; writes what goes wrong into a file."""
    from lofi_tf import quiet

    try:
        with quiet.imports():
            work(*given)
    except (LofiError, ImportError, OSError) as error:
        write_file(told, str(error))
        raise SystemExit(1) from error


def _listener(models: Models) -> str:
    """Returns the model that writes down what it hears; nothing where there is none."""
    kinds = {name: models.config(name).model.kind for name in models.exports}
    return next((name for name, kind in kinds.items() if kind == "cross_modal"), "")


TOOLS = (
    Tool(
        *("continue_sound", "Continue sound", "What comes after a recording", ContinueSoundOptions),
        _continue,
        *(1, 1, ("sound",)),
        models=(CONTINUATION,),
        is_slow=True,
        is_there=lambda models: CONTINUATION in models.exports,
    ),
    Tool(
        *("transcribe", "Transcribe", "The notes of a recording", TranscribeOptions),
        _transcribe,
        *(1, 1, ("sound",)),
        is_slow=True,
        is_there=lambda models: bool(_listener(models)),
    ),
)
