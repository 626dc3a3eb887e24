-- What the lists of a segment's users have in front most often: a place counts as NDCG discounts it.
with weighed as (
    select window_start, segment_id, item_id, strategy, count(*) as users, sum(1 / log2(rank + 1)) as weight
    from {{ source('lake', 'recommendations') }}
    where
        segment_id is not null
        and strategy = (select published.strategy from {{ ref('stg_published_strategy') }} as published)
    group by window_start, segment_id, item_id, strategy
),

placed as (
    select
        *,
        row_number() over (partition by window_start, segment_id order by round(weight, 9) desc, item_id) as place
    from weighed
)

select
    window_start,
    segment_id,
    cast(place as integer) as rank,
    item_id,
    cast(users as bigint) as users,
    weight,
    strategy
from placed
where place <= 10
order by window_start, segment_id, rank
