"""Model card of an exported generator: origin, scores and options."""

import html
from pathlib import Path

from wn_gan.config import Config
from wn_gan.flag_defs import to_flag_file
from wn_gan.runs.environment import describe_environment
from wn_gan.runs.json_files import read_json, read_manifest
from wn_gan.runs.metrics import read_metrics
from wn_gan.runs.trained_run import TrainedRun

LICENCES = {
    "faces": 'Training images: faces of the design "Pixel Art", CC0 1.0.',
}
_OTHER_LICENCE = (
    "The permitted use of the model and its images depends on the terms of "
    "the data set; this program does not know these terms."
)


def model_card(
    run: TrainedRun,
    name: str,
    step: int,
    average: bool,
    dtype: str,
    generator_sha256: str,
) -> str:
    """Returns the model card as Markdown.

    Args:
        run: run of the generator.
        name: name of the checkpoint.
        step: step of the checkpoint.
        average: whether the weights are the moving average.
        dtype: dtype of the kernels.
        generator_sha256: hash of the generator's weights.
    """
    config = run.config
    height, width, channels = run.image_shape
    weights = "moving average of the weights" if average else "weights"
    return "\n".join(
        [
            f"# Generator of {html.escape(config.dataset)}",
            "",
            f"{config.architecture}, norm {config.network_name}, folded into "
            f"plain {dtype} kernels: z [batch, {config.code_size}] to images "
            f"[batch, {height}, {width}, {channels}] in [0, 1].",
            "",
            f"Checkpoint `{name}` (step {step:,}, {weights}), seed "
            f"{config.seed}, data {run.data['sha256'][:16]} "
            f"({run.data['num_images']['train']:,} training images).",
            "",
            "## Reconstruction loss",
            "",
            *_scores(run, step, average, generator_sha256),
            "",
            "## Made with",
            "",
            *_software(run),
            "",
            "## Licence",
            "",
            LICENCES.get(config.dataset, _OTHER_LICENCE),
            "",
            "## Options of the run",
            "",
            *("    " + line for line in _options(config)),
            "",
        ]
    )


def _software(run: TrainedRun) -> list[str]:
    """A line for each software that trained the run, and that exported it."""
    last = read_json(run.folder.environment) or {}
    trained = [*last.get("earlier", ()), last] if last else []
    lines = [f"- trained with {_versions(each)}" for each in trained]
    return [*lines, f"- exported with {_versions(describe_environment())}"]


def _versions(environment: dict) -> str:
    packages = ", ".join(
        f"{package} {version}"
        for package, version in environment["packages"].items()
        if version
    )
    return f"revision {environment['git_revision'] or 'unknown'}; {packages}"


def _options(config: Config) -> list[str]:
    """Lines of the flag file, without the machine's paths and hosts."""
    places = ("run_dir", "data_dir", "prepared_dir", "cache_dir", "worker_")
    return [
        line
        for line in to_flag_file(config).splitlines()
        if not line.startswith(tuple(f"--{place}" for place in places))
    ]


def _scores(
    run: TrainedRun, step: int, average: bool, generator_sha256: str
) -> list[str]:
    """One line per test of this generator."""
    lines = []
    for record in read_metrics(run.folder.metrics):
        loss = record.get("reconstruction_loss")
        if record["step"] == step and loss is not None and not average:
            lines.append(f"- running test: {loss:.5f}")
    tests = [
        summary
        for folder in run.folder.all_final_tests()
        if _is_of(
            summary := read_json(folder / "summary.json"),
            folder,
            step,
            average,
            generator_sha256,
        )
    ]
    held_out = [t for t in tests if t["provenance"].get("images") is None]
    others = [t for t in tests if t["provenance"].get("images") is not None]
    lines += [f"- final test: {_line(test)}" for test in held_out]
    lines = lines or ["Not measured on held-out images."]
    if others:
        lines += ["", "On other images, which no run held out:", ""]
        lines += [f"- {_line(test)}" for test in others]
    return lines


def _is_of(
    summary: dict, folder: Path, step: int, average: bool, sha256: str
) -> bool:
    """Whether a test is of this generator."""
    tested = read_manifest(folder).get("generator_sha256")
    source = summary["provenance"]
    # Version 0.1 wrote no hash.
    old = (source.get("step"), bool(source.get("average")))
    return tested == sha256 or (tested is None and old == (step, average))


def _line(summary: dict) -> str:
    low, high = summary["interval_95"]
    return (
        f"{summary['mean']:.5f} ({low:.5f} to {high:.5f}), protocol "
        f"`{summary.get('protocol_in_full', summary['protocol'])}`, "
        f"{summary['provenance']['batch_norm']} "
        "statistics"
    )
