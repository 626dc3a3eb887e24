-- One row a segment and a whole window after one that has it: what it was called when it was last seen before the window.
-- The names of all windows count, of those being restated too: the later windows still go on from them.
select
    windows.window_start,
    names.segment_id,
    arg_max(names.name, names.window_start) as last_name
from {{ ref('stg_windows') }} as windows
inner join {{ source('lake', 'segment_identities') }} as names
    on windows.window_start > names.window_start and windows.is_whole
group by windows.window_start, names.segment_id
