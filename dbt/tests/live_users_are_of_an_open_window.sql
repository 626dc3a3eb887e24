{{ config(meta={'dagster': {'ref': {'name': 'user_segments_live'}}}) }}
-- Who is shown as provisional is so in one window, which has no segments of its own yet, and was placed before it ended.
select live.user_key
from {{ ref('user_segments_live') }} as live
left join {{ source('lake', 'window_loads') }} as loads
    on loads.table_name = 'segment_identities' and loads.window_start >= live.window_start
where loads.window_start is not null
    or live.as_of <= live.window_start
    or live.window_start <> (select max(window_start) from {{ ref('user_segments_live') }})
