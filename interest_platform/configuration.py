"""What `interest.yaml` may say: one typed, validated section a stage, with every key's meaning.

docs/configuration.md lists every key; a test holds it to this module.
"""

import re
from datetime import date
from importlib.util import find_spec
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from interest_platform.domain.pseudonyms import IDENTITIES
from interest_platform.domain.windows import Grain, WindowGrid


class Section(BaseModel):
    """A part of the file: unknown keys are refused, values can't be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnMapping(Section):
    """Which column of the source is which of ours; an optional one that is left out is used where the source has it."""

    user_id: str = Field("user_id", description="Column of the user's id.")
    ts: str = Field(
        "ts", description="Column of the time: a timestamp, a date, ISO 8601 text, or a Unix time in s, ms or us."
    )
    text: str | None = Field("text", description="Column of the text; may be left out where `vector` is given.")
    item_id: str | None = Field("item_id", description="Column of what the text is about; null: none.")
    rating: str | None = Field("rating", description="Column of the rating, a number; null: none.")
    category: str | None = Field("category", description="Column of the source's own category; null: none.")
    lang: str | None = Field("lang", description="Column of the language (ISO 639-1); null: none.")
    vector: str | None = Field(
        None, description="Column of a ready-made vector (list of numbers) used instead of encoding the text."
    )

    @property
    def required(self) -> dict[str, str]:
        """Ours to the source's name, for columns that must be there: user, time, and those the configuration names."""
        always = {"user_id", "ts"} | ({"vector"} if self.vector else {"text"})
        wanted = always | (self.model_fields_set & set(type(self).model_fields))
        return {name: value for name in type(self).model_fields if name in wanted and (value := getattr(self, name))}

    @property
    def optional(self) -> dict[str, str]:
        """Ours to the source's name, for columns that are used where they exist."""
        everything = {name: value for name in type(self).model_fields if (value := getattr(self, name))}
        return {name: value for name, value in everything.items() if name not in self.required}


class SourceSettings(Section):
    """A source of texts."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_-]+$", description="Name of the source: letters, digits, - and _; part of the pseudonym."
    )
    uri: str = Field(
        min_length=1,
        description="File, glob or URL (relative to interest.yaml), or `sample:NAME` for a fetched sample.",
    )
    format: Literal["parquet", "csv", "jsonl", "duckdb"] | None = Field(
        None, description="Format; default: told by the file's ending (also before .gz or .zst)."
    )
    table: str | None = Field(
        None, description="Table or view to read, where uri is a DuckDB file (`schema.table` or `table`)."
    )
    columns: ColumnMapping = Field(
        default_factory=lambda: ColumnMapping(), description="Which column of the source is which of ours."
    )
    timezone: str = Field("UTC", description="IANA time zone of times that state none.")
    encoder: str | None = Field(
        None,
        description="Name of the model behind a `vector` column. Default: the source's name.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception:
            raise ValueError(f"{value!r} is no IANA time zone such as UTC or Europe/Berlin") from None
        return value

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, value: str) -> str:
        if value == IDENTITIES:
            raise ValueError(f"{IDENTITIES!r} is reserved for the identities table")
        return value

    @model_validator(mode="after")
    def _text_or_vector(self) -> "SourceSettings":
        if self.columns.text is None and self.columns.vector is None:
            raise ValueError("columns needs `text` or `vector`")
        return self


class IdentitiesSettings(Section):
    """A table that says which users of different sources are one person."""

    uri: str = Field(min_length=1, description="File or glob with one row a known user: Parquet, CSV or JSON lines.")
    source: str = Field("source", description="Its column of the source's name.")
    user_id: str = Field("user_id", description="Its column of the user's id in that source.")
    person_id: str = Field("person_id", description="Its column of the person; equal values are one user.")


class WindowSettings(Section):
    """The windows of time."""

    grain: Grain = Field(Grain.WEEK, description="Length of a window: day, week (from Monday), month or quarter.")
    start: date = Field(description="First day of the first window; lies on the grain.")
    end: date | None = Field(None, description="Day after the last window (exclusive); lies on the grain. Null: open.")
    lookback: Annotated[int, Field(ge=1, le=1000)] = Field(
        1, description="How many windows, this one included, an interest vector looks back on."
    )
    half_life_days: Annotated[float, Field(gt=0)] = Field(
        14.0, description="Days after which a text counts half in the interest vector."
    )

    @property
    def grid(self) -> WindowGrid:
        """The windows as a grid."""
        return WindowGrid(self.grain, self.start, self.end)


class TextSettings(Section):
    """How texts are cleaned."""

    languages: Literal["auto"] | list[str] = Field(
        "auto",
        description="auto: told per text; or the ISO 639-1 codes to choose from (one code: all texts are in it).",
    )
    stem: bool = Field(True, description="Whether tokens are reduced to their Snowball stem.")
    stop_words: bool = Field(True, description="Whether the language's stop words are dropped from the tokens.")
    max_chars: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        20_000, description="Longer texts are cut to this many characters and flagged `truncated`."
    )


ENCODER_KEYS: dict[str, set[str]] = {
    "transformer": {"model", "precision", "max_tokens", "batch_tokens", "pooling", "instruction"},
    "multilingual": {"max_tokens", "batch_tokens"},
    "static": {"model", "max_tokens", "pooling", "dimension"},
    "tfidf": {"dimension", "train"},
    "word2vec": {"dimension", "train"},
    "api": {"model", "api", "batch_tokens"},
}
"""Which keys of `encoder` belong to a kind; `kind` itself and `earlier` belong to all."""


def _address_without_secrets(value: str) -> str:
    """An http(s) address; one with a user, password or query is refused, and not repeated since it may hold a key."""
    if not re.match(r"^https?://[^/@?#\s]+[^@?#\s]*$", value):
        raise ValueError("must be an http:// or https:// address without user, password, query and spaces")
    return value


class TrainSettings(Section):
    """What a tfidf or word2vec encoder is trained on, once; then it is frozen (docs/encoders.md)."""

    start: date | None = Field(None, description="First day of the windows it learns from. Default: windows.start.")
    end: date | None = Field(
        None,
        description="Day after the last of them (exclusive). Default: windows.end, or where that is open the last "
        "window that is closed on the day of training.",
    )
    max_texts: Annotated[int, Field(ge=2)] = Field(
        200_000, description="Distinct texts it learns from at most: a sample where there are more."
    )
    min_texts: Annotated[int, Field(ge=1)] = Field(2, description="Words in fewer of these texts are not learnt.")
    max_words: Annotated[int, Field(ge=2)] = Field(50_000, description="Words learnt at most, the most widespread.")
    epochs: Annotated[int, Field(ge=1, le=1_000)] = Field(5, description="word2vec: how often it reads the texts.")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Seed of everything random in training.")


class ApiSettings(Section):
    """An OpenAI-compatible embeddings endpoint; its key is in an environment variable and in no file."""

    base_url: str = Field(
        description="Address of the API up to and without `/embeddings`, such as https://api.openai.com/v1 or "
        "http://127.0.0.1:11434/v1; no user, password or query in it.",
    )
    key_variable: str | None = Field(
        "OPENAI_API_KEY",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the key; null: the endpoint asks for none.",
    )
    dimensions: Annotated[int, Field(ge=1, le=65_536)] | None = Field(
        None, description="Length of vectors to ask for, where the model can shorten them; null: the model's own."
    )
    encoding: Literal["float", "base64"] = Field(
        "float", description="How vectors travel; base64 is a third of the bytes, where the server knows it."
    )
    space: str | None = Field(
        None,
        description="Name of the vector space in the fingerprint; default: base_url. Set it to move a model to another "
        "address, change it when another model stands behind the name.",
    )
    max_chars: Annotated[int, Field(ge=16, le=1_000_000)] = Field(
        8_000, description="Longer texts are cut to this many characters and flagged `truncated`."
    )
    batch_texts: Annotated[int, Field(ge=1, le=2_048)] = Field(64, description="Texts in one request at most.")
    concurrency: Annotated[int, Field(ge=1, le=64)] = Field(4, description="Requests at a time.")
    requests_per_minute: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Requests a minute at most, retries included; null: no limit."
    )
    tokens_per_minute: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Tokens a minute at most, estimated as a quarter of the bytes; null: no limit."
    )
    timeout: Annotated[float, Field(gt=0, le=3_600)] = Field(
        60.0, description="Seconds without a byte of an answer after which a request is given up and tried again."
    )
    retries: Annotated[int, Field(ge=0, le=20)] = Field(
        6, description="Tries after the first, for failures that may pass (429, 5xx, timeout, cut connection)."
    )
    longest_wait: Annotated[float, Field(ge=0, le=3_600)] = Field(
        120.0, description="Seconds a server may ask to wait (Retry-After); where it asks for more, the run fails."
    )
    price_per_million_tokens: Annotated[float, Field(ge=0)] | None = Field(
        None, description="Price of a million tokens, in any currency, for the cost told with each run."
    )

    _plain_address = field_validator("base_url")(_address_without_secrets)


class EncoderSettings(Section):
    """The language model that turns a text into a vector."""

    kind: Literal["transformer", "multilingual", "static", "tfidf", "word2vec", "api"] = Field(
        "transformer", description="Kind of encoder."
    )
    model: str = Field(
        "bundled",
        description="`bundled` (all-MiniLM-L6-v2), a folder, or a Hugging Face name (downloaded because you name it).",
    )
    precision: Literal["auto", "fp32", "bf16", "int8"] = Field(
        "auto",
        description="auto: of bf16 and int8, where the processor has them, what measuring once a home shows to pay and "
        "to be true enough, else fp32.",
    )
    pooling: Literal["auto", "mean", "cls", "last"] = Field(
        "auto",
        description="Which hidden states make the vector; auto: as the model's 1_Pooling/config.json states, else the "
        "last token's for a decoder, else the mean.",
    )
    instruction: str = Field("", description="Put before every text, as some models ask (`query: `); cut with it.")
    max_tokens: Annotated[int, Field(ge=8, le=32_768)] = Field(
        256, description="Tokens of a text the encoder reads; the rest is cut and flagged."
    )
    batch_tokens: Annotated[int, Field(ge=64)] = Field(8_192, description="Tokens in one batch: the bound on memory.")
    dimension: Annotated[int, Field(ge=2, le=4_096)] = Field(
        256, description="Length of the vectors of a static, tfidf or word2vec encoder (at most the parent's own)."
    )
    train: TrainSettings = Field(
        default_factory=lambda: TrainSettings(), description="Where kind is tfidf or word2vec: what it is trained on."
    )
    api: ApiSettings | None = Field(None, description="Where kind is api: the endpoint.")
    earlier: Literal["restate", "keep"] = Field(
        "restate",
        description="Whether windows whose vectors are of another encoder than these settings name are stale, so that "
        "`interest restate` encodes them again, or keep them (docs/encoder-migration.md).",
    )

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> "EncoderSettings":
        allowed = ENCODER_KEYS[self.kind]
        if foreign := sorted(self.model_fields_set - allowed - {"kind", "earlier"}):
            raise ValueError(
                f"the key {foreign[0]!r} has no meaning for kind {self.kind!r}; its keys: {', '.join(sorted(allowed))}"
            )
        if self.kind == "api" and (self.api is None or "model" not in self.model_fields_set):
            raise ValueError("kind 'api' needs `model`, the endpoint's name of it, and `api`, with at least `base_url`")
        return self


class InterestSettings(Section):
    """How a user's texts become interests."""

    per_user: Literal["auto"] | Annotated[int, Field(ge=1, le=20)] = Field(
        1,
        description="Interests a user has: one vector, that many (as far as there are different texts), or auto: as "
        "many as the user's own texts show (docs/interests.md).",
    )
    max: Annotated[int, Field(ge=2, le=20)] = Field(
        3, description="Interests a user has at most with `per_user: auto`."
    )
    min_texts: Annotated[int, Field(ge=1)] = Field(
        1, description="Users with fewer distinct texts in the lookback have no interest vector."
    )


Method = Literal["kmeans", "minibatch-kmeans", "hierarchical", "hdbscan", "gaussian-mixture"]
KRule = Literal["carried", "split_or_knee", "split_test", "silhouette", "elbow", "gap", "bic", "stability"]


class ClusteringSettings(Section):
    """How users are clustered in a window."""

    method: Method = Field(
        "kmeans",
        description="Clustering method: kmeans, minibatch-kmeans, hierarchical (Ward), hdbscan or gaussian-mixture.",
    )
    k: Literal["auto"] | Annotated[int, Field(ge=1)] = Field(
        "auto", description="Number of clusters, or auto: chosen by `k_rule` in k_range. hdbscan takes none."
    )
    k_rule: KRule = Field(
        "carried",
        description="How auto chooses k: carried (kmeans) keeps the last window's segments and asks the texts of the "
        "last windows, pooled, whether there are more or fewer (other methods take split_or_knee); split_test starts "
        "from the last window's clusters, parts those that show two "
        "modes and joins those that show one; split_or_knee does that, and takes the knee of inertia where what it "
        "finds is faint and the knee's clusters are not; the others score every k of the range, each window alone: "
        "silhouette, elbow (knee of inertia), gap, bic, stability (prediction strength).",
    )
    detail: Literal["coarse", "normal", "fine"] = Field(
        "normal",
        description="How fine the segments of k_rule carried are: coarse for few and broad ones, fine for many and "
        "narrow ones.",
    )
    k_range: tuple[int, int] = Field(
        (1, 40), description="Smallest and largest k that auto tries (both included); silhouette needs 2 at least."
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Seed of everything random in clustering.")
    n_init: Annotated[int, Field(ge=1, le=100)] = Field(
        10, description="Starts of k-means (k-means++); the best is kept."
    )
    sample: Annotated[int, Field(ge=100)] = Field(2_000, description="Users the k curve is computed on at most.")
    min_cluster_size: Annotated[int, Field(ge=2)] = Field(
        10, description="hdbscan: users a cluster has at least; those in none are unassigned."
    )
    covariance: Literal["diag", "tied"] = Field(
        "diag", description="gaussian-mixture: each cluster's own variances, or one full covariance of all clusters."
    )
    reduction: Literal["none", "pca", "umap"] = Field(
        "none", description="Dimensions before clustering: all, principal components, or UMAP (extra `umap`)."
    )
    dimensions: Annotated[int, Field(ge=2, le=1000)] | None = Field(
        None, description="Dimensions that reduction leaves. Default: 50 with pca, 5 with umap."
    )

    @field_validator("k_range")
    @classmethod
    def _ordered(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1]:
            raise ValueError(f"{list(value)} is not [low, high] with 1 <= low <= high")
        return value

    @model_validator(mode="after")
    def _fitting(self) -> "ClusteringSettings":
        """Refuse what the method can't do, and keys that another method reads."""
        default = type(self).model_fields["k_rule"].default
        if self.method == "hdbscan" and (self.k != "auto" or self.k_rule != default):
            given = f"k: {self.k}" if self.k != "auto" else f"k_rule: {self.k_rule}"
            raise ValueError(f"hdbscan finds how many clusters there are: leave out {given}, set min_cluster_size")
        if self.detail != "normal" and not self.carries:
            raise ValueError("detail is read by k_rule carried with method kmeans, k auto and no reduction alone")
        if self.k == "auto" and self.k_rule == "bic" and self.method == "hierarchical":
            raise ValueError("k_rule bic needs a likelihood, which hierarchical has not: take another rule or method")
        for key, of in (("min_cluster_size", "hdbscan"), ("covariance", "gaussian-mixture")):
            if getattr(self, key) != type(self).model_fields[key].default and self.method != of:
                raise ValueError(f"{key} is read by method {of} alone: leave it out with {self.method}")
        if self.dimensions is not None and self.reduction == "none":
            raise ValueError("dimensions needs a reduction: set reduction to pca or umap, or leave dimensions out")
        if self.reduction == "umap" and find_spec("umap") is None:
            raise ValueError("reduction umap needs the extra: pip install 'interest-platform[umap]', or take pca")
        return self

    @property
    def carries(self) -> bool:
        """Whether segments are carried from window to window, and not every window clustered."""
        auto = self.k == "auto" and self.k_rule == "carried"
        return auto and self.method == "kmeans" and self.reduction == "none"

    @property
    def window_rule(self) -> KRule:
        """The rule for k of a window that is clustered alone."""
        return "split_or_knee" if self.k_rule == "carried" else self.k_rule


class ChatSettings(Section):
    """An OpenAI-compatible chat endpoint that is asked for short names; its key is in an environment variable."""

    base_url: str = Field(
        description="Address of the API up to and without `/chat/completions`; no user, password or query in it."
    )
    model: str = Field(min_length=1, description="The endpoint's name of the model.")
    key_variable: str | None = Field(
        "OPENAI_API_KEY",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the key; null: the endpoint asks for none.",
    )
    language: str = Field(
        "en", pattern=r"^[a-z]{2,3}$", description="Language of the names (ISO 639); one in another is refused."
    )
    max_chars: Annotated[int, Field(ge=10, le=200)] = Field(
        40, description="Characters of a name at most; a longer one is refused."
    )
    forbidden: tuple[str, ...] = Field(
        (), description="Words, in any case, that no name may hold; one that does is refused."
    )
    examples: bool = Field(
        False, description="Whether the example texts, rare words hidden, are sent beside the top terms."
    )
    timeout: Annotated[float, Field(gt=0, le=3_600)] = Field(
        30.0, description="Seconds without a byte of an answer after which a request is given up and tried again."
    )
    retries: Annotated[int, Field(ge=0, le=20)] = Field(3, description="Tries after the first.")

    _plain_address = field_validator("base_url")(_address_without_secrets)


class NamingSettings(Section):
    """How segments are described: their terms, their example texts, their names."""

    term_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.05,
        description="Share of a cluster's users who must use a term to describe it; two at least, ten are enough.",
    )
    diversity: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.2, description="How much a term loses for being used by the same users as a better one; 0: nothing."
    )
    example_users: Annotated[int, Field(ge=1, le=10_000)] = Field(
        5, description="Words of example texts that fewer users than that use in the window are hidden; 1: none is."
    )
    chat: ChatSettings | None = Field(None, description="A chat model that names segments; null: their terms do.")


class DynamicsSettings(Section):
    """How segments are followed."""

    grace: Annotated[int, Field(ge=0, le=400)] = Field(
        2, description="Windows a segment may be absent and still be found again as itself."
    )


class DriftSettings(Section):
    """How a window is compared with an earlier one, and what counts as an alarm."""

    reference: Literal["previous", "season"] = Field(
        "previous",
        description="previous: the window before; season: same month or week a year back, same weekday a week back.",
    )
    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.05, description="Largest q-value (false discovery rate) that is an alarm."
    )
    min_effect: Annotated[float, Field(ge=0, le=1)] = Field(
        0.05, description="Smallest effect size that is an alarm: a change can be certain and too small to matter."
    )
    permutations: Annotated[int, Field(ge=19, le=100_000)] = Field(
        1_999, description="Exchanges of users behind a p-value at most; a plainly null result takes fewer."
    )
    max_users: Annotated[int, Field(ge=100)] = Field(
        2_000, description="Users of a window that MMD, energy distance and vocabulary are measured on at most."
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Seed of exchanges and samples.")


class PlantedSettings(Section):
    """Changes planted in each window's own vectors, to tell whether they would have been noticed."""

    repeats: Annotated[int, Field(ge=0, le=1_000)] = Field(
        1, description="How often each kind of change is planted at each size; 0: not at all. Each costs clusterings."
    )
    sizes: tuple[Annotated[float, Field(gt=0, le=0.5)], ...] = Field(
        (0.02, 0.05, 0.1, 0.2), description="Sizes of planted changes: shares of the window's users they touch."
    )
    max_users: Annotated[int, Field(ge=100, le=100_000)] = Field(
        2_000, description="Users of a window that changes are planted among at most; a sample where there are more."
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Seed of everything random in planting.")


class ComparisonSettings(Section):
    """What `interest compare` measures on the lake's texts: each encoder with each clusterer and each rule for k."""

    encoders: tuple[EncoderSettings, ...] = Field(
        (), description="Encoders, each written as the section `encoder` is. Default: that section alone."
    )
    methods: tuple[Method, ...] = Field((), description="Clustering methods. Default: clustering.method.")
    k_rules: tuple[KRule, ...] = Field(
        (), description="Rules that choose k. Default: clustering's own rule or k, unless `ks` has some."
    )
    ks: tuple[Annotated[int, Field(ge=1)], ...] = Field((), description="Numbers of clusters to ask for, beside rules.")
    min_cluster_size: Annotated[int, Field(ge=2)] | None = Field(
        None, description="hdbscan: users a cluster has at least. Default: clustering.min_cluster_size."
    )
    label: Literal["category", "item_id"] | None = Field(
        "category",
        description="Column that says what a text is about, where the texts have it: clusters are held against it (AMI "
        "and ARI). null: none.",
    )
    start: date | None = Field(None, description="First day of the windows compared on. Default: windows.start.")
    end: date | None = Field(None, description="Day after the last of them (exclusive). Default: windows.end.")

    @field_validator("encoders", "methods", "k_rules", "ks")
    @classmethod
    def _named_once(cls, value: tuple[object, ...]) -> tuple[object, ...]:
        for place, each in enumerate(value):
            if each in value[:place]:
                told = f"encoder {place}" if isinstance(each, EncoderSettings) else repr(each)
                raise ValueError(f"{told} is named twice; name each once")
        return value


StrategyName = Literal[
    "popular",
    "recently-popular",
    "decayed-popular",
    "trending",
    "segment-popular",
    "segment-recently-popular",
    "item-knn",
    "als",
    "ease",
    "content",
    "segment-smoothed",
    "cold",
    "hybrid",
]
RIVALS: tuple[StrategyName, ...] = ("recently-popular", "ease")
"""Strategies that any other has to beat before its lists are published."""


class DiversitySettings(Section):
    """How lists are put in another order, so that their items are not all alike."""

    method: Literal["none", "mmr", "calibrated"] = Field(
        "none",
        description="none: by score; mmr: items unlike those before them, by their vectors; calibrated: the user's own "
        "mix of categories. Lists of recently-popular and ease stay by score.",
    )
    trade_off: Annotated[float, Field(ge=0, le=1)] = Field(
        0.7, description="Weight of the score against diversity; 1: by score alone."
    )
    pool: Annotated[int, Field(ge=1, le=10_000)] = Field(
        50, description="Items with the best scores that a list is chosen from; at least `top`."
    )


class TableSettings(Section):
    """A table that a user brings beside the sources; its address alone will do."""

    uri: str = Field(min_length=1, description="File, glob or URL of the table (relative to interest.yaml).")
    format: Literal["parquet", "csv", "jsonl", "duckdb"] | None = Field(
        None, description="Its format; default: told by the file's ending (also before .gz or .zst)."
    )
    table: str | None = Field(None, description="Its table or view, where uri is a DuckDB file.")

    @model_validator(mode="before")
    @classmethod
    def _address_alone(cls, value: object) -> object:
        return {"uri": value} if isinstance(value, str) else value


class RecommendationSettings(Section):
    """What users are offered after each window, where texts name items."""

    strategies: tuple[StrategyName, ...] = Field(
        ("segment-smoothed", "hybrid"),
        description="Strategies that make lists, beside recently-popular and ease, which they must beat.",
    )
    top: Annotated[int, Field(ge=1, le=1000)] = Field(10, description="Items in a user's list; metrics are at this k.")
    history: Annotated[int, Field(ge=1, le=10_000)] = Field(
        52, description="Windows whose interactions strategies learn from, this one included."
    )
    parts: Annotated[tuple[StrategyName, ...], Field(min_length=1)] = Field(
        ("ease", "decayed-popular", "trending", "segment-recently-popular"),
        description="Strategies that hybrid blends.",
    )
    learn: Annotated[int, Field(ge=0, le=100)] = Field(
        26, description="Past windows that hybrid's weights are learned on; 0: all parts count the same."
    )
    horizon: Annotated[int, Field(ge=1, le=100)] = Field(
        1, description="Windows after a list that it is judged by, and that hybrid's weights are learned by."
    )
    seen: Literal["hide", "show"] = Field(
        "hide",
        description="Whether items that a user has dealt with are left out of the list, or may be shown again; then "
        "taking one up again counts too.",
    )
    filters: tuple[TableSettings, ...] = Field((), description="Tables of items that are not shown.")
    diversity: DiversitySettings = Field(
        default_factory=lambda: DiversitySettings(), description="How lists are put in another order."
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Seed of intervals and of shuffled segments.")

    @property
    def taught(self) -> int:
        """Windows back to the oldest at whose end hybrid's weights are learned; 0 where none are."""
        return self.learn + self.horizon - 1 if self.learn else 0

    @property
    def judged(self) -> tuple[StrategyName, ...]:
        """The rivals, then the strategies, each once."""
        return tuple(dict.fromkeys((*RIVALS, *self.strategies)))

    @field_validator("parts")
    @classmethod
    def _no_hybrid(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "hybrid" in value:
            raise ValueError("hybrid can't be a part of itself; name the strategies that it blends")
        return value

    @model_validator(mode="after")
    def _pool_holds_a_list(self) -> "RecommendationSettings":
        if self.diversity.method != "none" and self.diversity.pool < self.top:
            raise ValueError(
                f"diversity.pool {self.diversity.pool} is less than top {self.top}: a list is chosen from the pool"
            )
        return self


class LiveSettings(Section):
    """The micro-batches between two windows."""

    every_minutes: Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60] = Field(
        10, description="Minutes between two micro-batches of the schedule `micro_batch_every`, which is off at first."
    )


class ServiceSettings(Section):
    """What `interest serve` listens on, and how much it takes on (docs/service.md)."""

    host: str = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; one that is not this machine's own is warned of."
    )
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(8_000, description="Port to listen on.")
    requests_per_second: Annotated[float, Field(gt=0)] = Field(
        400.0, description="Requests a second that a client's address may go on making."
    )
    burst: Annotated[int, Field(ge=1)] = Field(800, description="Requests that it may make at once after a pause.")
    max_connections: Annotated[int, Field(ge=1)] = Field(1_000, description="Connections at a time, of all clients.")
    max_body_bytes: Annotated[int, Field(ge=1_024, le=100_000_000)] = Field(
        1_000_000, description="Bytes of a request's body at most."
    )
    max_texts: Annotated[int, Field(ge=1, le=1_000)] = Field(32, description="Texts of one user to assign at most.")
    max_text_chars: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        20_000, description="Characters of such a text at most."
    )
    queue: Annotated[int, Field(ge=1, le=10_000)] = Field(
        16, description="Requests to assign that wait for the encoder at most, the one in it included."
    )
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(
        10.0, description="Seconds after which a request is given up, and that a stop waits for requests under way."
    )
    watch_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        1.0, description="Seconds between looks at whether another file has been published."
    )
    history: Annotated[int, Field(ge=1, le=1_000)] = Field(
        12, description="Windows of a user's segments that are held and shown, the newest."
    )


class TrackingSettings(Section):
    """Where people see MLflow."""

    ui: str = Field(
        "http://127.0.0.1:5000",
        pattern=r"^https?://",
        description="Address of the MLflow UI that links in asset metadata point to.",
    )


class LakeSettings(Section):
    """Where the lake keeps its Parquet files; its catalog is in the home unless INTEREST_LAKE_CATALOG says else."""

    data_path: str | None = Field(
        None, description="Folder or s3:// prefix of the lake's Parquet files. Default: lake/data in the home."
    )


class Configuration(Section):
    """All of `interest.yaml`."""

    sources: Annotated[list[SourceSettings], Field(min_length=1)] = Field(description="The sources, at least one.")
    identities: IdentitiesSettings | None = Field(None, description="Which users of different sources are one person.")
    windows: WindowSettings = Field(description="The windows of time.")
    text: TextSettings = Field(default_factory=lambda: TextSettings(), description="How texts are cleaned.")
    encoder: EncoderSettings = Field(default_factory=lambda: EncoderSettings(), description="The language model.")
    interests: InterestSettings = Field(
        default_factory=lambda: InterestSettings(), description="How a user's texts become interests."
    )
    clustering: ClusteringSettings = Field(
        default_factory=lambda: ClusteringSettings(), description="How users are clustered."
    )
    naming: NamingSettings = Field(
        default_factory=lambda: NamingSettings(), description="How segments are described and named."
    )
    dynamics: DynamicsSettings = Field(
        default_factory=lambda: DynamicsSettings(), description="How segments are followed."
    )
    drift: DriftSettings = Field(default_factory=lambda: DriftSettings(), description="How windows are compared.")
    planted: PlantedSettings = Field(
        default_factory=lambda: PlantedSettings(), description="Which changes are planted to be noticed."
    )
    comparison: ComparisonSettings = Field(
        default_factory=lambda: ComparisonSettings(), description="What is compared with what."
    )
    recommendation: RecommendationSettings = Field(
        default_factory=lambda: RecommendationSettings(), description="What users are offered."
    )
    live: LiveSettings = Field(default_factory=lambda: LiveSettings(), description="What happens between two windows.")
    service: ServiceSettings = Field(
        default_factory=lambda: ServiceSettings(), description="What `interest serve` listens on and takes on."
    )
    lake: LakeSettings = Field(default_factory=lambda: LakeSettings(), description="Where the lake is.")
    tracking: TrackingSettings = Field(default_factory=lambda: TrackingSettings(), description="Where MLflow is seen.")

    @property
    def vector_encoder(self) -> str | None:
        """Name of the model behind the sources' ready-made vectors; null where texts are encoded."""
        first = self.sources[0]
        return (first.encoder or first.name) if first.columns.vector else None

    @model_validator(mode="after")
    def _consistent(self) -> "Configuration":
        names = [s.name for s in self.sources]
        if repeated := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"sources: the name {repeated[0]!r} is used twice; names are part of the pseudonyms")
        spaces = {s.encoder or s.name if s.columns.vector else "" for s in self.sources}
        if len(spaces) > 1:
            told = ", ".join(
                f"{s.name}: {s.encoder or s.name if s.columns.vector else 'encoded text'}" for s in self.sources
            )
            raise ValueError(
                f"sources: vectors of different encoders can't be compared ({told}); "
                "give `encoder` the same name, or use one config each"
            )
        if self.vector_encoder and self.comparison.encoders:
            raise ValueError(
                "comparison.encoders: the sources bring their own vectors, which are compared; leave it out"
            )
        self._check_days()
        return self

    def _check_days(self) -> None:
        """Raise `ValueError` for a range whose bounds no window has."""
        grid = self.windows.grid
        ranges: dict[str, TrainSettings | ComparisonSettings] = {
            "encoder.train": self.encoder.train,
            "comparison": self.comparison,
            **{f"comparison.encoders.{n}.train": e.train for n, e in enumerate(self.comparison.encoders)},
        }
        for name, given in ranges.items():
            for key in ("start", "end"):
                day = getattr(given, key)
                if day is not None and not grid.has_boundary(day):
                    raise ValueError(
                        f"{name}.{key}: {day} is where no window begins or ends; windows are {grid.grain}s from "
                        f"{grid.start} to {grid.end or 'now'}"
                    )
        compared = self.comparison
        if compared.start and compared.end and compared.end <= compared.start:
            raise ValueError(
                f"comparison.end: {compared.end} is not after comparison.start {compared.start} (end is exclusive)"
            )
