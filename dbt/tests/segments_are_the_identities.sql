{{ config(meta={'dagster': {'ref': {'name': 'segments_over_time'}}}) }}
-- In every whole window each cluster has the segment and the name of its identity.
with identities as (
    select identities.window_start, identities.cluster_id, identities.segment_id, identities.name
    from {{ source('lake', 'segment_identities') }} as identities
    inner join {{ ref('stg_windows') }} as windows using (window_start)
    where windows.is_whole
)

select *
from identities
full join {{ ref('segments_over_time') }} as segments using (window_start, cluster_id)
where segments.segment_id is distinct from identities.segment_id or segments.name is distinct from identities.name
