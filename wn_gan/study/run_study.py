"""The work of `python -m wn_gan.study`."""

from collections.abc import Collection, Sequence
from pathlib import Path

from wn_gan.compare.compare_runs import compare
from wn_gan.config import CompareOptions, Config, StudyOptions
from wn_gan.features.extractor_choice import check_extractor
from wn_gan.progress import say
from wn_gan.runs.folder import RunFolder
from wn_gan.study.bundle import Bundle
from wn_gan.study.compile_once import decided, with_jit_compile_decided
from wn_gan.study.content import content_of
from wn_gan.study.executing import run_all
from wn_gan.study.live import StudyLine
from wn_gan.study.measurements import (
    Measurement,
    final_measurements,
    tuning_measurement,
)
from wn_gan.study.pictures import keep_pictures
from wn_gan.study.plan import (
    Trial,
    check_plan,
    check_runs,
    fixed_options,
    plan,
    tuning_trials,
)
from wn_gan.study.preview import preview
from wn_gan.study.same_images import check_same_images
from wn_gan.study.status import print_status
from wn_gan.study.views import PlannedView, planned_views, runs_of


def run_study(shared: Config, options: StudyOptions) -> None:
    """Tunes, trains and tests what is missing, then compares all.

    Args:
        shared: options of all runs.
        options: options of the study.

    Raises:
        UserError: for a bad plan, or a folder that holds another study.
    """
    # Both raise an error for a bad plan before anything is written.
    plan(shared, options)
    tuning_trials(shared, options)
    check_extractor(options.feature_extractor)
    if options.dry_run:
        preview(shared, options)
        return
    bundle = Bundle(options.study_dir)
    bundle.restore()
    if options.status:
        if decided(options) is not None:
            shared = with_jit_compile_decided(shared, options)
        print_status(shared, options)
        return
    check_plan(bundle.folder, options)
    shared = with_jit_compile_decided(shared, options)
    trials = tuning_trials(shared, options)
    bundle.begin(fixed_options(options))
    tuning = [tuning_measurement(options)]
    configs = [trial.config for trial in trials]
    if _run_missing(configs, tuning, options, bundle):
        views = planned_views(shared, options, trials, bundle)
        _score(views, trials, options, bundle)


def _score(
    views: Sequence[PlannedView],
    trials: Sequence[Trial],
    options: StudyOptions,
    bundle: Bundle,
) -> None:
    """Trains and tests the scored runs, and writes the report."""
    shown = [c for c in views[0].configs if c.seed == min(options.seeds)]
    if _run_missing(
        runs_of(views),
        final_measurements(options),
        options,
        bundle,
        [config.run_dir for config in shown],
    ):
        content = content_of(views, trials, options, bundle)
        bundle.describe(content)
        with bundle.locked():
            keep_pictures(shown, content["protocol"], bundle)
        bundle.pack()
        report = str(Path(options.study_dir) / "report")
        compare(CompareOptions(bundle=str(bundle.folder), output=report))


def _run_missing(
    configs: Sequence[Config],
    measurements: Sequence[Measurement],
    options: StudyOptions,
    bundle: Bundle,
    pictured: Collection[str] = (),
) -> bool:
    """Runs what neither a run's own folder nor the bundle holds.

    Returns:
        Whether all have ended: False if other processes are training some.
    """
    check_runs(configs, bundle)
    wanted = []
    for config in configs:
        gone = not RunFolder(config.run_dir).config.exists()
        if gone and bundle.holds(config, measurements):
            say(f"in the bundle: {config.run_dir}")
            continue
        if gone and bundle.has_results(config):
            say(
                f"trained again, for steps or tests not there: {config.run_dir}"
            )
        wanted.append(config)
    with StudyLine(wanted) as live:
        ended = run_all(wanted, measurements, options, live.look)
        for number, line in enumerate(ended, start=1):
            live.ended(f"{number} of {len(wanted)} ended: {line}")
            bundle.update(configs, pictured)
            bundle.pack()
            with bundle.locked():
                check_same_images(configs, measurements, bundle)
    if any(RunFolder(config.run_dir).is_locked() for config in configs):
        say(
            "other processes are still training runs of this study: start "
            "it again for the report when they have ended"
        )
        return False
    bundle.update(configs, pictured)
    return True
