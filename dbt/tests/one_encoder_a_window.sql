{{ config(meta={'dagster': {'ref': {'name': 'window_quality'}}}) }}
-- depends_on: {{ ref('window_quality') }}
-- The interests of a window come from one encoder: vectors of two can't be compared.
select window_start, count(distinct encoder) as encoders
from {{ source('lake', 'user_interests') }}
group by window_start
having count(distinct encoder) > 1
