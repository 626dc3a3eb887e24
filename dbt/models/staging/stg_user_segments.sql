-- One row a user in a whole window: the segment of the strongest interest, and that interest.
-- Why a user moved is told where the segment changed. Interests that were computed anew since the clustering say nothing about it: they are left null.
select
    users.window_start,
    users.user_key,
    users.segment_id,
    members.cluster_id,
    members.membership,
    interests.n_texts,
    interests.weight,
    interests.windows_present,
    moves.cause as move_cause
from {{ source('lake', 'user_segment_features') }} as users
inner join {{ ref('stg_windows') }} as windows
    on users.window_start = windows.window_start and windows.is_whole
inner join {{ source('lake', 'cluster_members') }} as members
    on users.window_start = members.window_start and users.user_key = members.user_key and members.interest_no = 0
left join {{ source('lake', 'user_interests') }} as interests
    on users.window_start = interests.window_start
    and users.user_key = interests.user_key
    and interests.interest_no = 0
    and windows.has_current_interests
left join {{ source('lake', 'user_moves') }} as moves
    on users.window_start = moves.window_start
    and users.user_key = moves.user_key
    and windows.has_current_moves
