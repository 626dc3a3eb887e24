-- One row a user who wrote since the newest window with segments, where the last micro-batch placed the strongest interest. None
-- once that window is loaded: what was provisional in it is history then.
select *
from {{ source('lake', 'provisional_segments') }}
where interest_no = 0
    and window_start > coalesce(
        (select max(window_start) from {{ source('lake', 'window_loads') }} where table_name = 'segment_identities'),
        timestamp '0001-01-01'
    )
qualify window_start = max(window_start) over ()
