"""Client: python -m wn_gan.client --address=host:8500 --model=a --output=out.

Asks a TensorFlow Serving server that serves an exported generator: for samples
as a grid and as PNGs that the server has encoded, or, with --images, for the
generator's nearest images to them.
"""

import sys

from wn_gan import cli
from wn_gan.config import ClientOptions


def main(options: ClientOptions) -> None:
    """Asks the server."""
    from wn_gan.client.ask import ask

    ask(options)


KINDS = (ClientOptions,)

if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, KINDS, main))
