-- One row a measure of change into a whole window. An alarm needs both: chance alone would rarely give as much (q_value), and
-- it is large enough to matter (effect). The bounds are those of interest.yaml, section drift, when the file is built.
select
    drift.*,
    coalesce(
        drift.q_value <= {{ env_var('INTEREST_DBT_DRIFT_ALPHA', '0.05') }}
        and drift.effect >= {{ env_var('INTEREST_DBT_DRIFT_MIN_EFFECT', '0.05') }},
        false
    ) as alarm
from {{ source('lake', 'drift_metrics') }} as drift
inner join {{ ref('stg_windows') }} as windows
    on drift.window_start = windows.window_start and windows.is_whole and windows.has_current_drift
