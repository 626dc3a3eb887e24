{% test within(model, column_name, low=none, high=none) %}
-- every value that is not null lies in [low, high]; a bound that is left out does not bind
select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null
    and not ({{ column_name }} >= {{ low if low is not none else "'-inf'::double" }} and {{ column_name }} <= {{ high if high is not none else "'inf'::double" }})
{% endtest %}
