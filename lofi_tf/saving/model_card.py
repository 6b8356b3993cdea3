"""Model cards: what an exported model is, what it learned from, and how to call it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from lofi_tf.config import Config, ModelConfig
from lofi_tf.data.converters.build import build_converter
from lofi_tf.models.common.memory import CLIP_KINDS
from lofi_tf.models.common.named_functions import NamedFunctions

UNSAID = "not stated"
COUNTS = ("num_outputs", "steps")  # inputs that say how many rows are answered


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of a model's training.

    Attributes:
        step: of the checkpoint; None of another's.
        examples: number it was trained on.
        data_sha1: of those.
        seed: of the run.
        metrics: scalars of the evaluation at that step.
        data: what the data is, in words.
        licence: of the weights.
        summary: what the model makes, in words; told by its config where it is not said.
        precision: of the stored weights, `float32` or `float16`.
    """

    step: int | None = None
    examples: int | None = None
    data_sha1: str | None = None
    seed: int | None = None
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    data: str = ""
    licence: str = ""
    summary: str = ""
    precision: str = "float32"


def model_card(config: Config, name: str, interface: NamedFunctions, facts: Facts) -> str:
    """Returns a model card in Markdown."""
    parts = [
        f"# {name}",
        f"{summary_of(config, facts)}.",
        _about(config, facts),
        "## Signatures\n\n" + _signatures(interface),
        "## Metrics\n\n" + _metrics(facts),
        "## How to call it\n\n" + _CALLS[config.model.kind](name),
    ]
    return "\n\n".join(parts) + "\n"


def summary_of(config: Config, facts: Facts) -> str:
    """Returns what a model makes, in words."""
    converter = build_converter(config.data.converter)
    return facts.summary.rstrip(".") or converter.describe(config.model.max_seq_len)


def about_yaml(config: Config, facts: Facts) -> str:
    """Returns what a program may want to know of an export, as `hub.about` reads it."""
    said = {name: getattr(facts, name) for name in ("data", "licence", "precision", "step")}
    return yaml.safe_dump({"summary": summary_of(config, facts), **said}, sort_keys=False)


def _about(config: Config, facts: Facts) -> str:
    model, data = config.model, config.data.converter
    options = ", ".join(f"{key} {value}" for key, value in data.items() if key != "kind")
    lines = {
        "Model": f"`{config.name}`: "
        + (_stacks(model) if model.kind == "cross_modal" else _nets(model)),
        "Music": f"`{data['kind']}`" + (f" ({options})" if options else ""),
        "Trained to step": facts.step,
        "Data": facts.data,
        "Examples": facts.examples and f"{facts.examples}, sha1 {facts.data_sha1}",
        "Seed": facts.seed,
        "Licence of the weights": facts.licence,
        "Weights stored as": facts.precision,
    }
    return "\n".join(
        f"- {title}: {UNSAID if value in (None, '') else value}" for title, value in lines.items()
    )


def _nets(model: ModelConfig) -> str:
    return (
        f"{_net(model.encoder, model.enc_rnn_size)} encoder, "
        f"{_net(model.decoder, model.dec_rnn_size)} decoder, {model.head['kind']} head, latent of "
        f"{model.z_size}, {model.max_seq_len} steps"
    )


def _stacks(model: ModelConfig) -> str:
    """Returns the sizes of a model of sound and notes."""
    options = ", ".join(f"{key} {value}" for key, value in model.encoder.items() if key != "kind")
    return f"autoencoders of sound (_1) and of symbols (_2) whose latents are tied, {options}"


def _net(component: Mapping[str, Any], rnn_size: Sequence[int]) -> str:
    """Returns a component's kind and sizes; those of clip networks are its options."""
    if component["kind"] not in CLIP_KINDS:
        return f"{component['kind']} {list(rnn_size)}"
    options = ", ".join(f"{key} {value}" for key, value in component.items() if key != "kind")
    return f"{component['kind']} ({options})"


def _signatures(interface: NamedFunctions) -> str:
    rows = ["| signature | inputs | outputs |", "|---|---|---|"]
    for name, function in sorted(interface.functions.items()):
        takes, gives = interface.inputs_of(name), function.structured_outputs
        count = next((key for key in COUNTS if key in takes), "B")
        rows.append(f"| `{name}` | {_tensors(takes)} | {_tensors(gives, count)} |")
    return "\n".join(rows)


def _tensors(tensors, count: str = "B") -> str:
    """Returns names, types and shapes; `count` is their rows, those of the batch if not given."""
    return ", ".join(
        f"`{name}` {tensor.dtype.name} "
        f"[{', '.join(count if size is None else str(size) for size in tensor.shape)}]"
        for name, tensor in tensors.items()
    )


def _metrics(facts: Facts) -> str:
    if not facts.metrics:
        return f"{UNSAID.capitalize()}: no evaluation at this step."
    rows = [f"| {name} | {value:.4g} |" for name, value in facts.metrics.items()]
    return "\n".join(["Held-out examples:", "", "| metric | value |", "|---|---|", *rows])


def _calls(name: str) -> str:
    return f"""```sh
lofi_generate --model=saved_models/{name} --num_outputs=5
curl http://localhost:8501/v1/models/{name}:predict -d '{{"signature_name": "sample", "inputs":
  {{"num_outputs": 5, "temperature": 0.5, "seed": 1}}}}'
```

```python
import tensorflow as tf

model = tf.saved_model.load("saved_models/{name}/1")
samples = model.signatures["sample"](
    num_outputs=tf.constant(5), temperature=tf.constant(0.5), seed=tf.constant(1, tf.int64)
)
```"""


def _continuation_calls(name: str) -> str:
    return f"""```sh
lofi_generate --model=saved_models/{name} --mode=continue --input_audio=sound.wav --seconds=8
```

`encode` takes a clip, of whose samples the first `lengths` count; its `states` and `frame` are what
`continue` goes on from, and those of `continue` what the next `continue` does."""


def _cross_calls(name: str) -> str:
    return f"""```sh
lofi_transcribe sound.wav notes.mid --model=saved_models/{name}
lofi_play --model=saved_models/{name} --mode=midi --midi=tune.mid
```

A row is a frame. `transcribe` takes spectra, 0 at the config's `floor_db` and 1 at 0 dB, to
the probability of each symbol; `synthesize` takes symbols to spectra; `decode` takes z to both."""


_CALLS = {"vae": _calls, "continuation": _continuation_calls, "cross_modal": _cross_calls}
