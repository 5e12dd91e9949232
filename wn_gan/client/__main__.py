"""Client: python -m wn_gan.client --address=host:8500 --model=a --output=out.

Requests samples of an exported generator from a TensorFlow Serving server, and
writes them as a grid and as PNGs that the server has encoded. With --images it
requests reconstructions of these images instead.
"""

import sys

from wn_gan import cli
from wn_gan.config import ClientOptions


def main(options: ClientOptions) -> None:
    """Sends the requests and writes the results."""
    from wn_gan.client.ask import ask

    ask(options)


KINDS = (ClientOptions,)
FIRST = ("address", "model", "output", "images")

if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, KINDS, main, first=FIRST))
