{{ config(meta={'dagster': {'ref': {'name': 'segment_genealogy'}}}) }}
-- Every parent of an event was a segment in some window before. Windows that were identified before an earlier one are left
-- out: they go on from ids that may no longer be, and window_quality calls them stale. (That children exist is tested by
-- events_make_the_segments.)
with parents as (
    select events.window_start, events.event_no, unnest(events.parents) as segment_id
    from {{ ref('segment_genealogy') }} as events
    inner join {{ ref('stg_windows') }} as windows using (window_start)
    where windows.has_current_past
)

select parents.*
from parents
left join {{ ref('stg_last_names') }} as known using (window_start, segment_id)
where known.segment_id is null
