{{ config(meta={'dagster': {'ref': {'name': 'segments_over_time'}}}) }}
-- In every whole window: segments = clusters = k, member for member. What counts is each cluster's own members.
with members as (
    select window_start, cluster_id, count(*) as size
    from {{ source('lake', 'cluster_members') }}
    where cluster_id <> -1
    group by window_start, cluster_id
),

clusters as (
    select
        clusters.window_start,
        clusters.cluster_id,
        clusters.size as cluster_size,
        members.size as member_rows,
        count(*) over (partition by window_start) as clusters_of_window
    from {{ source('lake', 'cluster_snapshots') }} as clusters
    full join members using (window_start, cluster_id)
    inner join {{ ref('stg_windows') }} as windows using (window_start)
    where windows.is_whole
)

select *
from clusters
full join {{ ref('segments_over_time') }} as segments using (window_start, cluster_id)
where segments.size is distinct from clusters.cluster_size
    or segments.size is distinct from clusters.member_rows
    or segments.k is distinct from clusters.clusters_of_window
