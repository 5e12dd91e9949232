"""Exports: folded generators for TensorFlow Serving, verified."""
