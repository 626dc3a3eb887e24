{{ config(meta={'dagster': {'ref': {'name': 'segment_genealogy'}}}) }}
-- In every whole window: survivors + births + children of splits and merges = clusters. Each segment comes from one event.
with made as (
    select window_start, unnest(children) as segment_id
    from {{ ref('segment_genealogy') }}
),

counted as (
    select window_start, segment_id, count(*) as events
    from made
    group by window_start, segment_id
)

select *
from counted
full join {{ ref('segments_over_time') }} as segments using (window_start, segment_id)
where counted.events is distinct from 1 or segments.cluster_id is null
