"""Entry point of every verb: flags, help, errors, exit status."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import flags

from wn_gan.errors import (
    TrainingFailed,
    UserError,
    VerificationFailed,
    WorkerLost,
)
from wn_gan.flag_defs import (
    define_options,
    is_positional,
    options_from_flags,
    parse,
)

_HELP = ("--help", "-help", "-h")


def run_verb(
    doc: str,
    kinds: Sequence[type],
    main: Callable[..., int | None],
    argv: Sequence[str] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> int:
    """Parses the command line and calls `main`.

    Args:
        doc: the verb's help text; its first line names it.
        kinds: classes of options; their fields are the verb's flags.
        main: takes one object per class; returns the exit status, or None
            for 0.
        argv: command and arguments; default: `sys.argv`.
        defaults: of flags, instead of their options' own.

    Returns:
        Exit status: that of `main`; 0 after `--help`; 1 for a file or disk
        error; 2 for bad input; 3 if training failed; 4 if another worker was
        lost; 5 if an export differs from its checkpoint; 130 after Ctrl-C;
        141 if the reader closed the pipe. An error is one line on stderr.
    """
    argv = sys.argv if argv is None else argv
    # Silences TensorFlow's start-up messages.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        return _run(doc, kinds, main, argv, defaults or {})
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (TrainingFailed, VerificationFailed) as error:
        print(f"failed: {error}", file=sys.stderr)
        return error.exit_status
    except WorkerLost as error:
        print(f"failed: {error}", file=sys.stderr, flush=True)
        # A normal exit would hang: TensorFlow waits for the lost worker.
        os._exit(error.exit_status)
    except BrokenPipeError:
        # The reader closed the pipe. Without this, Python's flush at exit
        # would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        file = f"{error.filename}: " if error.filename else ""
        print(f"error: {file}{error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _run(
    doc: str,
    kinds: Sequence[type],
    main: Callable[..., int | None],
    argv: Sequence[str],
    defaults: Mapping[str, Any],
) -> int:
    flag_values = flags.FlagValues()
    for kind in kinds:
        define_options(kind, flag_values)
    for name, value in defaults.items():
        flag_values.set_default(name, value)
    if any(word in _HELP for word in argv[1:]):
        print(f"{doc.strip()}\n{flag_values.get_help()}", flush=True)
        return 0
    stray = parse(argv, flag_values, any(map(is_positional, kinds)))
    options = [options_from_flags(kind, flag_values, stray) for kind in kinds]
    return main(*options) or 0
