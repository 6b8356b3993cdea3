"""The examples in docstrings are run, and every public function has one."""

import doctest
import functools
import inspect
import shutil

import numpy as np
import pytest
import soundfile

import lofi_tf
from lofi_tf import generation
from lofi_tf.api import opening
from lofi_tf.backends.open import backend_of_model
from lofi_tf.config import load_config
from lofi_tf.hparams import with_hparams
from lofi_tf.models.build import build_model
from lofi_tf.music.midi import write_midi
from lofi_tf.saving.hub import named_models
from tests.grooves import write_groove_records
from tests.mirrors import KICK, SNARE, drums

BEAT = [(bar * 16 + step, pitch) for bar in range(4) for step, pitch in ((0, KICK), (4, SNARE))]
TUNE = "X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\nC D E F | G A B c | C D E F | G A B c |\n"
SMALL = {  # models that do not come along, as small as they go
    "groovae_2bar_hits_control_tfds": "enc_rnn_size=[8],dec_rnn_size=[8],z_size=4",
    "lofai_conv": "z_size=4",
    "crossmodal": "",
}


@functools.cache
def model_named(name):
    """A model that comes along, or one of a config with the weights that it begins with."""
    if name in named_models():
        return lofi_tf.load_model(name)
    config = with_hparams(load_config(name), SMALL[name])
    return opening.model_of(backend_of_model(build_model(config), config))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that examples read."""
    folder = tmp_path_factory.mktemp("examples")
    beat = drums(*BEAT)
    write_midi(beat, folder / "beat.mid")
    write_midi(drums(*((step + 2, pitch) for step, pitch in BEAT[:-1])), folder / "other.mid")
    (folder / "tune.abc").write_text(TUNE)
    waves = np.sin(np.arange(8000) * 0.3) * 0.5
    soundfile.write(folder / "drums.wav", waves.astype(np.float32), 8000, "FLOAT")
    write_groove_records(folder / "notes.tfrecord")
    return folder


def examples():
    """The examples of the API and of what lies below it."""
    finder, rooms = doctest.DocTestFinder(exclude_empty=True), (lofi_tf, generation)
    values = [getattr(room, name) for room in rooms for name in room.__all__]
    values += [kind for kind in models() if kind not in values]
    for value in values:
        yield from finder.find(value, getattr(value, "__qualname__", "version"), globs={})


def model_of(test):
    """The model that an example talks of: one of its class, or of grooves."""
    kinds = {kind.__name__: kind for kind in models()}
    kind = kinds.get(test.name.partition(".")[0], lofi_tf.SequenceModel)
    return model_named(kind.example)


def models(kind=lofi_tf.Model):
    for child in kind.__subclasses__():
        yield child
        yield from models(child)


@pytest.mark.parametrize("test", [e for e in examples() if e.examples], ids=lambda test: test.name)
def test_an_example_gives_what_it_says(test, folder, tmp_path, monkeypatch):
    for path in folder.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    model, report = model_of(test), []
    test.globs = {"lofi_tf": lofi_tf, "generation": generation, "np": np}
    test.globs |= {"model": model, "backend": model.backend, "beat": drums(*BEAT)}
    test.globs["transfer"] = model_named("groovae_2bar_hits_control_tfds").backend
    failed, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.append)
    assert not failed, "".join(report)


def public():
    """What a person calls: the functions of the package, and the methods of models."""
    for name in lofi_tf.__all__:
        if inspect.isfunction(value := getattr(lofi_tf, name)):
            yield value
    for kind in models():
        for name, method in vars(kind).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                yield method
    yield from (getattr(generation, name) for name in generation.__all__)


@pytest.mark.parametrize("value", list(public()), ids=lambda value: value.__qualname__)
def test_what_is_public_has_an_example(value):
    assert ">>>" in value.__doc__
