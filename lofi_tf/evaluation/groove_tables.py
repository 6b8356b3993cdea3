"""The table of grooves: a model of drums beside systems that learned from the same examples."""

from collections.abc import Callable, Iterable

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.groove import GrooveConverter
from lofi_tf.data.storage.examples import Examples
from lofi_tf.evaluation import groove_baselines as baselines
from lofi_tf.evaluation.groove_baselines import BaselineData, Predictor
from lofi_tf.evaluation.grooves import NOTES, Groove, groove_row, grooves_of, step_milliseconds
from lofi_tf.evaluation.reconstructing import Reconstruction, views
from lofi_tf.evaluation.tables import Table

OTHER_WAYS = {"played": "given the hits", "taught": "teacher-forced"}
MOST_TRAINING = 20_000  # examples that baselines learn from

Log = Callable[[str], None]


class Grooves:
    """Drums of the data and of a model, batch after batch."""

    def __init__(self, converter: GrooveConverter):
        self.converter = converter
        self.parts: dict[str, list[Groove]] = {n: [] for n in ("data", "free", "played", "taught")}
        self.features: list[np.ndarray] = []

    def add(self, found: Reconstruction) -> None:
        """Takes in a batch."""
        arrays = {"data": found.view["targets"], "free": found.free, "played": found.played}
        for name, outputs in {**arrays, "taught": found.taught}.items():
            if outputs is not None:
                self.parts[name].append(grooves_of(outputs, self.converter))
        self.features.append(features_of(found.view))

    def of(self, name: str) -> Groove | None:
        """Returns the drums of `data`, or of the model `free`, `played` or `taught`.

        None where they are not known.
        """
        return _joined(self.parts[name]) if self.parts[name] else None


def groove_table(grooves: Grooves, qpm: np.ndarray, systems: dict[str, Predictor]) -> Table:
    """Returns a row for the model's ways of decoding and for each other system; `qpm` is [N]."""
    data, steps = grooves.of("data"), grooves.converter.steps_per_quarter
    step_ms = step_milliseconds(qpm, steps)
    free = grooves.of("free")
    both = data.hits & free.hits
    rows = [
        groove_row("model", data, free, step_ms, steps),
        groove_row("model, played hits", data, free, step_ms, steps, both),
    ]
    for name, title in OTHER_WAYS.items():
        made = grooves.of(name)
        if made is not None:
            rows.append(groove_row(f"model, {title}", data, made, step_ms, steps))
    features = np.concatenate(grooves.features)
    for name, system in systems.items():
        rows.append(groove_row(name, data, system(features), step_ms, steps))
    return Table.of_rows("Groove", rows, NOTES).without_unknown_columns()


def systems_of(
    backend: Backend, training: Examples, validation: Examples, seed: int, log: Log
) -> dict[str, Predictor]:
    """Returns what a model has to beat, trained; for plain autoencoders the simplest alone.

    The validation examples are there for choices.
    """
    learned, judged = (known_of(backend, part) for part in (training, validation))
    if not learned.groove.hits.any() or not judged.groove.hits.any():
        return {}
    log(f"Training what the model has to beat, on {len(training)} examples.")
    columns = told_once(learned.features, backend.num_steps * backend.converter.depth)
    learned, judged = (
        BaselineData(part.features[:, columns], part.groove) for part in (learned, judged)
    )
    found = {"quantised": baselines.quantised(learned)}
    found["nearest neighbours"] = baselines.nearest(learned, judged)
    if lacks_feel(backend.converter):
        found["linear regression"] = baselines.linear(learned, judged)
        found["perceptron"] = baselines.perceptron(learned, judged, seed)
    return {name: _of_columns(system, columns) for name, system in found.items()}


def told_once(features: np.ndarray, num_inputs: int) -> np.ndarray:
    """Returns the columns of features [N, F] that tell something: inputs, and some controls.

    Controls come after the inputs, at each step again: those that are the same in all examples or
    repeat a column go, for a linear regression takes time with the cube of its features.
    """
    _, first = np.unique(features, axis=1, return_index=True)
    controls = first[first >= num_inputs]
    varied = controls[np.ptp(features[:, controls], axis=0) > 0]
    return np.concatenate([np.arange(num_inputs), np.sort(varied)])


def _of_columns(system: Predictor, columns: np.ndarray) -> Predictor:
    return lambda features: system(features[:, columns])


def lacks_feel(converter: GrooveConverter) -> bool:
    """Says whether the inputs lack something of the targets, which the model has to add."""
    return bool(
        converter.humanize
        or converter.tapify
        or converter.fixed_velocities
        or converter.add_instruments
    )


def known_of(backend: Backend, examples: Examples) -> BaselineData:
    """Returns examples as baselines see them."""
    converter = backend.converter
    found = list(views(backend, examples))
    grooves = [grooves_of(view["targets"], converter) for view in found]
    return BaselineData(np.concatenate([features_of(view) for view in found]), _joined(grooves))


def features_of(view) -> np.ndarray:
    """Returns what a model is given of examples, [B, F]: inputs and any controls."""
    given = [view[name] for name in ("inputs", "controls") if name in view]
    return np.concatenate([part.reshape(len(part), -1) for part in given], axis=1)


def _joined(parts: Iterable[Groove]) -> Groove:
    parts = list(parts)
    return Groove(
        *(np.concatenate([getattr(p, n) for p in parts]) for n in ("hits", "velocities", "offsets"))
    )
