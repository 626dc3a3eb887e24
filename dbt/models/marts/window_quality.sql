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
    interests.encoder,
    windows.raw_texts_at as read_at,
    windows.segment_features_at as segmented_at
from {{ ref('stg_windows') }} as windows
left join users on windows.window_start = users.window_start
left join interests on windows.window_start = interests.window_start
left join segments on windows.window_start = segments.window_start
order by windows.window_start
