"""Feature extractors, and measures between two sets of features."""
