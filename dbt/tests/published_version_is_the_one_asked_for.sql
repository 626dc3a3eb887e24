{{ config(meta={'dagster': {'ref': {'name': 'publication'}}}) }}
-- The file shows the version that was asked for.
select lake_version
from {{ ref('publication') }}
where lake_version is distinct from {{ env_var('INTEREST_DBT_LAKE_VERSION', '0') }}
