"""The command that serves MLflow's UI."""

from interest_platform.tracking import server_command


def test_the_ui_is_served_here_only_by_one_worker_and_tells_nobody(tmp_path, settings_of):
    command = server_command(settings_of(tmp_path), 5123)
    options = dict(
        zip(command[command.index("server") + 1 :: 2], command[command.index("server") + 2 :: 2], strict=True)
    )
    assert options == {
        "--host": "127.0.0.1",
        "--port": "5123",
        "--workers": "1",
        "--backend-store-uri": f"sqlite:///{tmp_path}/mlflow/mlflow.db",
        "--default-artifact-root": f"file://{tmp_path}/mlflow/artifacts",
    }
    assert "MLFLOW_DISABLE_TELEMETRY=true" in command[: command.index("-m")]
