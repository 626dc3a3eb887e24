-- A cell of the comparison over all windows that it was measured on.
--
-- Means are rounded to nine digits: what differs in the last bits alone is equal, and has the same rank.
select
    encoder,
    encoder_name,
    method,
    k_rule,
    count(*) as windows,
    min(window_start) as first_window,
    max(window_start) as last_window,
    {% for measure in ('k', 'ami', 'ari', 'stability', 'held_out', 'npmi', 'diversity', 'silhouette', 'unassigned_share') -%}
    round(avg({{ measure }}), 9) as {{ measure }},
    {% endfor -%}
    sum(seconds) as seconds,
    max(peak_memory_mib) as peak_memory_mib,
    avg(texts_per_second) as texts_per_second,
    max_by(mlflow_run_id, window_start) as mlflow_run_id,
    count(*) = max(count(*)) over () as is_complete
from {{ source('lake', 'comparison_leaderboard') }}
group by encoder, encoder_name, method, k_rule
