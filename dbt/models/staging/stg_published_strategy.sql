-- The strategy whose lists are shown: of those that passed the gate in the newest judged window the one with the highest
-- NDCG, else recently-popular, which needs no proof.
with newest as (
    select *
    from {{ source('lake', 'recommendation_metrics') }}
    where segment_id is null
    qualify window_start = max(window_start) over ()
),

passed as (
    select gates.strategy
    from newest as gates
    inner join newest as means on gates.strategy = means.strategy and means.metric = 'ndcg'
    where gates.metric = 'gate' and gates.value = 1
    order by means.value desc, gates.strategy
    limit 1
)

select coalesce((select strategy from passed), 'recently-popular') as strategy
