-- The newest window's lists of the strategy that is shown.
select
    window_start,
    user_key,
    segment_id,
    rank,
    item_id,
    score,
    reason,
    strategy
from {{ source('lake', 'recommendations') }}
where strategy = (select published.strategy from {{ ref('stg_published_strategy') }} as published)
qualify window_start = max(window_start) over ()
order by user_key, rank
