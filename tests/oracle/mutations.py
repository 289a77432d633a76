"""Mistakes planted in the models, to prove that the oracle finds them.

python -m tests.oracle.mutations     # all of them, with the time that each takes
"""

import re
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import yaml

from tests.oracle.compare import differences
from tests.oracle.facts import read_facts
from tests.oracle.worlds import draw
from tests.tools.models import Models

SEEDS = (192, 96, 256, 150)
"""Worlds that are built until one differs."""


@dataclass(frozen=True)
class Mutation:
    """One text in the compiled SQL of a model, and what stands there by mistake."""

    name: str
    model: str
    old: str
    new: str

    def planted(self, models: Models) -> Models:
        """The models with the mistake; ValueError where the text is not there."""
        changed = []
        for model in models.models:
            code = " ".join(re.sub(r"--.*", "", model["compiled_code"]).split())
            if model["name"] == self.model:
                if self.old not in code:
                    raise ValueError(f"{self.name}: {self.model} has no {self.old!r}")
                model = {**model, "compiled_code": code.replace(self.old, self.new)}
            changed.append(model)
        return replace(models, models=changed)

    def is_found(self, models: Models, seeds: tuple[int, ...]) -> bool:
        """Whether the oracle contradicts the mutated models in one of the worlds."""
        mutated = self.planted(models)
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                world = draw(Random(seed), Path(folder))
                build = world.root / "build"
                build.mkdir()
                inputs = world.write()
                database = mutated.run(inputs, world.lake, build).database
                if any(differences(read_facts(inputs, world.lake), database)):
                    return True
        return False


def mutations() -> list[Mutation]:
    """Those of mutations.yml."""
    listed = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
    return [Mutation(**entry) for entry in listed]


def main() -> None:
    """Plant each; exit code 1 where one is not found."""
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        models = Models.compiled(Path(folder))
        for mutation in mutations():
            began = time.monotonic()
            found = mutation.is_found(models, SEEDS)
            missed += [] if found else [mutation.name]
            word = "found" if found else "MISSED"
            sys.stdout.write(f"{word} {mutation.name} {time.monotonic() - began:.1f} s\n")
            sys.stdout.flush()
    raise SystemExit(f"missed: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
