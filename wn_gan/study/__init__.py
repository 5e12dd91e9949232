"""Studies: a grid of runs, trained, tested and compared."""
