select
    flows.window_start,
    flows.from_segment,
    before.last_name as from_name,
    flows.to_segment,
    after.name as to_name,
    case
        when flows.from_segment is null then 'new'
        when flows.to_segment is null then 'gone'
        when flows.from_segment = flows.to_segment then 'stayed'
        when descents.child is not null then 'followed'
        else 'moved'
    end as kind,
    flows.users,
    flows.users / sum(flows.users) over (partition by flows.window_start, flows.from_segment) as share_of_from,
    flows.users / sum(flows.users) over (partition by flows.window_start, flows.to_segment) as share_of_to
from {{ ref('stg_flows') }} as flows
left join {{ ref('stg_last_names') }} as before
    on flows.window_start = before.window_start and flows.from_segment = before.segment_id
left join {{ ref('stg_segments') }} as after
    on flows.window_start = after.window_start and flows.to_segment = after.segment_id
left join {{ ref('stg_descents') }} as descents
    on flows.window_start = descents.window_start
    and flows.from_segment = descents.parent
    and flows.to_segment = descents.child
order by flows.window_start, flows.from_segment, flows.to_segment
