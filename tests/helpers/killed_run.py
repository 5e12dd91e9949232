"""A training run that kills itself: killed_run.py <moment> <flags of train>.

The moment is JSON: `what` happens for the `count`-th time in this process
("step", "test": a running test begins, "checkpoint": one is opened for
writing, "file": any file of the run is opened for writing or renamed), and
`seconds` later comes SIGKILL.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from wn_gan import cli
from wn_gan.reconstruction import RunningTest
from wn_gan.train import __main__
from wn_gan.train.loop import TrainingLoop


class Death:
    """SIGKILL at a moment."""

    def __init__(self, what, count, seconds):
        self.what, self.left, self.seconds = what, count, seconds

    def happens(self, what):
        """Something does; it may be what was waited for."""
        if what != self.what:
            return
        self.left -= 1
        if self.left == 0 and self.seconds:
            threading.Timer(self.seconds, self.strike).start()
        elif self.left == 0:
            self.strike()

    def strike(self):
        """Dies."""
        os.kill(os.getpid(), signal.SIGKILL)

    def before(self, owner, what):
        """Makes a method tell when it is called."""
        method = owner.__call__

        def told(*arguments, **options):
            self.happens(what)
            return method(*arguments, **options)

        owner.__call__ = told

    def watch_files(self, folder):
        """Python tells of every file that it opens or renames."""

        def hook(event, arguments):
            if event not in ("open", "os.rename"):
                return
            path = str(arguments[0])
            if not path.startswith(folder):
                return
            if event == "open" and arguments[1] in (None, "r", "rb"):
                return
            self.happens("file")
            if event == "open" and ".npz.partial-" in path:
                self.happens("checkpoint")

        sys.addaudithook(hook)


def main():
    """The run, with a moment to die at."""
    moment = json.loads(sys.argv.pop(1))
    death = Death(**moment)
    death.before(TrainingLoop, "step")
    death.before(RunningTest, "test")
    (run_dir,) = [x[10:] for x in sys.argv if x.startswith("--run_dir=")]
    death.watch_files(str(Path(run_dir)) + os.sep)
    return cli.run_verb(__main__.__doc__, __main__.KINDS, __main__.main)


if __name__ == "__main__":
    sys.exit(main())
