select
    window_start,
    strategy,
    metric,
    k,
    segment_id,
    value,
    ci_low,
    ci_high,
    n_users,
    protocol,
    strategy = (select published.strategy from {{ ref('stg_published_strategy') }} as published) as is_published
from {{ source('lake', 'recommendation_metrics') }}
order by window_start, strategy, metric, segment_id
