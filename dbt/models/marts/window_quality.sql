with users as (
    select window_start, count(distinct user_key) as users
    from {{ source('lake', 'raw_texts') }}
    group by window_start
),

interests as (
    select window_start, count(user_key) as interests, min(encoder) as encoder
    from {{ source('lake', 'user_interests') }}
    group by window_start
),

segments as (
    select
        window_start,
        count(segment_id) as clusters,
        max(share) as largest_share,
        min(silhouette) as silhouette
    from {{ ref('stg_segments') }}
    group by window_start
),

drift as (
    select window_start, count(*) filter (where alarm) as drift_alarms
    from {{ ref('stg_drift') }}
    group by window_start
),

planted as (
    select
        planted.window_start,
        cast(sum(planted.planted) as bigint) as planted_events,
        sum(planted.noticed) / nullif(sum(planted.planted), 0) as planted_recall,
        sum(planted.noticed) / nullif(sum(planted.noticed) + sum(planted.false_events), 0) as planted_precision,
        min(planted.smallest_noticed) as smallest_noticed
    from {{ source('lake', 'planted_events') }} as planted
    inner join {{ ref('stg_windows') }} as windows
        on planted.window_start = windows.window_start and windows.has_current_planting
    where planted.kind = 'all'
    group by planted.window_start
)

select
    windows.window_start,
    windows.is_whole,
    windows.is_stale,
    windows.accepted,
    windows.rejected,
    windows.rejected / nullif(windows.accepted + windows.rejected, 0) as share_rejected,
    coalesce(users.users, 0) as users,
    windows.distinct_texts,
    coalesce(interests.interests, 0) as interests,
    cast(case when windows.is_whole then coalesce(segments.clusters, 0) end as integer) as clusters,
    segments.largest_share,
    segments.silhouette,
    drift.drift_alarms,
    planted.planted_events,
    planted.planted_recall,
    planted.planted_precision,
    planted.smallest_noticed,
    interests.encoder,
    windows.raw_texts_at as read_at,
    windows.segment_features_at as segmented_at
from {{ ref('stg_windows') }} as windows
left join users on windows.window_start = users.window_start
left join interests on windows.window_start = interests.window_start
left join segments on windows.window_start = segments.window_start
left join drift on windows.window_start = drift.window_start
left join planted on windows.window_start = planted.window_start
order by windows.window_start
