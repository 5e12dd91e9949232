"""What every verb does around its own work: flags, help, errors, status."""

import os
import signal
import sys
from collections.abc import Callable, Sequence

from absl import flags

from wn_gan.errors import (
    TrainingFailed,
    UserError,
    VerificationFailed,
    WorkerLost,
)
from wn_gan.flag_defs import parse


def run_verb(
    doc: str,
    define_flags: Callable[[flags.FlagValues], None],
    main: Callable[..., int],
    argv: Sequence[str] | None = None,
    positional: bool = False,
) -> int:
    """Parses the command line and calls `main`.

    Args:
        doc: the verb's help text; its first line names it.
        define_flags: defines the verb's flags.
        main: takes the parsed flags (and the list of other arguments, if
            the verb is `positional`), returns the exit status.
        argv: instead of the process's own arguments.
        positional: whether the verb takes arguments that are no flags.

    Returns:
        Exit status: that of `main`; 0 after `--help`; 2 for bad input, which
        is told in one line on stderr; likewise 1 where the system refuses a
        file or a disk is full, 3 where training failed, 4 where another
        worker was lost, 5 where an export is not what it should be; 130
        after Ctrl-C.
    """
    argv = sys.argv if argv is None else argv
    flag_values = flags.FlagValues()
    define_flags(flag_values)
    # TensorFlow's start-up notes are not this program's.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        if any(word in ("--help", "-help", "-h") for word in argv[1:]):
            print(f"{doc.strip()}\n{flag_values.get_help()}", flush=True)
            return 0
        others = parse(argv, flag_values, positional)
        return main(flag_values, others) if positional else main(flag_values)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (TrainingFailed, VerificationFailed) as error:
        print(f"failed: {error}", file=sys.stderr)
        return error.exit_status
    except WorkerLost as error:
        print(f"failed: {error}", file=sys.stderr, flush=True)
        # TensorFlow's own way out waits for the worker that is lost.
        os._exit(error.exit_status)
    except BrokenPipeError:
        # Who read the output has had enough; Python's last flush must not
        # complain of it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        file = f"{error.filename}: " if error.filename else ""
        print(f"error: {file}{error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
