-- One row a window that has been loaded at all, and how far its line has come.
--
-- A window is whole when its clusters, their identities and its segments were written in this order; while it is being restated
-- it is not, and the marts leave it out rather than join new clusters to old segments. A whole window may still be stale: what
-- one of its tables was made from was loaded again since, in this window or in an earlier one. Which windows are, the platform
-- finds (interest_platform/lake/staleness.py: the rule by which `interest restate` works) and tells the build.
with loads as (
    select
        window_start,
        {% for table in ('raw_texts', 'cleaned_tokens', 'embeddings', 'user_interests', 'cluster_snapshots', 'segment_identities',
            'user_moves', 'drift_metrics', 'planted_events', 'segment_features') -%}
        max(loaded_at) filter (where table_name = '{{ table }}') as {{ table }}_at,
        {% endfor -%}
        max(rows) filter (where table_name = 'raw_texts') as accepted,
        max(rows) filter (where table_name = 'rejected_texts') as rejected,
        max(rows) filter (where table_name = 'embeddings') as distinct_texts
    from {{ source('lake', 'window_loads') }}
    -- a micro-batch writes for a window that is not loaded
    where table_name not in ('provisional_segments', 'provisional_vectors')
    group by window_start
),

in_order as (
    select
        *,
        max(segment_identities_at) over (
            order by window_start rows between unbounded preceding and 1 preceding
        ) as earlier_identities_at
    from loads
)

select
    window_start,
    accepted,
    rejected,
    distinct_texts,
    raw_texts_at,
    segment_features_at,
    coalesce(cluster_snapshots_at <= segment_identities_at and segment_identities_at <= segment_features_at, false) as is_whole,
    coalesce(user_interests_at <= cluster_snapshots_at, false) as has_current_interests,
    coalesce(earlier_identities_at <= segment_identities_at, true) as has_current_past,
    coalesce(segment_identities_at <= user_moves_at, false) as has_current_moves,
    coalesce(segment_identities_at <= drift_metrics_at, false) as has_current_drift,
    coalesce(segment_identities_at <= planted_events_at, false) as has_current_planting,
    window_start in (
        {%- for day in env_var('INTEREST_DBT_STALE_WINDOWS', '').split(',') if day %}
        timestamp '{{ day }}',
        {%- endfor %}
        null
    ) is true as is_stale
from in_order
