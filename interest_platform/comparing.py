"""What a comparison is to be run with under these settings: refused, or noted, before anything takes time."""

from collections.abc import Sequence
from dataclasses import dataclass

from interest_platform.comparison import Contestant, Grid, contestants, expand
from interest_platform.comparison.contestants import without_doubles
from interest_platform.domain.tables import CLEANED_TOKENS
from interest_platform.domain.windows import Window
from interest_platform.embedding.trained import TrainedEncoder
from interest_platform.errors import LakeError, NotTrainedError
from interest_platform.lake import Lake
from interest_platform.settings import Settings
from interest_platform.tracking import Tracker
from interest_platform.training import missing_windows, train_on_lake, untrained, with_encoder


@dataclass(frozen=True)
class Comparison:
    """Encoders, each once, the grid of what runs with each of them, and a line on whatever does not run."""

    encoders: tuple[Contestant, ...]
    grid: Grid
    notes: tuple[str, ...]


def check_comparison(settings: Settings) -> list[Contestant]:
    """The encoders of the comparison, of which some may be untrained.

    Raises `InterestError`, one line, for a method without a cell and for an encoder that can't be loaded.
    """
    expand(settings.config)
    return contestants(settings.config, settings.config_path.parent, settings.home)


def texts_to_load(settings: Settings, lake: Lake, windows: Sequence[Window]) -> list[Window]:
    """The windows, oldest first, whose texts comparing on `windows` takes and the lake has not.

    These windows, their lookback, and what encoders of the comparison have yet to learn from. Raises `SettingsError`
    for an encoder that would learn from no closed window.
    """
    lookback = settings.config.windows.lookback
    wanted = {w for window in windows for w in settings.grid.lookback(window, lookback)}
    loaded = set(lake.loaded_windows(CLEANED_TOKENS.name, sorted(wanted)))
    to_learn = {w for each in check_comparison(settings) for w in _missing(settings, lake, each)}
    return sorted((wanted - loaded) | to_learn)


def _missing(settings: Settings, lake: Lake, contestant: Contestant) -> list[Window]:
    if contestant.settings is None:
        return []
    own = with_encoder(settings, contestant.settings)
    return missing_windows(own, lake) if untrained(own) else []


def prepared_comparison(settings: Settings, lake: Lake, tracker: Tracker, run_id: str, asset: str) -> Comparison:
    """The comparison with all its encoders trained: those that are not are now, in an MLflow run each.

    Raises as `check_comparison` does, and `NotTrainedError` where the texts to learn from are not loaded.
    """
    grid, trained = expand(settings.config), []
    for place, each in enumerate(check_comparison(settings)):
        if absent := _missing(settings, lake, each):
            raise NotTrainedError(
                f"comparison.encoders.{place}: {each.name} is not trained, and {len(absent)} windows of its `train` "
                f"are not loaded (first: {absent[0].key}); `interest compare` loads them, or `interest run` does"
            )
        if each.settings is not None and isinstance(each.encoder, TrainedEncoder) and not each.encoder.is_trained:
            own = with_encoder(settings, each.settings)
            encoder = train_on_lake(own, lake, tracker, run_id, again=False, asset=f"{asset}/{each.settings.kind}")
            trained.append(Contestant(each.name, each.settings, encoder))
        else:
            trained.append(each)
    encoders, doubles = without_doubles(trained)
    return Comparison(tuple(encoders), grid, (*grid.notes, *doubles))


def texts_behind(settings: Settings, lake: Lake, window: Window) -> list[Window]:
    """The loaded windows whose texts make the window's interests. Raises `LakeError` where it is not loaded itself."""
    lookback = settings.grid.lookback(window, settings.config.windows.lookback)
    loaded = lake.loaded_windows(CLEANED_TOKENS.name, lookback)
    if window not in loaded:
        raise LakeError(
            f"comparison: the texts of {window.key} are not loaded; `interest run --from {window.key}` or "
            "`interest compare` loads them"
        )
    return loaded
