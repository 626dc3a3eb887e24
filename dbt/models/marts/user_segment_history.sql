-- A user in no cluster has the segment and the name `unassigned`.
with named as (
    select
        users.*,
        case users.cluster_id when -1 then users.segment_id else segments.name end as name
    from {{ ref('stg_user_segments') }} as users
    left join {{ ref('stg_segments') }} as segments
        on users.window_start = segments.window_start and users.cluster_id = segments.cluster_id
),

history as (
    select
        users.*,
        lag(users.window_start) over by_user as previous_window,
        lag(users.segment_id) over by_user as previous_segment,
        lag(users.name) over by_user as previous_name,
        coalesce(users.segment_id <> lag(users.segment_id) over by_user, true) as is_another
    from named as users
    window by_user as (partition by users.user_key order by users.window_start)
),

stays as (
    select
        *,
        count(*) filter (where is_another) over (partition by user_key order by window_start) as stay
    from history
)

select
    stays.user_key,
    stays.window_start,
    stays.segment_id,
    stays.name,
    min(stays.window_start) over (partition by stays.user_key, stays.stay) as in_segment_since,
    stays.previous_window,
    stays.previous_segment,
    stays.previous_name,
    case
        when stays.previous_segment is null then 'new'
        when not stays.is_another then 'stayed'
        when descents.child is not null then 'followed'
        else 'moved'
    end as kind,
    stays.previous_segment is not null and stays.is_another and descents.child is null as moved,
    stays.move_cause,
    stays.membership,
    stays.n_texts,
    stays.weight,
    stays.windows_present
from stays
left join {{ ref('stg_descents') }} as descents
    on stays.previous_segment = descents.parent
    and stays.segment_id = descents.child
    and stays.previous_window < descents.window_start
    and stays.window_start >= descents.window_start
order by stays.user_key, stays.window_start
