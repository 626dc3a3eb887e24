{% test never_null(model, columns) %}
-- no row lacks a value in any of the columns; one pass over the table, whatever the number of columns
select *
from (
    select
        {% for column in columns -%}
        count(*) - count({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ model }}
)
where {% for column in columns %}{{ column }} > 0{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
