"""The one place that reads `interest.yaml` and the environment; everything else is handed typed, validated settings."""

import difflib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from interest_platform.configuration import Configuration
from interest_platform.domain.windows import WindowGrid
from interest_platform.errors import SettingsError

CONFIG_VARIABLE = "INTEREST_CONFIG"
HOME_VARIABLE = "INTEREST_HOME"
KEY_VARIABLE = "INTEREST_PSEUDONYM_KEY"
TOKEN_VARIABLE = "INTEREST_SERVICE_TOKEN"
CATALOG_VARIABLE = "INTEREST_LAKE_CATALOG"
CONFIG_NAME = "interest.yaml"
HOME_NAME = ".interest"
SHORTEST_TOKEN = 16
SAMPLES_NAME = "samples"

Parsed = TypeVar("Parsed", bound=BaseModel)


class Settings(BaseModel):
    """The configuration, where it came from, and the home folder that holds everything the platform writes."""

    model_config = ConfigDict(frozen=True)

    config: Configuration
    config_path: Path
    home: Path
    catalog: SecretStr | None = Field(
        None, description="`postgres:...` connection of the lake's catalog; null: SQLite in the home."
    )

    @property
    def lake_folder(self) -> Path:
        """Catalog and Parquet files of the embedded lake."""
        return self.home / "lake"

    @property
    def dagster_folder(self) -> Path:
        """DAGSTER_HOME."""
        return self.home / "dagster"

    @property
    def mlflow_folder(self) -> Path:
        """MLflow's SQLite store and artifacts."""
        return self.home / "mlflow"

    @property
    def cache_folder(self) -> Path:
        """Fetched samples."""
        return self.home / SAMPLES_NAME

    @property
    def published_file(self) -> Path:
        """The read-only DuckDB file for BI."""
        return self.home / "serving" / "interest.duckdb"

    @property
    def report_file(self) -> Path:
        """The page of pictures."""
        return self.home / "serving" / "report.html"

    @property
    def grid(self) -> WindowGrid:
        """The windows."""
        return self.config.windows.grid

    def resolve(self, uri: str) -> str:
        """A source's address: relative paths start at the folder of interest.yaml."""
        if re.match(r"^[a-z][a-z0-9+]*:", uri) or Path(uri).is_absolute():
            return uri
        return str(self.config_path.parent / uri)


def home_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The home: `INTEREST_HOME`, else `.interest` in the current folder; absolute."""
    value = (os.environ if environ is None else environ).get(HOME_VARIABLE)
    return Path(value or HOME_NAME).expanduser().absolute()


def find_config(environ: Mapping[str, str] | None = None) -> Path:
    """`INTEREST_CONFIG`, else `interest.yaml` here, else the one that `interest demo` left in the home.

    Raises `SettingsError` where there is none.
    """
    environ = os.environ if environ is None else environ
    if named := environ.get(CONFIG_VARIABLE):
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise SettingsError(f"{CONFIG_VARIABLE}: no file {path}")
        return path
    for path in (Path(CONFIG_NAME).absolute(), home_folder(environ) / CONFIG_NAME):
        if path.is_file():
            return path
    raise SettingsError(
        f"no {CONFIG_NAME} here and {CONFIG_VARIABLE} is not set: write one (README.md), or try `interest demo`"
    )


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and validate the configuration. Raises `SettingsError`: one line with the key and what is allowed."""
    environ = os.environ if environ is None else environ
    path = find_config(environ)
    catalog = environ.get(CATALOG_VARIABLE)
    if catalog and not catalog.startswith("postgres:"):
        raise SettingsError(
            f"{CATALOG_VARIABLE}: must be `postgres:` and a libpq connection string, or unset for SQLite in the home"
        )
    return Settings(
        config=read_configuration(path),
        config_path=path,
        home=home_folder(environ),
        catalog=SecretStr(catalog) if catalog else None,
    )


def read_configuration(path: Path) -> Configuration:
    """Parse one `interest.yaml`. Raises `SettingsError`."""
    return read_yaml(path, Configuration)


def read_yaml(path: Path, model: type[Parsed]) -> Parsed:
    """A YAML file as the model says it must be. Raises `SettingsError`, one line."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}") from error
    if not isinstance(content, dict):
        raise SettingsError(
            f"{path.name}: expected the keys {', '.join(model.model_fields)}, found {type(content).__name__}"
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise SettingsError(f"{path.name}: {_first_line(error, path.name, model)}") from error


def pseudonym_key(home: Path, environ: Mapping[str, str] | None = None) -> SecretStr:
    """`INTEREST_PSEUDONYM_KEY`, else a random key made once in the home (file mode 0600)."""
    environ = os.environ if environ is None else environ
    if value := environ.get(KEY_VARIABLE):
        return SecretStr(value)
    return _made_once(home / "pseudonym.key")


def service_token(home: Path, environ: Mapping[str, str] | None = None) -> tuple[SecretStr, str]:
    """The token that requests to the service carry, and where it is: the variable's name, or a path.

    `INTEREST_SERVICE_TOKEN`, else a random one made once in the home (file mode 0600). Raises `SettingsError` for a
    variable that is short enough to be guessed, or that no header can carry.
    """
    if (given := environment_secret(TOKEN_VARIABLE, environ)) is None:
        path = home / "service.token"
        return _made_once(path), str(path)
    value = given.get_secret_value()
    if len(value) < SHORTEST_TOKEN or not value.isascii() or not value.isprintable() or " " in value:
        raise SettingsError(
            f"{TOKEN_VARIABLE}: must be {SHORTEST_TOKEN} ASCII characters at least, without spaces; "
            "unset it to have a random one made in the home"
        )
    return given, TOKEN_VARIABLE


def environment_secret(variable: str, environ: Mapping[str, str] | None = None) -> SecretStr | None:
    """A secret in an environment variable that the configuration names; None where it is not set or blank."""
    value = (os.environ if environ is None else environ).get(variable, "").strip()
    return SecretStr(value) if value else None


def _made_once(path: Path) -> SecretStr:
    """The secret in a file of the home, a random one where there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _create_once(path, secrets.token_hex(32))
    return SecretStr(path.read_text().strip())


def _create_once(path: Path, content: str) -> None:
    # written whole beside it, then linked: whoever comes second, or is killed half-way, leaves one complete key
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


_UNPARSED = ", unable to parse string as an integer"


def _first_line(error: ValidationError, name: str, model: type[BaseModel]) -> str:
    details = error.errors()
    # an unknown key tells more than the missing one it was meant to be
    first = next((d for d in details if d["type"] == "extra_forbidden"), details[0])
    where = _key(first["loc"]) or name
    same = [d for d in details if _key(d["loc"]) == _key(first["loc"])]
    more = f" (and {len(details) - len(same)} more)" if len(details) > len(same) else ""
    if first["type"] == "extra_forbidden":
        return f"unknown key {where}{_suggestion(first['loc'], model)}{more}"
    if first["type"] == "missing":
        return f"missing key {where}{more}"
    if first["type"] == "value_error":
        told = f"{first['msg'].removeprefix('Value error, ')}{more}"
        # what is said of the whole file names its key itself; the file is named before all
        return f"{where}: {told}" if first["loc"] else told
    allowed = " or ".join(d["msg"].removeprefix("Input should be ").removesuffix(_UNPARSED) for d in same)
    return f"{where}: {first['input']!r} is not allowed, should be {allowed}{more}"


def _key(location: tuple[int | str, ...]) -> str:
    # pydantic adds the branch of a union (`literal['auto']`, `constrained-int`), which is no key of the file
    return ".".join(str(part) for part in location if isinstance(part, int) or (part.isidentifier() and part != "int"))


def _suggestion(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    allowed = list(_section_at(location[:-1], model).model_fields)
    near = difflib.get_close_matches(str(location[-1]), allowed, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; allowed here: {', '.join(allowed)}"


def _section_at(location: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel]:
    section = model
    for part in location:
        if part in section.model_fields:
            section = next(_models_in(section.model_fields[str(part)].annotation))
    return section


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that a field's type names: itself, or inside of a list, a tuple or a choice."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
