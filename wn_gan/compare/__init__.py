"""Comparisons of runs: tables, plots, one page."""
