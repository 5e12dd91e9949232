"""The final test: the reconstruction loss as it is reported."""
