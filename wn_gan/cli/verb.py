"""Entry point of every verb: flags, help, errors, exit status."""

import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import flags, logging

from wn_gan.cli.help_text import help_text
from wn_gan.cli.quiet_import import import_tensorflow
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
    first: Sequence[str] = (),
    shown: Sequence[type] = (),
    uses_tensorflow: bool = True,
    defaults: Mapping[str, Any] | None = None,
) -> int:
    """Parses the command line and calls `main`.

    Args:
        doc: the verb's help text; its first line names it.
        kinds: classes of options; their fields are the verb's flags.
        main: takes one object per class; returns the exit status, or None
            for 0.
        argv: command and arguments; default: `sys.argv`.
        first: options that the help shows first.
        shown: classes whose options the help shows; default: all.
        uses_tensorflow: whether `main` does.
        defaults: of flags, instead of their options' own.

    Returns:
        Exit status: that of `main`; 0 after `--help`; 1 for a file or disk
        error; 2 for bad input; 3 if training failed; 4 if another worker was
        lost; 5 if an export differs from its checkpoint; 130 after Ctrl-C;
        141 if the reader closed the pipe. An error is one line on stderr.
    """
    argv = sys.argv if argv is None else argv
    # Silences what TensorFlow and TensorFlow Datasets tell their developers.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.set_verbosity(logging.ERROR)
    flag_values = flags.FlagValues()
    for kind in kinds:
        define_options(kind, flag_values)
    for name, value in (defaults or {}).items():
        flag_values.set_default(name, value)
    try:
        if any(word in _HELP for word in argv[1:]):
            print(help_text(doc, kinds, first, shown or kinds), flush=True)
            return 0
        return _run(kinds, main, argv, flag_values, uses_tensorflow)
    except UserError as error:
        print(f"error: {error}{_origin(error, flag_values)}", file=sys.stderr)
        return 2
    except (TrainingFailed, VerificationFailed) as error:
        print(f"failed: {error}", file=sys.stderr)
        return error.exit_status
    except WorkerLost as error:
        print(f"failed: {error}", file=sys.stderr, flush=True)
        # A normal exit would hang: TensorFlow waits for the lost worker.
        os._exit(error.exit_status)
    except OSError as error:
        return _status_of(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _status_of(error: OSError) -> int:
    """Prints a file's or the disk's error; returns the exit status."""
    if isinstance(error, BrokenPipeError):
        # The reader closed the pipe. Without this, Python's flush at exit
        # would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    file = f"{error.filename}: " if error.filename else ""
    print(f"error: {file}{error.strerror or error}", file=sys.stderr)
    return 1


def _run(
    kinds: Sequence[type],
    main: Callable[..., int | None],
    argv: Sequence[str],
    flag_values: flags.FlagValues,
    uses_tensorflow: bool,
) -> int:
    stray = parse(argv, flag_values, any(map(is_positional, kinds)))
    options = [options_from_flags(kind, flag_values, stray) for kind in kinds]
    if uses_tensorflow:
        import_tensorflow()
    return main(*options) or 0


def _origin(error: UserError, flag_values: flags.FlagValues) -> str:
    """Says so if the value at fault is a default that nobody gave.

    It may also come from elsewhere: from --vary, or from a run's folder.
    """
    named = re.match(r"--(\w+)=([^:]*): ", str(error))
    if not named or named[1] not in flag_values:
        return ""
    flag = flag_values[named[1]]
    default = flag.default
    text = ",".join(default) if isinstance(default, list) else str(default)
    if flag.present or named[2] != text:
        return ""
    return f" (the value is the default: give --{named[1]} another)"
