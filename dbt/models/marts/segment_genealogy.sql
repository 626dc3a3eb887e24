with parents as (
    select
        window_start,
        event_no,
        unnest(parents) as segment_id,
        unnest(generate_series(1, len(parents))) as place
    from {{ ref('stg_events') }}
),

children as (
    select
        window_start,
        event_no,
        unnest(children) as segment_id,
        unnest(generate_series(1, len(children))) as place
    from {{ ref('stg_events') }}
),

parent_names as (
    select
        parents.window_start,
        parents.event_no,
        list(coalesce(names.last_name, parents.segment_id) order by parents.place) as parent_names
    from parents
    left join {{ ref('stg_last_names') }} as names
        on parents.window_start = names.window_start and parents.segment_id = names.segment_id
    group by parents.window_start, parents.event_no
),

child_names as (
    select
        children.window_start,
        children.event_no,
        list(coalesce(segments.name, children.segment_id) order by children.place) as child_names
    from children
    left join {{ ref('stg_segments') }} as segments
        on children.window_start = segments.window_start and children.segment_id = segments.segment_id
    group by children.window_start, children.event_no
)

select
    events.window_start,
    events.event_no,
    events.kind,
    events.parents,
    coalesce(parent_names.parent_names, cast([] as varchar[])) as parent_names,
    events.children,
    coalesce(child_names.child_names, cast([] as varchar[])) as child_names,
    events.users_moved,
    events.score,
    events.evidence
from {{ ref('stg_events') }} as events
left join parent_names on events.window_start = parent_names.window_start and events.event_no = parent_names.event_no
left join child_names on events.window_start = child_names.window_start and events.event_no = child_names.event_no
order by events.window_start, events.event_no
