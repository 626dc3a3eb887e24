select
    users.user_key,
    users.window_start,
    users.segment_id,
    segments.name,
    users.membership,
    users.n_texts,
    users.weight,
    users.windows_present
from {{ ref('stg_user_segments') }} as users
left join {{ ref('stg_segments') }} as segments
    on users.window_start = segments.window_start and users.cluster_id = segments.cluster_id
order by users.user_key, users.window_start
