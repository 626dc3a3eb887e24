-- One row a segment in a whole window: the event that brought it there, and the first event after that which took it further.
with brought as (
    select
        window_start,
        unnest(children) as segment_id,
        kind,
        score,
        parents
    from {{ ref('stg_events') }}
),

took as (
    select
        window_start,
        event_no,
        unnest(parents) as segment_id,
        kind,
        children
    from {{ ref('stg_events') }}
),

after as (
    select
        segments.window_start,
        segments.segment_id,
        arg_min(took.kind, (took.window_start, took.event_no)) as next_event,
        arg_min(took.children, (took.window_start, took.event_no)) as children
    from {{ ref('stg_segments') }} as segments
    inner join took on segments.segment_id = took.segment_id and segments.window_start < took.window_start
    group by segments.window_start, segments.segment_id
)

select
    segments.window_start,
    segments.segment_id,
    brought.kind as event,
    brought.score as event_score,
    brought.parents,
    after.next_event,
    after.children
from {{ ref('stg_segments') }} as segments
left join brought on segments.window_start = brought.window_start and segments.segment_id = brought.segment_id
left join after on segments.window_start = after.window_start and segments.segment_id = after.segment_id
