{{ config(meta={'dagster': {'ref': {'name': 'segment_flows'}}}) }}
-- In every whole window: the users that flow into a segment are its members, by the weights of their interests; and those
-- that flow into none (`unassigned`) are the members of no cluster. Windows whose
-- interests were computed anew since the clustering are left out: their weights are not those that were counted.
with members as (
    select
        members.window_start,
        case members.cluster_id when -1 then 'unassigned' else identities.segment_id end as segment_id,
        sum(interests.weight) as users
    from {{ source('lake', 'cluster_members') }} as members
    inner join {{ source('lake', 'user_interests') }} as interests using (window_start, user_key, interest_no)
    left join {{ source('lake', 'segment_identities') }} as identities using (window_start, cluster_id)
    group by all
),

flows as (
    select window_start, to_segment as segment_id, sum(users) as users
    from {{ ref('segment_flows') }}
    where to_segment is not null
    group by window_start, to_segment
)

select *
from members
full join flows using (window_start, segment_id)
inner join {{ ref('stg_windows') }} as windows using (window_start)
where windows.is_whole
    and windows.has_current_interests
    and not coalesce(abs(members.users - flows.users) <= 1e-6 * members.users, false)
