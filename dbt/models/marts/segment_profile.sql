with segments as (
    select
        *,
        row_number() over (partition by segment_id order by window_start desc) as age,
        min(window_start) over (partition by segment_id) as first_window,
        max(window_start) over (partition by segment_id) as last_window,
        cast(count(*) over (partition by segment_id) as integer) as windows,
        max(size) over (partition by segment_id) as peak_size,
        arg_max(window_start, (size, -epoch_us(window_start))) over (partition by segment_id) as peak_window
    from {{ ref('stg_segments') }}
)

select
    segments.segment_id,
    segments.name,
    segments.since,
    segments.size,
    segments.share,
    segments.top_terms,
    segments.top_items,
    segments.example_texts,
    segments.medoid_user_key,
    segments.cohesion,
    segments.first_window,
    segments.last_window,
    segments.windows,
    segments.peak_size,
    segments.peak_window,
    segments.last_window = (select max(window_start) from {{ ref('stg_windows') }} where is_whole) as is_current,
    beginnings.event as born_by,
    beginnings.parents,
    case when ends.next_event <> 'survive' then ends.next_event end as ended_by,
    case when ends.next_event <> 'survive' then ends.children end as children,
    segments.mlflow_run_id
from segments
left join {{ ref('stg_lives') }} as beginnings
    on segments.segment_id = beginnings.segment_id and segments.since = beginnings.window_start
left join {{ ref('stg_lives') }} as ends
    on segments.segment_id = ends.segment_id and segments.window_start = ends.window_start
where segments.age = 1
order by segments.last_window desc, segments.size desc, segments.segment_id
