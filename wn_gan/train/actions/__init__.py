"""The actions between training steps: tests, grids, reports, checkpoints."""
