"""Preparing and inspecting data."""
