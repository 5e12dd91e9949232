"""Study: python -m wn_gan.study --flagfile=flags/study_faces.cfg.

Trains every norm with every seed (same data order, same codes, same budget),
tests each run and compares them. After a kill, the same command runs only the
missing parts. It takes all flags of wn_gan.train as options of every run.
"""

import sys

from wn_gan import cli
from wn_gan.config import Config, StudyOptions


def main(shared: Config, options: StudyOptions) -> None:
    """Runs the study."""
    from wn_gan.study.run_study import run_study

    run_study(shared, options)


KINDS = (Config, StudyOptions)
FIRST = ("study_dir", "norms", "vary", "tune", "seeds", "dry_run", "status")

if __name__ == "__main__":
    sys.exit(
        cli.run_verb(__doc__, KINDS, main, first=FIRST, shown=(StudyOptions,))
    )
