"""How long a config's model takes to build and to run its first training step, and its memory.

    python -m benchmarks.first_step hierdec-trio_16bar --units=64 --batch_size=4

Each line is one fresh process. The floor is the time that the step's matrix products alone would
take at the rate of one large product on this machine.
"""

import argparse
import json
import resource
import subprocess
import sys
import time


def main() -> None:
    """Measures every config given, each in its own process, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("configs", nargs="+")
    parser.add_argument(
        "--units", type=int, help="width of every LSTM layer; the config's if absent"
    )
    parser.add_argument("--batch_size", type=int, default=4)
    parser.add_argument("--hparams", default="", help="further overrides")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", action="store_true", help="measure in this process, print JSON")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.configs[0], args.units, args.batch_size, args.hparams)))
        return
    head = ("build s", "first s", "next s", "floor s", "nodes", "MiB")
    print(f"{'config':26}" + "".join(f"{title:>9}" for title in head))
    for name in args.configs:
        runs = [_in_own_process(name) for _ in range(args.repeats)]
        middle = {key: sorted(run[key] for run in runs)[len(runs) // 2] for key in runs[0]}
        print(
            f"{name:26}{middle['build']:9.1f}{middle['first']:9.1f}{middle['next']:9.2f}"
            f"{middle['floor']:9.2f}{middle['nodes']:9d}{middle['peak_mib']:9.0f}",
            flush=True,
        )


def _in_own_process(name: str) -> dict:
    others = [flag for flag in sys.argv[1:] if flag.startswith("--")]
    command = [sys.executable, "-m", "benchmarks.first_step", name, "--one", *others]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(name: str, units: int | None, batch_size: int, hparams: str) -> dict:
    """Returns seconds, nodes of the training function's graph and peak memory of one model."""
    from lofi_tf import quiet
    from lofi_tf.config import load_config
    from lofi_tf.hparams import with_hparams

    with quiet.imports():
        import tensorflow as tf

        from lofi_tf.models.build import build_model

    config = load_config(name)
    overrides = [f"batch_size={batch_size}", *([hparams] if hparams else [])]
    if units:
        for key in ("enc_rnn_size", "dec_rnn_size"):
            sizes = ",".join([str(units)] * len(getattr(config.model, key)))
            overrides.append(f"{key}=[{sizes}]")
    config = with_hparams(config, ",".join(overrides))
    batch = _random_batch(config, batch_size)
    start = time.perf_counter()
    model = build_model(config)
    built = time.perf_counter()
    step = tf.function(model.train_step, autograph=False)
    graph = step.get_concrete_function(batch)
    float(step(batch)["loss"])
    first = time.perf_counter()
    float(step(batch)["loss"])
    following = time.perf_counter() - first
    nodes = len(graph.graph.as_graph_def().node) + sum(
        len(function.node_def) for function in graph.graph.as_graph_def().library.function
    )
    return {
        "build": built - start,
        "first": first - built,
        "next": following,
        "floor": _floor(config, batch_size),
        "nodes": nodes,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _random_batch(config, batch_size: int) -> dict:
    import numpy as np
    import tensorflow as tf

    from lofi_tf.data.converters.converter import build_converter, depths_of

    depths, steps = depths_of(build_converter(config.data.converter)), config.model.max_seq_len
    random = np.random.default_rng(0)
    batch = {
        name: tf.constant(random.integers(0, 2, [batch_size, steps, depth]), tf.float32)
        for name, depth in depths.items()
    }
    return {**batch, "length": tf.fill([batch_size], steps)}


def _floor(config, batch_size: int) -> float:
    """Returns the seconds of the LSTMs' products, forwards and backwards, at the machine's rate."""
    import tensorflow as tf

    from lofi_tf.data.converters.converter import build_converter, depths_of
    from lofi_tf.models.common.memory import lstm_layers

    layers = lstm_layers(config, depths_of(build_converter(config.data.converter)))
    flops = 3 * 2 * batch_size * config.model.max_seq_len
    flops *= sum(4 * units * (size + units) for size, units in layers)
    square = tf.random.normal([2048, 2048])
    tf.linalg.matmul(square, square).numpy()
    start = time.perf_counter()
    tf.linalg.matmul(square, square).numpy()
    return flops * (time.perf_counter() - start) / (2 * 2048**3)


if __name__ == "__main__":
    main()
