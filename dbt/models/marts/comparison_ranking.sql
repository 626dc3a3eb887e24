-- The rule is that of interest_platform/comparison/ranking.py, which `interest compare` prints by; a test compares them.
with placed as (
    select
        *,
        max(ami) filter (where is_complete) over () is not null as is_labelled,
        {% for measure in ('ami', 'stability', 'held_out', 'npmi') -%}
        rank() over (partition by is_complete order by {{ measure }} desc nulls last) as by_{{ measure }},
        {% endfor %}
    from {{ ref('stg_comparisons') }}
),

scored as (
    select *, case when is_labelled then by_ami else by_stability + by_held_out + by_npmi end as places
    from placed
)

select
    case when is_complete then rank() over (partition by is_complete order by places) end as rank,
    case when is_labelled then 'ami' else 'stability, held_out, npmi' end as ranked_by,
    encoder,
    encoder_name,
    method,
    k_rule,
    windows,
    first_window,
    last_window,
    k,
    ami,
    ari,
    stability,
    held_out,
    npmi,
    diversity,
    silhouette,
    unassigned_share,
    cast(seconds as double) as seconds,
    peak_memory_mib,
    texts_per_second,
    mlflow_run_id
from scored
order by rank nulls last, encoder_name, method, k_rule, encoder
