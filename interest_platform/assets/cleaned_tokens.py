"""cleaned_tokens: what the user wrote, as clean text and as words."""

import dagster as dg

from interest_platform.assets.facts import Family, asset_facts, check_specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import EVERY_TEXT_CLEANED
from interest_platform.domain.steps import CLEANED_TOKENS_STEP
from interest_platform.domain.tables import CLEANED_TOKENS, RAW_TEXTS
from interest_platform.domain.windows import Window
from interest_platform.resources import LakeResource, SettingsResource
from interest_platform.text import CLEANING_VERSION, clean

FAMILY = Family("texts", frozenset({"polars"}), code_version=CLEANING_VERSION)


@dg.asset(
    **asset_facts(CLEANED_TOKENS, FAMILY),
    deps=CLEANED_TOKENS_STEP.inputs,
    check_specs=check_specs_of(CLEANED_TOKENS_STEP, EVERY_TEXT_CLEANED),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def cleaned_tokens(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult:
    """Clean the window's texts; every text keeps its row, also where nothing is left of it."""

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        texts = lake.lake.read(RAW_TEXTS, [window], columns=["text_id", "text", "lang", "vector"], version=version)
        frame = clean(texts, settings.config.text)
        return write(
            Outcome(
                frames={CLEANED_TOKENS.name: frame},
                version=version,
                metadata={
                    "tokens": int(frame["n_tokens"].sum()),
                    "empty_texts": frame.filter(frame["clean_text"] == "").height,
                    "languages": dict(frame["lang"].value_counts(sort=True).head(10).iter_rows()),
                },
                findings=[
                    EVERY_TEXT_CLEANED.found(frame.height == texts.height, texts=texts.height, cleaned=frame.height)
                ],
            )
        )

    (result,) = load_windows(context, lake, work)
    return result
