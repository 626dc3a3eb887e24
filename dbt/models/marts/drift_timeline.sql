select
    drift.window_start,
    drift.reference,
    drift.scope,
    drift.segment_id,
    coalesce(segments.name, before.last_name) as name,
    drift.metric,
    drift.value,
    drift.p_value,
    drift.q_value,
    drift.effect,
    drift.usual,
    drift.alarm,
    drift.headline,
    drift.sentence,
    drift.cause,
    drift.n_before,
    drift.n_after,
    drift.detail
from {{ ref('stg_drift') }} as drift
left join {{ ref('stg_segments') }} as segments
    on drift.window_start = segments.window_start and drift.segment_id = segments.segment_id
left join {{ ref('stg_last_names') }} as before
    on drift.window_start = before.window_start and drift.segment_id = before.segment_id
order by drift.window_start, drift.scope desc, drift.segment_id, drift.metric
