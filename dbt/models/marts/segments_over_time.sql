select
    segments.window_start,
    segments.segment_id,
    segments.cluster_id,
    segments.name,
    segments.since,
    segments.size,
    segments.share,
    segments.growth,
    segments.activity,
    segments.recency,
    segments.retention,
    segments.rating_mean,
    lives.event,
    lives.event_score,
    lives.parents,
    lives.next_event,
    lives.children,
    segments.confidence,
    segments.evidence,
    drift.drift_metric,
    drift.drift_effect,
    drift.drift_q_value,
    drift.drift_cause,
    drift.drift_alarm,
    segments.cohesion,
    segments.silhouette,
    segments.k,
    segments.k_method,
    segments.method,
    segments.mlflow_run_id,
    segments.lake_version
from {{ ref('stg_segments') }} as segments
left join {{ ref('stg_lives') }} as lives
    on segments.window_start = lives.window_start and segments.segment_id = lives.segment_id
left join {{ ref('stg_segment_drift') }} as drift
    on segments.window_start = drift.window_start and segments.segment_id = drift.segment_id
order by segments.window_start, segments.cluster_id
