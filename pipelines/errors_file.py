"""The file that lists what a pipeline refused."""

from collections.abc import Iterable, Sequence

from lofi_tf.files import atomic_write


def write_errors(refusals: Iterable[Sequence[str]], path: str) -> None:
    """Writes a table of (file, rule, message), separated by tabs."""
    lines = ["file\trule\tmessage"]
    for refusal in refusals:
        lines.append("\t".join(" ".join(part.split()) for part in refusal))
    with atomic_write(path) as file:
        file.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))
