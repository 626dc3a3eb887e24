select
    window_start,
    source,
    reason,
    count(row_ref) as rows
from {{ source('lake', 'rejected_texts') }}
group by window_start, source, reason
order by window_start, source, reason
