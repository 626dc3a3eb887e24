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
    segment_id,
    name,
    size,
    share,
    top_terms,
    top_items,
    example_texts,
    medoid_user_key,
    cohesion,
    first_window,
    last_window,
    windows,
    peak_size,
    peak_window,
    last_window = (select max(window_start) from {{ ref('stg_windows') }} where is_whole) as is_current,
    mlflow_run_id
from segments
where age = 1
order by last_window desc, size desc, segment_id
