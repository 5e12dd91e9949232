"""One live line over all runs of a study."""

from collections.abc import Sequence
from typing import Any

from wn_gan.config import Config
from wn_gan.progress import Progress
from wn_gan.runs.folder import RunFolder
from wn_gan.study.status import is_done, last_step


class StudyLine:
    """Context manager that shows the steps done of all runs.

    Args:
        configs: of the runs.
    """

    def __init__(self, configs: Sequence[Config]):
        self._left = {config.run_dir: config for config in configs}
        self._steps = dict.fromkeys(self._left, 0)
        self._total = len(configs)
        for config in configs:
            self._look_at(config)
        self._progress = Progress(
            sum(config.train_steps for config in configs),
            "steps",
            done=sum(self._steps.values()),
        )

    def __enter__(self) -> "StudyLine":
        self._progress.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._progress.__exit__(*exception)

    def look(self) -> None:
        """Shows what the runs have done by now."""
        running = []
        for config in list(self._left.values()):
            self._look_at(config)
            if RunFolder(config.run_dir).is_locked():
                running.append(RunFolder(config.run_dir).path.name)
        ended = self._total - len(self._left)
        number = min(ended + 1, self._total)
        text = f"run {number} of {self._total}: {', '.join(running)}"
        self._progress.redraw(sum(self._steps.values()), text)

    def ended(self, line: str) -> None:
        """Prints how a run ended."""
        self._progress.message(line)
        self.look()

    def _look_at(self, config: Config) -> None:
        done = last_step(config)
        self._steps[config.run_dir] = min(done, config.train_steps)
        if is_done(config):
            self._left.pop(config.run_dir, None)
