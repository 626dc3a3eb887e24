"""When the marts and the report are published: after the lake has changed and nothing upstream is running."""

import dagster as dg

PUBLISH_SENSOR = "publish_when_loaded"

when_loaded = (
    dg.AutomationCondition.any_deps_updated().since_last_handled()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
).with_label("the lake has changed and nothing upstream is running")

publish_when_loaded = dg.AutomationConditionSensorDefinition(
    PUBLISH_SENSOR,
    target=dg.AssetSelection.groups("marts", "report"),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=60,
)
