{{ config(meta={'dagster': {'ref': {'name': 'window_rejections'}}}) }}
-- Reasons add up to the rejected rows of the window.
with reasons as (
    select window_start, sum(rows) as rows_told
    from {{ ref('window_rejections') }}
    group by window_start
)

select *
from {{ ref('window_quality') }} as quality
full join reasons using (window_start)
where coalesce(quality.rejected, 0) is distinct from coalesce(reasons.rows_told, 0)
