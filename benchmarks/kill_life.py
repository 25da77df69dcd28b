"""A life: one run directory that is killed again and again, and run to its end."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import orjson
from kill_processes import VICTIMS, descendants, gone
from usage import HOMES

ATTEMPTS = 5


@dataclass
class Kill:
    """One kill, and what became of the run that suffered it."""

    life: int
    step: str
    victim: str
    landed: bool = False
    seconds: float = 0.0  # after the step began
    units_done: int = 0  # of the step
    ended: int | None = None  # exit code, where the command ended with the kill
    said: str = ""  # its last line, if it was not killed itself
    orphans: int = 0  # processes that lived on after the driver, 10 s later
    lost: int = 0
    unequal: int = 0
    verified: bool = False


class Life:
    """A run directory and the command at work on it."""

    def __init__(self, command: list[str], run: Path):
        self.command, self.run = [*command, "--out", str(run)], run
        self.process: subprocess.Popen[bytes] | None = None
        self.messages = run.with_suffix(".stderr")

    def start(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            self.known = {step: self.begun().count(step) for step in HOMES}
            with self.messages.open("wb") as messages:
                self.process = subprocess.Popen(
                    self.command,
                    start_new_session=True,
                    stdout=subprocess.DEVNULL,
                    stderr=messages,
                )
        return self.process

    def ended(self) -> tuple[int, str]:
        """Exit code and last message of the command, which is no more at work."""
        assert self.process is not None
        code = self.process.wait()
        self.process = None
        lines = self.messages.read_text("utf-8", "replace").strip().splitlines()
        return code, lines[-1] if lines and code > 0 else ""

    def begun(self) -> list[str]:
        log = self.run / "logs" / "run.jsonl"
        lines = log.read_bytes().splitlines(keepends=True) if log.exists() else []
        events = [orjson.loads(line) for line in lines if line.endswith(b"\n")]
        return [event["step"] for event in events if event["event"] == "begin"]

    def is_done(self, step: str) -> bool:
        return (self.run / HOMES[step] / "manifest.json").exists()

    def units(self, step: str) -> int:
        return len(list((self.run / HOMES[step] / "receipts").glob("*.json")))

    def reach(self, step: str, share: float, seconds: float, units: int) -> float | None:
        """Wait for a share of what is left of a step, by its usual time or by its units.

        Returns the seconds since it began; None where it was done before.
        """
        process = self.start()
        while self.begun().count(step) == self.known[step]:
            if process.poll() is not None or self.is_done(step):
                return None
            time.sleep(0.005)
        begun, already = time.monotonic(), self.units(step)
        until = begun + share * seconds * (1 - already / units)
        enough = already + share * (units - already)
        while time.monotonic() < until and (units == 1 or self.units(step) < enough):
            time.sleep(0.002)
        if process.poll() is not None or self.is_done(step):
            return None
        return time.monotonic() - begun

    def suffer(self, kill: Kill) -> None:
        """Kill what the kill names, and see what becomes of the rest."""
        process = self.start()
        tree = descendants(process.pid)
        chosen = VICTIMS[kill.victim](process.pid, tree)
        if not chosen:
            return
        for pid in chosen:
            os.kill(pid, signal.SIGKILL)
        kill.landed, kill.units_done = True, self.units(kill.step)
        if process.pid in chosen:
            kill.ended, _ = self.ended()
            kill.orphans = gone(tree, 10)

    def finish(self) -> list[tuple[int, str]]:
        """Run to the end; the exit codes and messages of attempts that failed."""
        failed = []
        while len(failed) < ATTEMPTS:
            self.start()
            code, said = self.ended()
            if code == 0:
                return failed
            failed.append((code, said))
        raise SystemExit(f"{self.run}: does not come to its end: {failed}")
