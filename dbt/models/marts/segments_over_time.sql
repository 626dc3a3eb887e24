select
    window_start,
    segment_id,
    cluster_id,
    name,
    size,
    share,
    growth,
    activity,
    recency,
    retention,
    rating_mean,
    cohesion,
    silhouette,
    k,
    k_method,
    method,
    mlflow_run_id,
    lake_version
from {{ ref('stg_segments') }}
order by window_start, cluster_id
