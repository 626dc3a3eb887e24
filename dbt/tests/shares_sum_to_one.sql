{{ config(meta={'dagster': {'ref': {'name': 'segments_over_time'}}}) }}
-- The shares of a window's segments and of its unassigned members sum to 1.
with unassigned as (
    select window_start, count(*) filter (where cluster_id = -1) / count(*) as share
    from {{ source('lake', 'cluster_members') }}
    group by window_start
)

select segments.window_start, sum(segments.share) + any_value(unassigned.share) as shares
from {{ ref('segments_over_time') }} as segments
left join unassigned on segments.window_start = unassigned.window_start
group by segments.window_start
having not coalesce(abs(sum(segments.share) + any_value(unassigned.share) - 1) < 1e-6, false)
