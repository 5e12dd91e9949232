"""What docs/scaling.md says is what Kubernetes and the program take."""

import shlex

import kubernetes_validate
import pytest
import yaml
from absl import flags
from helpers.commands import ROOT

from wn_gan.config import Config
from wn_gan.flag_defs import define_options, options_from_flags, parse

OLDEST, NEWEST = "1.31", "1.34"

pytestmark = pytest.mark.one_stack


def documents():
    text = (ROOT / "docs" / "kubernetes.yaml").read_text()
    return list(yaml.safe_load_all(text))


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_takes_the_job(version):
    """Against its published schemas; unknown fields are errors."""
    kinds = []
    for document in documents():
        kubernetes_validate.validate(document, version, strict=True)
        kinds.append(document["kind"])
    assert kinds == ["Service", "Job"]


def test_a_misspelt_field_would_be_refused():
    _, job = documents()
    job["spec"]["completionmode"] = job["spec"].pop("completionMode")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, NEWEST, strict=True)


@pytest.mark.parametrize("index", ["0", "1"])
def test_the_job_s_command_is_a_good_one(index, monkeypatch):
    """Every worker finds itself among the hosts that the service names."""
    service, job = documents()
    container = job["spec"]["template"]["spec"]["containers"][0]
    (script,) = container["args"]
    script = script.replace("$JOB_COMPLETION_INDEX", index)
    words = shlex.split(script)
    assert words[:4] == ["exec", "python", "-m", "wn_gan.train"]
    monkeypatch.chdir(ROOT)
    values = flags.FlagValues()
    define_options(Config, values)
    parse(words[3:], values)
    config = options_from_flags(Config, values)
    name, spec = service["metadata"]["name"], job["spec"]
    port = service["spec"]["ports"][0]["port"]
    expected = [
        f"{job['metadata']['name']}-{i}.{name}:{port}"
        for i in range(spec["completions"])
    ]
    assert config.worker_hosts.split(",") == expected
    assert config.worker_index == int(index)
    assert spec["template"]["spec"]["subdomain"] == name
