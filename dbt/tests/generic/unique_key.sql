{% test unique_key(model, columns) %}
-- the columns together name one row
select {{ columns | join(', ') }}, count(*) as rows_of_key
from {{ model }}
group by all
having count(*) > 1
{% endtest %}
