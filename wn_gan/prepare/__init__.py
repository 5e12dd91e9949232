"""Preparation and inspection of data."""
