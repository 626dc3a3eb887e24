{{ config(meta={'dagster': {'ref': {'name': 'window_quality'}}}) }}
-- depends_on: {{ ref('window_quality') }}
-- The rows of every table and window are those that its load says it wrote: no file of the lake is lost or doubled.
with counted as (
    {% for table in ('raw_texts', 'rejected_texts', 'cleaned_tokens', 'embeddings', 'encoder_migrations', 'encoder_overlaps', 'user_interests', 'cluster_snapshots',
        'cluster_members', 'k_curves', 'carried_segments', 'cluster_trees', 'segment_identities', 'segment_events', 'segment_terms', 'segment_migrations', 'segment_renames', 'user_moves',
        'drift_metrics', 'planted_events', 'segment_features', 'user_segment_features',
        'item_vectors', 'recommendations', 'recommendation_filters', 'recommendation_outcomes', 'recommendation_metrics',
        'comparison_vectors', 'comparison_leaderboard',
        'provisional_segments', 'provisional_vectors', 'provisional_differences') -%}
    select '{{ table }}' as table_name, window_start, count(*) as rows_found
    from {{ source('lake', table) }}
    group by window_start
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select *
from counted
full join {{ source('lake', 'window_loads') }} as loads using (table_name, window_start)
where coalesce(counted.rows_found, 0) is distinct from loads.rows
