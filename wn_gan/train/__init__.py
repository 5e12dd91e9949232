"""Training: one run from its options to its `final.json`."""
