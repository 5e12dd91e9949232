"""Measures between two sets of features, against plain computations."""

import numpy as np
import pytest
import scipy.linalg
from numpy.testing import assert_allclose

from wn_gan.features import frechet_distance as frechet
from wn_gan.features import neighbours
from wn_gan.features.frechet_distance import frechet_distance
from wn_gan.features.kernel_distance import kernel_distance, squared_mmd
from wn_gan.features.neighbours import neighbourhood

SIZES = [(60, 50, 8), (30, 45, 64), (200, 20, 32)]


@pytest.fixture(params=SIZES, ids=str)
def sets(request, random):
    """Two sets, below and above the width, one moved and stretched."""
    n, m, width = request.param
    one = random.normal(size=(n, width)) @ random.normal(size=(width, width))
    return one, 1.3 * random.normal(size=(m, width)) + 0.5


def test_frechet_distance_of_the_covariances(sets):
    one, other = sets
    covariances = [np.cov(each, rowvar=False) for each in sets]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    apart = ((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum()
    traces = sum(np.trace(c) for c in covariances)
    plain = apart + traces - 2 * np.trace(root).real
    # sqrtm of a singular product is good to about 1e-6 only.
    singular = min(len(one), len(other)) <= one.shape[1]
    assert_allclose(
        frechet_distance(one, other), plain, rtol=1e-5 if singular else 1e-9
    )


def test_frechet_distance_of_two_gaussians(random):
    """Features that have exactly these means and variances, in any basis."""
    width, n = 12, 40
    basis, _ = np.linalg.qr(random.normal(size=(width, width)))

    def exactly(mean, deviations):
        raw = random.normal(size=(n, width))
        white, _ = np.linalg.qr(raw - raw.mean(axis=0))
        return (white * np.sqrt(n - 1) * deviations) @ basis + mean

    means = random.normal(size=(2, width))
    deviations = random.uniform(0.1, 3, size=(2, width))
    closed = ((means[0] - means[1]) ** 2).sum()
    closed += ((deviations[0] - deviations[1]) ** 2).sum()
    found = frechet_distance(*map(exactly, means, deviations))
    assert_allclose(found, closed, rtol=0, atol=1e-8)


def test_frechet_distance_in_blocks(random, monkeypatch):
    one, other = random.normal(size=(2, 100, 7))
    whole = frechet_distance(one, other)
    monkeypatch.setattr(frechet, "BLOCK", 9)
    assert_allclose(frechet_distance(one, other), whole, rtol=1e-12)
    assert_allclose(frechet_distance(one, one), 0, atol=1e-12)


def plain_mmd(one, other):
    kernel = lambda a, b: (a @ b / len(a) + 1) ** 3  # noqa: E731
    within = [
        np.mean(
            [
                kernel(a, b)
                for i, a in enumerate(s)
                for j, b in enumerate(s)
                if i != j
            ]
        )
        for s in (one, other)
    ]
    return sum(within) - 2 * np.mean([kernel(a, b) for a in one for b in other])


def test_squared_mmd_pair_by_pair(sets):
    assert_allclose(squared_mmd(*sets), plain_mmd(*sets), rtol=1e-9)


def test_kernel_distance_is_the_mean_over_disjoint_subsets(random):
    one = random.normal(size=(40, 6))
    other = random.normal(size=(30, 6)) + 1
    found = kernel_distance(one, other)
    pieces = [
        np.array_split(np.random.RandomState(0).permutation(n), 10)
        for n in (40,)
    ]
    assert sorted(np.concatenate(pieces[0])) == list(range(40))
    assert found.low < found.mean < found.high
    assert found.low > 0  # they differ
    same = kernel_distance(*random.normal(size=(2, 400, 6)))
    assert same.low < 0 < same.high
    with pytest.raises(ValueError, match="20 images of each kind, got 19"):
        kernel_distance(one[:19], other)


def plain_neighbourhood(real, samples, k):
    def radius(x, others):
        return sorted(np.linalg.norm(others - x, axis=1))[k]

    real_radii = [radius(x, real) for x in real]
    radii = [radius(x, samples) for x in samples]
    inside = np.array(
        [
            [np.linalg.norm(r - s) < radius for s in samples]
            for r, radius in zip(real, real_radii, strict=True)
        ]
    )
    reached = [
        any(
            np.linalg.norm(r - s) < radius
            for s, radius in zip(samples, radii, strict=True)
        )
        for r in real
    ]
    return (
        inside.any(axis=0).mean(),
        np.mean(reached),
        inside.sum(axis=0).mean() / k,
        inside.any(axis=1).mean(),
    )


@pytest.mark.parametrize("block", [7, 2048])
@pytest.mark.parametrize("k", [1, 5])
def test_neighbourhoods_one_by_one(sets, k, block, monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", block)
    found = neighbourhood(*sets, k)
    assert_allclose(found, plain_neighbourhood(*sets, k), rtol=1e-9)


def test_collapse_costs_coverage_and_not_precision(random):
    real = random.normal(size=(300, 8))
    collapsed = np.repeat(real[:10], 30, axis=0)
    collapsed = collapsed + random.normal(size=collapsed.shape) / 100
    found = neighbourhood(real, collapsed)
    assert found.precision == 1
    assert found.coverage < 0.3
    with pytest.raises(ValueError, match="more than 5 images"):
        neighbourhood(real[:5], collapsed)
