-- The names are those of the base window; one that was loaded again since, with other ids, has none for the segments told.
select
    users.user_key,
    users.window_start,
    users.as_of,
    users.segment_id,
    names.name,
    users.previous_segment_id as published_segment,
    case users.previous_segment_id when 'unassigned' then 'unassigned' else published.name end as published_name,
    users.base_window_start as published_window,
    case
        when users.previous_segment_id is null then 'new'
        when users.previous_segment_id = users.segment_id then 'stayed'
        else 'moved'
    end as kind,
    users.membership,
    users.cosine,
    users.n_new_texts
from {{ ref('stg_live_users') }} as users
left join {{ source('lake', 'segment_identities') }} as names
    on users.base_window_start = names.window_start and users.segment_id = names.segment_id
left join {{ source('lake', 'segment_identities') }} as published
    on users.base_window_start = published.window_start and users.previous_segment_id = published.segment_id
order by users.user_key
