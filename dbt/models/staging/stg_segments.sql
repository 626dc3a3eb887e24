-- One row a segment in a whole window: its features beside its identity and the facts of the cluster that it is there.
select
    segments.*,
    identities.since,
    identities.confidence,
    identities.evidence,
    clusters.medoid_user_key,
    clusters.example_texts,
    clusters.cohesion,
    clusters.method,
    clusters.k,
    clusters.k_method,
    clusters.silhouette,
    clusters.mlflow_run_id,
    clusters.lake_version
from {{ source('lake', 'segment_features') }} as segments
inner join {{ ref('stg_windows') }} as windows
    on segments.window_start = windows.window_start and windows.is_whole
inner join {{ source('lake', 'cluster_snapshots') }} as clusters
    on segments.window_start = clusters.window_start and segments.cluster_id = clusters.cluster_id
left join {{ source('lake', 'segment_identities') }} as identities
    on segments.window_start = identities.window_start and segments.cluster_id = identities.cluster_id
