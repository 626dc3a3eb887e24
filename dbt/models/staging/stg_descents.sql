-- One row a segment and one that it became part of by splitting or merging, and the window into which it first did.
with parents as (
    select window_start, unnest(parents) as parent, children
    from {{ ref('stg_events') }}
    where kind in ('split', 'merge')
),

pairs as (
    select window_start, parent, unnest(children) as child
    from parents
)

select parent, child, min(window_start) as window_start
from pairs
group by parent, child
