"""What a run counts: what was done, and what is wrong, each fault also as a sentence."""

from collections import Counter
from typing import Final

FAULTS: Final = (
    "acknowledged effects lost",
    "events doubled",
    "holes in positions or sequences",
    "events that changed afterwards",
    "sessions left running",
    "agent processes left",
    "subscribers' records unlike the log",
    "checkpoints that the log doesn't fit",
    "audits that were not sound",
    "answers of the kind 500",
    "starts and ends that failed",
)


class Report:
    """The counts. `faults` has every kind of fault, also those that never were."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.faults: dict[str, int] = dict.fromkeys(FAULTS, 0)
        self.sentences: list[str] = []

    def wrong(self, fault: str, sentence: str) -> None:
        """Count a fault, one of `FAULTS`."""
        self.faults[fault] += 1
        self.sentences.append(f"{fault}: {sentence}")

    @property
    def sound(self) -> bool:
        """Whether there was no fault."""
        return not any(self.faults.values())
