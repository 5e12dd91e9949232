"""Run folders with what a comparison reads, and their rows."""

import json
import shutil

import numpy as np

from wn_gan.compare.contrasts import contrasts
from wn_gan.compare.features import with_features
from wn_gan.compare.groups import grouped
from wn_gan.compare.results import read_results
from wn_gan.compare.tables import make_rows
from wn_gan.config import Config
from wn_gan.flag_defs import to_flag_file

TEST = "faces-x-n4"
PAPER = "faces-x-n2-paper2000"


def make_run(path, norm, seed, losses, protocol=TEST, ended=True, **options):
    """A run folder with what a comparison reads."""
    test = path / "final_test" / protocol
    test.mkdir(parents=True)
    config = Config(norm=norm, seed=seed, **options)
    (path / "config.cfg").write_text(to_flag_file(config))
    records = [
        {"step": s, "d_loss": 1.0, "g_loss": 1.0, "images_per_second": 100.0}
        for s in (10, 20)
    ]
    for record, loss in zip(records, (0.03, 0.04), strict=True):
        record["reconstruction_loss"] = loss
    lines = "".join(json.dumps(r) + "\n" for r in records)
    (path / "metrics.jsonl").write_text(lines)
    if not ended:
        shutil.rmtree(path / "final_test")
        failure = {"cause": "D has won", "since_step": 10, "step": 20}
        (path / "failures.json").write_text(json.dumps([failure]))
        return str(path)
    final = {"step": 20, "peak_memory_mib": 500.0}
    (path / "final.json").write_text(json.dumps(final))
    rows = "".join(f"{i},{x}\n" for i, x in enumerate(losses))
    (test / "per_image.csv").write_text("image,loss\n" + rows)
    summary = {
        "mean": float(np.mean(losses)),
        "num_images": len(losses),
        "protocol": protocol,
        "provenance": {},
        "curve": [0.1, 0.05, float(np.mean(losses))],
    }
    (test / "summary.json").write_text(json.dumps(summary))
    (test / "controls.json").write_text(json.dumps({"mean_image": 0.05}))
    return str(path)


def add_paper_test(run, curve, losses):
    """A second test, by `paper`, on the first two images."""
    test = run / "final_test" / PAPER
    test.mkdir()
    rows = "".join(f"{i},{x}\n" for i, x in enumerate(losses))
    (test / "per_image.csv").write_text("image,loss\n" + rows)
    summary = {"mean": losses[0], "protocol": PAPER, "provenance": {}}
    (test / "summary.json").write_text(json.dumps(summary | {"curve": curve}))
    search = {"solver": "paper", "evaluations": 2000}
    (test / "manifest.json").write_text(json.dumps({"search": search}))


def rows_of(runs):
    """Rows of the table, by the first group as baseline."""
    groups = grouped(with_features(read_results(runs, None)))
    return make_rows(groups, contrasts(groups, groups[0]))
