{{ config(meta={'dagster': {'ref': {'name': 'segments_over_time'}}}) }}
-- The shares of a window sum to 1.
select window_start, sum(share) as shares
from {{ ref('segments_over_time') }}
group by window_start
having not abs(sum(share) - 1) < 1e-6
