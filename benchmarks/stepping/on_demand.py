"""A process that runs a training step whenever it is asked to; any Python from 3.8 on."""

import json
import resource
import sys
import time


def serve(build):
    """Builds, runs a first step, then one for each line on standard input.

    Args:
        build: returns a function that runs one whole step and waits for its end.

    Prints one line of JSON for each: `build` and `first` in seconds, then `step` in seconds and
    `peak_mib`, the most memory the process has held.
    """
    start = time.perf_counter()
    step = build()
    built = time.perf_counter()
    step()
    _say({"build": built - start, "first": time.perf_counter() - built})
    for _ in sys.stdin:
        start = time.perf_counter()
        step()
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        _say({"step": seconds, "peak_mib": peak})


def _say(found):
    print(json.dumps(found), flush=True)
