"""The command line: what every verb shares."""

from wn_gan.cli.verb import run_verb

__all__ = ["run_verb"]
