-- One row a measure of change into a whole window, with the alarm as the line judged it (docs/drift.md): more than chance, more
-- than is usual for that measure, and lasting or great.
select drift.* replace (coalesce(drift.alarm, false) as alarm)
from {{ source('lake', 'drift_metrics') }} as drift
inner join {{ ref('stg_windows') }} as windows
    on drift.window_start = windows.window_start and windows.is_whole and windows.has_current_drift
