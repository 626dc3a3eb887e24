-- One row a transition into a whole window.
select events.*
from {{ source('lake', 'segment_events') }} as events
inner join {{ ref('stg_windows') }} as windows
    on events.window_start = windows.window_start and windows.is_whole
