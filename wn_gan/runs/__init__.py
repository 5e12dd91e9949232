"""A training run on disk: folder, checkpoints, metrics, failures."""
