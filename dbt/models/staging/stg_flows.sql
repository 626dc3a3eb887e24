-- One row a flow of users into a whole window.
select flows.*
from {{ source('lake', 'segment_migrations') }} as flows
inner join {{ ref('stg_windows') }} as windows
    on flows.window_start = windows.window_start and windows.is_whole
