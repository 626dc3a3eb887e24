select
    window_start,
    segment_id,
    cast(unnest(generate_series(1, len(top_terms))) as integer) as rank,
    unnest(top_terms) as term
from {{ ref('stg_segments') }}
order by window_start, segment_id, rank
