"""A process that runs a training step whenever it is asked to; any Python from 3.8 on."""

import json
import resource
import sys
import time


def serve(build):
    """Builds, runs a first step, then one for each line on standard input.

    Args:
        build: returns a function that runs one whole step and waits for its end.

    Prints one line of JSON for each: `build` and `first` in seconds, then `step` in seconds,
    `cpu` in those of the processor, `peak_mib`, the most memory the process has held, and `answer`,
    what the step returned where that is a number.
    """
    start = time.perf_counter()
    step = build()
    built = time.perf_counter()
    step()
    _say({"build": built - start, "first": time.perf_counter() - built})
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        answer = step()
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answer = answer if isinstance(answer, (int, float)) else None
        _say({"step": seconds, "cpu": cpu, "peak_mib": peak, "answer": answer})


def _say(found):
    print(json.dumps(found), flush=True)
