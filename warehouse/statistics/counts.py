"""Tests for small, overdispersed counts.

The family starts from the difference of two Poisson counts (Akiyama and Propheter, Methods of
Data Quality Control for Uniform Crime Reporting Programs, FBI 2005, appendix A). Its exact form
conditions on the sum, which is a binomial test; averaging the Poisson mean over what the history
leaves open gives the negative binomial, which also carries overdispersion.
"""

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]


def upper_tail(value: Floats, mean: Floats, variation: Floats) -> Floats:
    """P(X ≥ value), X negative binomial with variance mean + variation × mean²."""
    size = 1 / variation
    tail: Floats = special.betainc(np.maximum(value, 1e-9), size, mean / (size + mean))
    return np.where(value <= 0, 1.0, tail)


def lower_tail(value: Floats, mean: Floats, variation: Floats) -> Floats:
    """P(X ≤ value) of the same distribution; 0 below zero."""
    size = 1 / variation
    tail: Floats = special.betainc(size, np.maximum(value, 0) + 1, size / (size + mean))
    return np.where(value < 0, 0.0, tail)


def log_probability(value: Floats, mean: Floats, variation: Floats) -> Floats:
    """Logarithm of P(X = value); minus infinity below zero."""
    size = 1 / variation
    known = np.maximum(value, 0)
    result: Floats = (
        special.gammaln(known + size)
        - special.gammaln(size)
        - special.gammaln(known + 1)
        + size * np.log(size / (size + mean))
        + special.xlogy(known, mean / (size + mean))
    )
    return np.where(value < 0, -np.inf, result)


def two_sided(value: Floats, mean: Floats, variation: Floats) -> Floats:
    """Twice the mid-P tail on the value's side of the mean, at most 1.

    Mid-P: on a discrete scale the value itself counts half.
    """
    result = np.empty(value.shape)
    high = value >= mean
    for side, tail, step in ((high, upper_tail, 1), (~high, lower_tail, -1)):
        x, m, v = value[side], mean[side], variation[side]
        result[side] = tail(x, m, v) + tail(x + step, m, v)
    return np.minimum(result, 1.0)


def false_discovery(probabilities: Floats, tested: int) -> Floats:
    """Benjamini-Hochberg q-values of the given probabilities among `tested` hypotheses.

    Those left out of `probabilities` must have larger ones than those that matter.
    """
    order = np.argsort(probabilities)
    ranked = probabilities[order] * tested / np.arange(1, probabilities.size + 1)
    result = np.empty_like(probabilities)
    result[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return result
