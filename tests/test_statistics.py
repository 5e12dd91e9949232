"""Statistics over runs, against values worked out by hand."""

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from wn_gan.compare.statistics import (
    hierarchical_interval,
    holm,
    improvement_interval,
    interquartile_mean,
    least_p,
    paired_differences,
    probability_of_improvement,
    sign_flip_p,
    signed_ranks,
    t_interval,
)

pytestmark = pytest.mark.one_stack

INF = float("inf")


def test_differences_of_failed_runs():
    values = np.array([1.0, INF, 2.0, INF])
    baseline = np.array([0.5, 1.0, INF, INF])
    expected = [0.5, INF, -INF, 0.0]
    assert paired_differences(values, baseline).tolist() == expected


def test_signed_ranks_give_failures_the_largest():
    ranks = signed_ranks(np.array([0.1, -0.3, INF, 0.0, -INF, 0.1]))
    assert ranks.tolist() == [1.5, -3.0, 4.5, 0.0, -4.5, 1.5]


def test_the_sign_flip_test_by_hand():
    """1, 2, 3 of one sign: 2 of 8 patterns are as far out; 1, 2, -3: all."""
    assert sign_flip_p(np.array([1.0, 2.0, 3.0])) == 2 / 8
    assert sign_flip_p(np.array([1.0, 2.0, -3.0])) == 1.0
    # |sum| >= 4 of +-1 +-2 +-3: 6, 4, -4, -6.
    assert sign_flip_p(np.array([-1.0, 2.0, 3.0])) == 4 / 8
    assert sign_flip_p(np.array([0.0, 0.0])) == 1.0
    # Ranks 1, 2, 3, all positive.
    assert sign_flip_p(np.array([0.2, 5.0, INF])) == 2 / 8


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8))
def test_the_sign_flip_test_is_that_of_all_patterns(values):
    differences = np.array([v for v in values if abs(v) > 1e-3] or [0.5])
    observed = abs(differences.sum())
    sums = [
        abs(sum(s * abs(d) for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    share = np.mean([s >= observed * (1 - 1e-9) for s in sums])
    assert sign_flip_p(differences) == share


def test_many_pairs_are_sampled_and_agree_with_the_exact_test():
    random = np.random.default_rng(3)
    differences = random.normal(0.4, 1, 17)
    result = scipy.stats.permutation_test(
        (differences, np.zeros(17)),
        lambda x, y: np.mean(x - y),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    # 65,536 patterns: a standard error of at most 0.002.
    assert_allclose(sign_flip_p(differences), result.pvalue, atol=0.008)


def test_holm_by_hand():
    """Sorted .01 .03 .04 times 3, 2, 1; never smaller than the one before."""
    assert_allclose(holm([0.03, 0.01, 0.04]), [0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    "contrasts, seeds", [(1, 6), (2, 7), (3, 7), (4, 8), (6, 8)]
)
def test_the_seeds_that_can_decide(contrasts, seeds):
    """6 for one contrast, 7 for two or three, 8 for four to six."""
    assert least_p(seeds, contrasts) <= 0.05 < least_p(seeds - 1, contrasts)


def test_the_t_interval_by_hand():
    """Mean 2, deviation 1, n 3: 2 +- t(2 df) / sqrt(3)."""
    values = np.array([1.0, 2.0, 3.0])
    half = 4.302652729749462 / np.sqrt(3)
    assert_allclose(t_interval(values), [2 - half, 2 + half], rtol=1e-12)
    # Two contrasts: the quantile at 1 - 0.05 / 4.
    half = 6.205346816 / np.sqrt(3)
    assert_allclose(t_interval(values, 2), [2 - half, 2 + half], rtol=1e-8)
    assert t_interval(values[:2]) is None


def test_the_hierarchical_interval_sees_seeds():
    """Seeds that differ make it wide, however many images there are."""
    random = np.random.default_rng(0)
    seeds = np.array([[-1.0], [0.0], [1.0], [2.0]])
    differences = seeds + random.normal(0, 0.1, (4, 1000))
    low, high = hierarchical_interval(differences)
    assert low < -0.4 and high > 1.4
    same = random.normal(0.5, 0.1, (4, 1000))
    low, high = hierarchical_interval(same)
    assert 0.48 < low < 0.5 < high < 0.52
    assert hierarchical_interval(same[:2]) is None


def test_the_interquartile_mean_by_hand():
    """Of eight, the middle four; failures are at the upper end."""
    values = np.array([8.0, 1, 2, 3, 4, 5, 6, INF])
    assert interquartile_mean(values) == (3 + 4 + 5 + 6) / 4
    assert interquartile_mean(np.array([1.0, INF, INF, INF])) == INF


def test_the_probability_of_improvement_by_hand():
    """1 beats both, 2 ties with one and beats the other, failure loses."""
    values, baseline = np.array([1.0, 2.0, INF]), np.array([2.0, 3.0])
    found = probability_of_improvement(values, baseline)
    assert found == (2 + 1.5 + 0) / 6
    failed = np.array([INF])
    assert probability_of_improvement(failed, failed) == 0.5


def test_the_interval_of_the_improvement():
    low, high = improvement_interval(np.arange(8.0), np.arange(8.0))
    assert 0 < low < 0.5 < high < 1
    assert improvement_interval(np.arange(8.0), np.arange(8.0) + 9) == (1, 1)
    assert improvement_interval(np.arange(2.0), np.arange(8.0)) is None
