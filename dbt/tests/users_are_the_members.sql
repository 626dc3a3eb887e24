{{ config(meta={'dagster': {'ref': {'name': 'user_segment_history'}}}) }}
-- Every user of a whole window is in the history once, in the segment that the user's strongest interest was clustered into.
with members as (
    select
        members.window_start,
        members.user_key,
        case members.cluster_id when -1 then 'unassigned' else segments.segment_id end as segment_id
    from {{ source('lake', 'cluster_members') }} as members
    inner join {{ ref('stg_windows') }} as windows using (window_start)
    left join {{ ref('segments_over_time') }} as segments using (window_start, cluster_id)
    where windows.is_whole and members.interest_no = 0
)

select *
from members
full join {{ ref('user_segment_history') }} as history using (window_start, user_key)
where history.segment_id is distinct from members.segment_id
