-- One row a segment in a whole window with a tested measure of change: the measure least likely to be noise.
with ranked as (
    select
        window_start,
        segment_id,
        metric as drift_metric,
        effect as drift_effect,
        q_value as drift_q_value,
        cause as drift_cause,
        bool_or(alarm) over (partition by window_start, segment_id) as drift_alarm,
        row_number() over (
            partition by window_start, segment_id order by q_value, effect desc nulls last, metric
        ) as strength
    from {{ ref('stg_drift') }}
    where scope = 'segment' and q_value is not null
)

select * exclude (strength)
from ranked
where strength = 1
