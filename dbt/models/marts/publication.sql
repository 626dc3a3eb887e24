-- the version is told by the lake as it is attached here, not by whoever asked for it
select
    (select cast(attached.id as bigint) from lake.current_snapshot() as attached) as lake_version,
    timestamp '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as published_at,
    min(window_start) filter (where is_whole) as first_window,
    max(window_start) filter (where is_whole) as last_window,
    cast(count(*) filter (where is_whole) as integer) as windows,
    cast(count(*) filter (where not is_whole) as integer) as windows_left_out
from {{ ref('stg_windows') }}
