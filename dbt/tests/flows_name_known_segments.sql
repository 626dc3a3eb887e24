{{ config(meta={'dagster': {'ref': {'name': 'segment_flows'}}}) }}
-- Users come from a segment of a window before, and go to one of this window, or are in none (`unassigned`). Windows that were identified before an earlier
-- one may come from ids that are no longer: window_quality calls them stale.
select flows.*
from {{ ref('segment_flows') }} as flows
inner join {{ ref('stg_windows') }} as windows using (window_start)
where (flows.to_segment <> 'unassigned' and flows.to_name is null)
    or (windows.has_current_past and flows.from_segment <> 'unassigned' and flows.from_name is null)
