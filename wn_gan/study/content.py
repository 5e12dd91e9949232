"""What `study.json` says: the plan, what was tuned, what is compared."""

from collections.abc import Sequence

from wn_gan.config import Config, StudyOptions
from wn_gan.errors import UserError
from wn_gan.progress import say
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.run_state import has_failed
from wn_gan.study.bundle import Bundle
from wn_gan.study.measurements import Measurement, final_measurements
from wn_gan.study.plan import Trial, fixed_options
from wn_gan.study.single_run import has_ended
from wn_gan.study.tuning import choose, table, tuning_losses
from wn_gan.study.views import PlannedView


def content_of(
    views: Sequence[PlannedView],
    trials: Sequence[Trial],
    options: StudyOptions,
    bundle: Bundle,
) -> dict:
    """Content of a bundle's `study.json`.

    Args:
        views: title and scored runs of each comparison.
        trials: the tuning runs.
        options: of the study.
        bundle: with the results of all of them.

    Raises:
        UserError: if no run of the baseline has a final test.
    """
    measurement = final_measurements(options)[0]
    runs = [config for view in views for config in view.configs]
    content = {
        "plan": fixed_options(options),
        **_protocols(runs, measurement, bundle),
        "views": [
            {
                "name": view.name,
                "title": view.title,
                "runs": _reported(view.configs, measurement, options, bundle),
            }
            for view in views
        ],
    }
    if trials:
        content["tuning"] = _tuning(trials, options, bundle)
    return content


def _tuning(
    trials: Sequence[Trial], options: StudyOptions, bundle: Bundle
) -> dict:
    """The tuning runs, and what they chose."""
    losses = tuning_losses(trials, options, bundle)
    choice = choose(trials, losses)
    return {
        "solver": f"{options.tune_solver}, {options.tune_evaluations} "
        "evaluations",
        "chosen": {cell: value.name for cell, value in choice.own.items()},
        "shared": choice.shared.name,
        "trials": table(
            trials, losses, lambda trial: bundle.name(trial.config)
        ),
    }


def _protocols(
    configs: Sequence[Config], measurement: Measurement, bundle: Bundle
) -> dict[str, str | None]:
    """Those of the final tests and of the features; None if no run has one."""
    for config in configs:
        test = measurement.found(RunFolder(bundle.place(config)))
        if test is not None:
            features = measurement.features_of(test)
            return {"protocol": test.name, "features": features}
    return {"protocol": None, "features": None}


def _reported(
    configs: Sequence[Config],
    measurement: Measurement,
    options: StudyOptions,
    bundle: Bundle,
) -> list[str]:
    """Names of the runs that failed or were tested, the baseline first."""
    found = []
    for config in configs:
        run = RunFolder(bundle.place(config))
        if not has_ended(run, config):
            missing = None if has_failed(run) else "it has not ended"
        else:
            tested = measurement.found(run) is not None
            missing = None if tested else "it has no final test"
        if missing is None:
            found.append(config)
        else:
            say(
                f"left out: {config.run_dir}: {missing}; start the study "
                "again for it"
            )
    if not any(config in found for config in configs[: len(options.seeds)]):
        raise UserError(
            "no run of the baseline has a final test: "
            f"{configs[0].run_dir} and its other seeds"
        )
    return [bundle.name(config) for config in found]
