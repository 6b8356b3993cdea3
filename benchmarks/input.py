"""How many examples a second the input of training gives, from memory, nothing else running.

python -m benchmarks.input groovae_4bar cat-mel_2bar_small --batch_size=64
"""

import argparse
import time

from lofi_tf import quiet
from lofi_tf.config import load_config

with quiet.imports():
    import numpy as np

    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.data.storage.dataset import training_batches
    from lofi_tf.data.storage.examples import Examples

NUM_EXAMPLES = 4000


def main() -> None:
    """Prints a line a config."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("configs", nargs="+")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=6.0)
    args = parser.parse_args()
    for name in args.configs:
        config = load_config(name)
        steps, converter = config.model.max_seq_len, build_converter(config.data.converter)
        examples = random_examples(converter, steps)
        batches = iter(training_batches(examples, converter, args.batch_size, steps))
        next(batches)
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < args.seconds:
            next(batches)
            count += args.batch_size
        print(f"{name}: {count / (time.perf_counter() - start):.0f} examples/s", flush=True)


def random_examples(converter, steps: int) -> Examples:
    """Returns examples of random bits of a converter's shapes."""
    random = np.random.default_rng(0)
    arrays = {
        name: random.integers(0, 2, [NUM_EXAMPLES, *(size or steps for size in spec.shape)]).astype(
            spec.dtype
        )
        for name, spec in converter.example_spec.items()
    }
    return Examples(arrays, np.array(["a source"] * NUM_EXAMPLES))


if __name__ == "__main__":
    main()
