-- One row a window that has been loaded at all, and how far its line has come.
--
-- A window is whole when its segments were written after its clusters; while it is being restated it is not, and the marts
-- leave it out rather than join new clusters to old segments. A whole window may still be stale: a table of it was
-- loaded again after one that is made from it, so that its segments don't show the newest rows yet.
with loads as (
    select
        window_start,
        {% for table in ('raw_texts', 'cleaned_tokens', 'embeddings', 'user_interests', 'cluster_snapshots', 'segment_features') -%}
        max(loaded_at) filter (where table_name = '{{ table }}') as {{ table }}_at,
        {% endfor -%}
        max(rows) filter (where table_name = 'raw_texts') as accepted,
        max(rows) filter (where table_name = 'rejected_texts') as rejected,
        max(rows) filter (where table_name = 'embeddings') as distinct_texts
    from {{ source('lake', 'window_loads') }}
    group by window_start
)

select
    window_start,
    accepted,
    rejected,
    distinct_texts,
    raw_texts_at,
    segment_features_at,
    coalesce(cluster_snapshots_at <= segment_features_at, false) as is_whole,
    coalesce(user_interests_at <= cluster_snapshots_at, false) as has_current_interests,
    coalesce(raw_texts_at > cleaned_tokens_at, false)
    or coalesce(cleaned_tokens_at > embeddings_at, false)
    or coalesce(embeddings_at > user_interests_at, false)
    or coalesce(user_interests_at > cluster_snapshots_at, false)
    or coalesce(cluster_snapshots_at > segment_features_at, false) as is_stale
from loads
