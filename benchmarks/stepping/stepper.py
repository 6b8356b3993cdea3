"""The other end of `on_demand`: a process that is told to step."""

import json
import subprocess


class Stepper:
    """A process of `stepping`.

    Attributes:
        build, first: seconds that building and the first step took.
        peak_mib: memory it has held at most, in MiB.
        cpu: seconds of the processor that the last step took.
        answer: the number that the last step returned, if any.
    """

    def __init__(self, command: list[str]):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        found = json.loads(self.process.stdout.readline())
        self.build, self.first, self.peak_mib = found["build"], found["first"], 0.0
        self.cpu, self.answer = 0.0, None

    def step(self) -> float:
        """Runs a step; returns its seconds."""
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        found = json.loads(self.process.stdout.readline())
        self.peak_mib = found["peak_mib"]
        self.cpu, self.answer = found["cpu"], found["answer"]
        return found["step"]

    def close(self) -> None:
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()
