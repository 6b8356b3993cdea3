"""Model cards: what an exported model is, what it learned from, and how to call it."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import yaml

from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.models.kinds import kind_of

if TYPE_CHECKING:  # commands know a run before TensorFlow is there
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


def model_card(config: Config, name: str, interface: "NamedFunctions", facts: Facts) -> str:
    """Returns a model card in Markdown."""
    parts = [
        f"# {name}",
        f"{summary_of(config, facts)}.",
        _about(config, facts),
        "## Signatures\n\n" + _signatures(interface),
        "## Metrics\n\n" + _metrics(facts),
        "## How to call it\n\n" + kind_of(config).calls(name),
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
    data = config.data.converter
    options = ", ".join(f"{key} {value}" for key, value in sorted(data.items()) if key != "kind")
    lines = {
        "Model": f"`{config.name}`: {kind_of(config).parts(config.model)}",
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


def _signatures(interface: "NamedFunctions") -> str:
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
